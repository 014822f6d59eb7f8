import { SourceFile, type SourceState } from '../../core/configuration/schema.ts';
import { mappingsOf } from '../../core/configuration/triggers.ts';
import { own } from '../../core/json/values.ts';
import { type EffectiveSettings, effectiveSettings } from '../../core/live/effective-settings.ts';
import { sourceState } from '../../core/live/source-state.ts';
import { sourceKind } from '../../core/sources/index.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, listEvents } from '../events/events.ts';
import { type SecretState, secretState } from '../secrets/secret-store.ts';
import { iso, isoOrNull } from '../words/iso.ts';
import { ingestUrls, secretsOf } from './ingest-urls.ts';
import type { KnownSource, SourceDirectory } from './known-sources.ts';
import { previousUrl } from './rotate-url.ts';
import type { SourceRow } from './source-row.ts';

// A removed source still has rows, and settings that are not used.
const removedFile = SourceFile.parse({ kind: '-', name: '-' });

/** A secret that is scheduled for deletion is one: nothing unproven is accepted until it is restored or gone. */
function verificationOf(
  enforcement: EffectiveSettings['enforcement'],
  { values, deletedOnMs }: SecretState,
): SourceRow['verification'] {
  const exists = values > 0 || deletedOnMs !== undefined;
  return {
    enforced: enforcement === 'on' || (enforcement === 'once_set' && exists),
    enforcement,
    secrets: values,
    secret_deleted_on: deletedOnMs === undefined ? null : iso(deletedOnMs).slice(0, 10),
  };
}

/** Rows of sources, with their newest event of the last days. */
export async function sourceRows(
  environment: Environment,
  { live }: SourceDirectory,
  sources: KnownSource[],
): Promise<SourceRow[]> {
  const secrets = await secretsOf(environment);
  const urlOf = await ingestUrls(environment, secrets);
  const store = { client: await environment.secrets(), prefix: environment.outputs.SecretsPrefix };
  const ingestKeys = await secrets.valuesOf('ingest');
  return Promise.all(
    sources.map(async (source): Promise<SourceRow> => {
      const { key } = source;
      const file = Object.hasOwn(live.snapshot.sources, key) ? live.snapshot.sources[key] : undefined;
      const state = sourceState(live, key);
      const settings = effectiveSettings(sourceKind(file?.kind ?? ''), file ?? removedFile, state);
      const [newest, secret] = await Promise.all([
        newestEvent(environment, source),
        secretState(store, `sources/${key}`),
      ]);
      const hold = own(live.state.held_sources ?? {}, key);
      const { rotatedAtMs, lastUsedAtMs } = previousUrl(state.url, source);
      return {
        key,
        kind: file?.kind ?? null,
        name: file?.name ?? null,
        environment: environment.name,
        url: file === undefined ? null : urlOf(key, state.url),
        url_generation: state.url.generation,
        url_rotated_at: isoOrNull(rotatedAtMs),
        previous_url: state.url.previous_valid ? { last_used_at: isoOrNull(lastUsedAtMs) } : null,
        previous_key: (ingestKeys?.length ?? 0) > 1 ? { last_used_at: isoOrNull(source.previousKeyUsedAtMs) } : null,
        enabled: file !== undefined && state.enabled,
        paused: hold === undefined ? null : { since: hold.since, by: hold.by, reason: hold.reason ?? null },
        last_event_at: isoOrNull(newest?.receivedAtMs ?? source.lastEventAtMs),
        last_event_id: newest?.id ?? null,
        verification: verificationOf(settings.enforcement, secret),
        idempotency: {
          enabled: settings.idempotency.enabled,
          path: file === undefined ? null : keyPathOf(file, state),
          window_hours: settings.idempotency.windowHours,
        },
        identify: settings.identify,
        retention_days: state.retention_days ?? null,
        mappings: mappingsOf(live.snapshot, key).length,
        inactive_mappings: state.inactive_mappings,
      };
    }),
  );
}

/** Path of the idempotency key; several are tried in order. Null: the vendor sends none. */
function keyPathOf(file: SourceFile, { idempotency }: SourceState): string | null {
  const paths = sourceKind(file.kind)?.idempotencyKeyPaths.map(({ text }) => text) ?? [];
  return idempotency.path ?? file.idempotency_key_path ?? (paths.join(', ') || null);
}

/** The newest row, searched around the registry's last-seen hour. */
async function newestEvent(environment: Environment, source: KnownSource) {
  if (source.lastEventAtMs === undefined) return undefined;
  const nowMs = Date.now();
  const [newest] = await listEvents(eventLogOf(environment), {
    sources: [source],
    sinceMs: source.lastEventAtMs,
    untilMs: Math.min(nowMs, source.lastEventAtMs + 2 * 3_600_000) + 5 * 60_000,
    limit: 1,
  });
  return newest;
}
