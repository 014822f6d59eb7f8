import { ConfigurationConflict, goLive } from '../../adapters/dynamodb-configuration-history.ts';
import {
  type ConfigurationTable,
  type CurrentConfiguration,
  readCurrent,
} from '../../adapters/dynamodb-configuration-table.ts';
import { type EnvironmentState, SourceState } from '../../core/configuration/schema.ts';
import { canonicalJson } from '../../core/json/canonical-json.ts';

export type StateChange = {
  author: string;
  /** The function gets the state before and after, for messages that say what changed. */
  message: string | ((before: EnvironmentState, after: EnvironmentState) => string);
  nowMs: number;
};

/**
 * Changes per-environment state at once and records the author. `change` gets a copy and returns
 * the new state. If another change was faster, it is called again with the newer state, so both
 * changes are kept.
 */
export async function changeState(
  table: ConfigurationTable,
  change: (state: EnvironmentState) => EnvironmentState,
  { author, message, nowMs }: StateChange,
): Promise<CurrentConfiguration> {
  for (let attempt = 1; ; attempt++) {
    const seen = await readCurrent(table);
    const state = change(structuredClone(seen.state));
    if (canonicalJson(state) === canonicalJson(seen.state)) return seen;
    try {
      const text = typeof message === 'string' ? message : message(seen.state, state);
      return await goLive(table, seen, { kind: 'state', author, message: text, createdAtMs: nowMs, state });
    } catch (error) {
      if (!(error instanceof ConfigurationConflict) || attempt === 5) throw error;
    }
  }
}

export function stateOf({ sources }: EnvironmentState, source: string): SourceState {
  return Object.hasOwn(sources, source) ? (sources[source] as SourceState) : SourceState.parse({});
}

/**
 * Switches one mapping of one source on or off in this environment. Both must exist; the caller
 * checks.
 */
export function setMappingActive(
  state: EnvironmentState,
  source: string,
  mapping: string,
  active: boolean,
): EnvironmentState {
  const before = stateOf(state, source);
  const others = before.inactive_mappings.filter((id) => id !== mapping);
  const inactive_mappings = active ? others : [...others, mapping].sort();
  return { ...state, sources: { ...state.sources, [source]: { ...before, inactive_mappings } } };
}
