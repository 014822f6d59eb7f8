import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import { type EnvironmentState, SourceState } from '../../core/configuration/schema.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import { changeState } from './change-state.ts';

export { stateOf } from './change-state.ts';

import { type FieldChange, fieldChanges } from './field-changes.ts';

/*
 * Operations on an environment's state. Each takes a typed request and returns a typed result; an
 * expected refusal is a value, not an exception.
 */

/** Author, time and reason of a change. The record shows the reason before the changed fields. */
export type Asked = { author: string; nowMs: number; message?: string | undefined };

/** In force within 30 s. `unchanged`: the state was already so, and no version was made. */
export type Changed = {
  kind: 'changed' | 'unchanged';
  version: number;
  state: EnvironmentState;
  changes: FieldChange[];
};

/** The live configuration does not have the named thing; `known` lists what it has. */
export type Unknown = { kind: 'unknown'; what: 'source' | 'mapping' | 'workflow'; name: string; known: string[] };

/**
 * @param describe makes the record's text from the changed fields
 * @throws ConfigurationConflict when other changes are faster each time
 */
export async function change(
  table: ConfigurationTable,
  { author, nowMs, message }: Asked,
  describe: (changes: FieldChange[]) => string,
  next: (before: EnvironmentState) => EnvironmentState,
): Promise<Changed> {
  let changes: FieldChange[] = [];
  const attempt = (before: EnvironmentState) => {
    // Another operator may have made the same change first.
    changes = [];
    return next(before);
  };
  const text = (before: EnvironmentState, after: EnvironmentState) => {
    changes = fieldChanges(before, after);
    const done = describe(changes);
    return message === undefined ? done : `${message} (${done})`;
  };
  const { version, state } = await changeState(table, attempt, { author, nowMs, message: text });
  return { kind: changes.length > 0 ? 'changed' : 'unchanged', version, state, changes };
}

export function withSource(state: EnvironmentState, source: string, changed: SourceState): EnvironmentState {
  return { ...state, sources: { ...state.sources, [source]: changed } };
}

/**
 * Changes with the names of their fields inside the source: `sources.stripe.enabled` is `enabled`.
 */
export function ofSource(changes: FieldChange[], source: string): FieldChange[] {
  const prefix = `sources.${source}.`;
  return changes.flatMap(({ field, ...values }) =>
    field.startsWith(prefix)
      ? [{ field: field.slice(prefix.length), ...values }]
      : // The first change of a source that had no state of its own yet.
        fieldChanges(SourceState.parse({}), values.after),
  );
}

export function unknownSource({ snapshot }: LiveConfiguration, source: string): Unknown | undefined {
  if (Object.hasOwn(snapshot.sources, source)) return undefined;
  return { kind: 'unknown', what: 'source', name: source, known: Object.keys(snapshot.sources).sort() };
}
