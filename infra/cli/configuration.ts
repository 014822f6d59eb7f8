import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { ConfigurationConflict, goLive } from '../../shared/adapters/dynamodb-configuration-history.ts';
import {
  type ConfigurationTable,
  type CurrentConfiguration,
  readCurrent,
} from '../../shared/adapters/dynamodb-configuration-table.ts';
import { canonicalJson } from '../../shared/core/configuration/canonical-json.ts';
import { type EnvironmentState, SourceState } from '../../shared/core/configuration/schema.ts';

/* What people and tools do to an environment's state. What they do to its content: shared/configuration. */

export { pushAndCommit } from '../../shared/configuration/commit.ts';

export type StateChange = {
  author: string;
  /** A function is given the state before and after, for messages that say what changed. */
  message: string | ((before: EnvironmentState, after: EnvironmentState) => string);
  nowMs: number;
};

/**
 * Changes per-environment state, at once and with a record of who did it. `change` gets a copy and returns the new state;
 * it is called again on the newer state when somebody else was faster, so a switch is never lost to another.
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

/** Switches one mapping of one source on or off in this environment. Both must exist; the caller checks. */
export function setMappingActive(
  state: EnvironmentState,
  source: string,
  mapping: string,
  active: boolean,
): EnvironmentState {
  const before = state.sources[source] ?? SourceState.parse({});
  const others = before.inactive_mappings.filter((id) => id !== mapping);
  const inactive_mappings = active ? others : [...others, mapping].sort();
  return { ...state, sources: { ...state.sources, [source]: { ...before, inactive_mappings } } };
}

/** Who is at the keyboard, as git knows them; the account's name where there is no git. */
export function currentAuthor(): string {
  try {
    const [name, email] = ['user.name', 'user.email'].map((field) =>
      execFileSync('git', ['config', field], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(),
    );
    if (name) return email ? `${name} <${email}>` : name;
  } catch {
    // No git here, or no name in it.
  }
  return userInfo().username;
}
