import { ZodError } from 'zod';
import { readLive } from '../../adapters/dynamodb-configuration.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import { type SourceFile, SourceState } from '../../core/configuration/schema.ts';
import { verifierOf } from '../../core/live/effective-settings.ts';
import { sourceKind } from '../../core/sources/index.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import {
  type Asked,
  type Changed,
  change,
  ofSource,
  stateOf,
  type Unknown,
  unknownSource,
  withSource,
} from './change.ts';
import { changesText } from './field-changes.ts';

/**
 * Only named settings change. `null` restores the default: the source's, its kind's or the
 * environment's.
 */
export type SettingsChange = {
  enabled?: boolean | undefined;
  identify?: boolean | null | undefined;
  enforce?: boolean | 'once_set' | null | undefined;
  partial?: 'accept' | 'refuse' | undefined;
  destructive?: 'verified' | 'any' | undefined;
  idempotency?: boolean | null | undefined;
  keyPath?: string | null | undefined;
  windowHours?: number | null | undefined;
  retentionDays?: number | null | undefined;
  logShards?: number | null | undefined;
};

/** The value is not allowed; the state is unchanged. */
export type InvalidSetting = { kind: 'invalid'; field: string; problem: string };

export async function setSettings(
  table: ConfigurationTable,
  { source, settings, ...asked }: Asked & { source: string; settings: SettingsChange },
): Promise<Changed | Unknown | InvalidSetting> {
  const live = await readLive(table);
  const unknown = unknownSource(live, source);
  if (unknown) return unknown;
  const unprovable = settings.enforce ? unprovableBecause(live, source) : undefined;
  if (unprovable !== undefined) return { kind: 'invalid', field: 'verification.enforced', problem: unprovable };
  try {
    return await change(
      table,
      asked,
      (changes) => `set ${source}: ${changesText(ofSource(changes, source))}`,
      (before) => withSource(before, source, SourceState.parse(withSettings(stateOf(before, source), settings))),
    );
  } catch (error) {
    const [issue] = error instanceof ZodError ? error.issues : [];
    if (issue === undefined) throw error;
    return { kind: 'invalid', field: issue.path.join('.'), problem: issue.message };
  }
}

/** Why every request of a source would fail an enforced check; undefined when some can pass. */
function unprovableBecause({ snapshot }: LiveConfiguration, source: string): string | undefined {
  const file = snapshot.sources[source] as SourceFile;
  const { credentialHeaders, instruction } = verifierOf(sourceKind(file.kind), file);
  if (credentialHeaders.length > 0) return undefined;
  return `cannot be on: ${instruction}, so every request would be refused; declare \`verification\` in the source's file first`;
}

function withSettings(before: SourceState, settings: SettingsChange): Record<string, unknown> {
  const {
    enabled,
    identify,
    enforce,
    partial,
    destructive,
    idempotency,
    keyPath,
    windowHours,
    retentionDays,
    logShards,
  } = settings;
  return {
    ...before,
    ...given({ enabled, identify, log_shards: logShards, retention_days: retentionDays }),
    verification: { ...before.verification, ...given({ enforced: enforce, partial, destructive }) },
    idempotency: {
      ...before.idempotency,
      ...given({ enabled: idempotency, path: keyPath, window_hours: windowHours }),
    },
  };
}

/** The named settings; `null` becomes absent, since the state leaves out defaults. */
function given(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value === null ? undefined : value]],
    ),
  );
}
