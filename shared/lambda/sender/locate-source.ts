import { defaultSourceState } from '../../core/configuration/defaults.ts';
import { RetryableError } from '../../core/errors.ts';
import type { OldCredential } from '../../core/events/raw-event.ts';
import { matchIngestToken } from '../../core/ingest/ingest-token.ts';
import { type Refusal, refused } from '../../core/ingest/refusal.ts';
import { type PreparedSource, prepareSource } from '../../core/live/prepared.ts';
import type { SourceKind } from '../../core/sources/source.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { SenderDeps, SenderRequest } from './sender.ts';

/** The source that a request's URL opens. */
export type Located = {
  kind: 'located';
  source: PreparedSource;
  sender: SourceKind;
  oldCredentials: readonly OldCredential[];
};

/**
 * Finds the URL's source. An unknown source or token is looked up again in fresh configuration and
 * keys, unless wrong URLs had them read a moment ago.
 * @throws RetryableError when configuration or keys cannot be read, or nothing was ever committed
 */
export async function locateSource(
  request: Pick<SenderRequest, 'source' | 'token'>,
  deps: SenderDeps,
): Promise<Located | Refusal> {
  const [configuration, keys] = await Promise.all([deps.configuration.current(), deps.secrets.valuesOf('ingest')]);
  const located = configuration.uncommitted ? undefined : locateIn(configuration, keys, request);
  if (located?.kind === 'located') return located;
  const { lookAgain } = deps;
  const [reloaded, keysNow] = await Promise.all([
    lookAgain.configuration.isDue() ? deps.configuration.reload() : configuration,
    lookAgain.key.isDue() ? deps.secrets.refresh('ingest') : keys,
  ]);
  // Senders drop an event for good on a 404, and the first commit may bring its source.
  if (reloaded.uncommitted)
    throw new RetryableError('no configuration was ever committed here', { reason: 'uncommitted' });
  const relocated = locateIn(reloaded, keysNow, request);
  if (relocated.kind === 'located') {
    lookAgain.configuration.found();
    lookAgain.key.found();
  }
  return relocated;
}

function locateIn(
  configuration: LiveConfiguration,
  keys: string[] | undefined,
  request: Pick<SenderRequest, 'source' | 'token'>,
): Located | Refusal {
  if (keys === undefined || keys.length === 0) {
    throw new RetryableError('the secret "ingest" is missing or empty', { reason: 'secret_missing' });
  }
  const source = prepareSource(configuration, request.source);
  // Computed for unknown names too, so that the time of the answer does not reveal which names
  // exist.
  const oldCredentials = matchIngestToken(
    request.token,
    request.source,
    (source?.state ?? defaultSourceState).url,
    keys,
  );
  const detail = 'copy the URL of the source again, or ask the operator of Signalbox for it: `npx signalbox sources`';
  if (source === undefined) return refused('source_unknown', detail);
  if (oldCredentials === undefined) return refused('token_wrong', detail);
  if (source.kind === undefined)
    throw new Error(`source "${source.key}" is of kind "${source.file.kind}", which this version does not know`);
  return { kind: 'located', source, sender: source.kind, oldCredentials };
}
