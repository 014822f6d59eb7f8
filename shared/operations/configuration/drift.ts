import { type FieldChange, fieldChanges } from '../../core/configuration/field-changes.ts';
import {
  type EnvironmentFile,
  type EnvironmentState,
  type Snapshot,
  SourceSettings,
} from '../../core/configuration/schema.ts';
import { own } from '../../core/json/values.ts';

/** From what the file says to what runs. URL generations are in no file. */
export function driftOf(file: EnvironmentFile, state: EnvironmentState, committed: Snapshot): FieldChange[] {
  const keys = Object.keys(committed.sources).filter((key) => Object.hasOwn(state.sources, key));
  const inFile = keys.map((key) => [key, own(file.sources, key) ?? SourceSettings.parse({})]);
  const running = keys.map((key) => {
    const { url: _url, ...settings } = state.sources[key] as EnvironmentState['sources'][string];
    return [key, settings];
  });
  return fieldChanges(
    { sources: Object.fromEntries(inFile), inactive_workflows: [...file.inactive_workflows].sort() },
    { sources: Object.fromEntries(running), inactive_workflows: [...state.inactive_workflows].sort() },
  );
}
