import { randomBytes } from 'node:crypto';
import { type IngestDeps, type IngestRequest, ingestRequest } from '../../../functions/ingest/ingest-request.ts';
import { Snapshot, SourceFile, SourceState } from '../../../shared/core/configuration/schema.ts';
import { encodeRawEvent } from '../../../shared/core/events/raw-event.ts';
import { ingestToken } from '../../../shared/core/ingest/ingest-token.ts';
import { sourceKinds } from '../../../shared/core/sources/index.ts';
import type { SourceKind } from '../../../shared/core/sources/source.ts';
import { lookAgainFor } from '../../../shared/lambda/sender/look-again.ts';
import type { LiveConfiguration } from '../../../shared/ports/configuration.ts';
import { silentLog } from '../../support/function-log.ts';
import type { Figure, Section } from '../figure.ts';
import { microsecondsPerCall } from '../measure.ts';
import { orderCompleted, requestHeaders } from '../sample-events.ts';

const ingestKey = 'ingest-key-of-the-benchmark';
// Base64 behind whsec_, which every scheme can take.
const secret = `whsec_${Buffer.from('a-secret-of-the-benchmark-0123456789').toString('base64')}`;
const nowMs = Date.now();
const plain = 'rudderstack';

/** What the check of a signature adds to a request: the same body from a sender that signs, and from one that does not. */
export const signatures: Section = {
  name: 'signatures',
  about: 'processor time of ingest per request with one 1.5 KB event, by kind of sender, every port answered in memory',
  async measure(say) {
    say('signed and unsigned requests, taking turns');
    const kinds = sourceKinds.filter(({ id, signs }) => signs === true || id === plain);
    const deps = ingestDeps(kinds);
    const bodies = Array.from({ length: 64 }, () => Buffer.from(JSON.stringify(orderCompleted())));
    const alternatives = Object.fromEntries(
      kinds.map((kind) => {
        const requests = bodies.map((rawBody, i) => requestOf(kind, rawBody, `msg_${i}`));
        return [kind.id, (i: number) => accept(requests[i % requests.length] as IngestRequest, deps)];
      }),
    );
    const measured = await microsecondsPerCall(alternatives);
    const unsigned = measured[plain] as number;
    return kinds
      .filter(({ id }) => id !== plain)
      .map(({ id, title }): Figure => {
        const signed = measured[id] as number;
        return {
          name: `${title}: ingest, of what it takes for RudderStack`,
          measured: signed / unsigned,
          unit: '×',
          bound: { atMost: 1.5 },
          note: `RudderStack ${unsigned.toFixed(0)} µs, unsigned; ${title} ${signed.toFixed(0)} µs, verified with one secret`,
        };
      });
  },
};

async function accept(request: IngestRequest, deps: IngestDeps): Promise<void> {
  const { answer } = await ingestRequest(request, deps);
  // A refusal is quick, and would look like a saving.
  if (answer.kind !== 'accepted') throw new Error(`a request to ${request.source} was not accepted`);
}

function requestOf({ id: source, signs, verifier }: SourceKind, rawBody: Uint8Array, id: string): IngestRequest {
  return {
    method: 'POST',
    source,
    token: ingestToken(ingestKey, source, 1),
    headers: { ...requestHeaders, ...(signs && verifier.sign({ rawBody, secret, nowMs, id })) },
    rawBody,
  };
}

function ingestDeps(kinds: SourceKind[]): IngestDeps {
  const live: LiveConfiguration = {
    version: 1,
    snapshot: Snapshot.parse({
      sources: Object.fromEntries(kinds.map(({ id, title }) => [id, SourceFile.parse({ kind: id, name: title })])),
      workflows: {},
    }),
    state: {
      sources: Object.fromEntries(kinds.map(({ id }) => [id, SourceState.parse({})])),
      inactive_workflows: [],
    },
  };
  const valuesOf = async (name: string) => [name === 'ingest' ? ingestKey : secret];
  return {
    configuration: { current: async () => live, reload: async () => live },
    secrets: { valuesOf, refresh: valuesOf },
    events: {
      sendEach: async (events) => events.map((event) => ({ sent: encodeRawEvent(event) !== '' }) as { sent: true }),
    },
    lookAgain: lookAgainFor(Date.now),
    logShards: 1,
    log: silentLog,
    // The clock stands, so that no signature ages while it is measured.
    nowMs: () => nowMs,
    randomBytes,
  };
}
