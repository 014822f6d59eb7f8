import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { type SourceFile, SourceSettings } from '../../core/configuration/schema.ts';
import { type EffectiveSettings, effectiveSettings } from '../../core/live/effective-settings.ts';
import { sourceState } from '../../core/live/source-state.ts';
import { sourceKind } from '../../core/sources/index.ts';
import type { Environment } from '../environment.ts';
import { unknownSource } from './change.ts';
import { unknownName } from './unknown-name.ts';

/** What a source's file says besides its mappings: it changes with a commit, and is promoted. */
export type FileSettings = Omit<SourceFile, 'mappings' | 'kind' | 'name'>;

export type SettingsRow = {
  /** What is set here; an absent one is the default. */
  set: SourceSettings;
  /** With all defaults filled in. */
  effective: EffectiveSettings;
  /** What holds where nothing is set. */
  defaults: EffectiveSettings & {
    /** Where the idempotency key is; several paths are tried in order. Null: the vendor sends none. */
    keyPath: string | null;
    retentionDays: number;
    logShards: number;
  };
  file: FileSettings;
};

/**
 * The settings of one source in an environment, and what its live file says.
 * @throws Refusal (not_found) for a source that is not live
 */
export async function readSourceSettings(environment: Environment, source: string): Promise<SettingsRow> {
  const live = await readLive(environment.configuration);
  const unknown = unknownSource(live, source);
  if (unknown !== undefined) throw unknownName(unknown, environment.name);
  const content = live.snapshot.sources[source] as SourceFile;
  const kind = sourceKind(content.kind);
  const set = SourceSettings.strip().parse(sourceState(live, source));
  const { mappings: _mappings, kind: _kind, name: _name, ...file } = content;
  return {
    set,
    effective: effectiveSettings(kind, content, set),
    defaults: {
      ...effectiveSettings(kind, content, SourceSettings.parse({})),
      keyPath: content.idempotency_key_path ?? (kind?.idempotencyKeyPaths.map(({ text }) => text).join(', ') || null),
      retentionDays: environment.outputs.LogRetentionDays,
      logShards: environment.outputs.LogShards,
    },
    file,
  };
}
