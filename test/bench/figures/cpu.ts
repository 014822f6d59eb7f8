import { randomBytes } from 'node:crypto';
import { type IngestDeps, ingestRequest } from '../../../functions/ingest/ingest-request.ts';
import { type ProcessorDeps, processBatch } from '../../../functions/processor/process-batch.ts';
import { itemFromEntry } from '../../../shared/adapters/dynamodb-event-log.ts';
import { makePreprocessor } from '../../../shared/adapters/jsonata-preprocessor.ts';
import { encodeRawEvent, packEventText, unpackEventText } from '../../../shared/core/events/raw-event.ts';
import { ingestToken } from '../../../shared/core/ingest/ingest-token.ts';
import { encodeActionsMessage } from '../../../shared/core/plan/actions-message.ts';
import { planEvent } from '../../../shared/core/plan/plan-event.ts';
import { makeStageMetrics } from '../../../shared/lambda/metrics.ts';
import { lookAgainFor } from '../../../shared/lambda/sender/look-again.ts';
import { eventRecord, liveConfiguration, rawEvent } from '../../support/build.ts';
import { silentLog } from '../../support/function-log.ts';
import { envelope } from '../baselines/envelope.ts';
import { eventRows, type RowBytes, rowsOfRealPayloads } from '../event-rows.ts';
import type { Figure, Section } from '../figure.ts';
import { median, microsecondsPerCall } from '../measure.ts';
import { orderCompleted, requestHeaders, rudderstackFixtures } from '../sample-events.ts';

const ingestKey = 'ingest-key-of-the-benchmark';
const batchSize = 10;
const rowOptions = { retentionDays: 30, usersIndex: true };
const live = liveConfiguration();

/** Processor time per event, network apart: what a function's memory setting, and its bill, have to cover. */
export const cpu: Section = {
  name: 'cpu',
  about: 'processor time per 1.5 KB event, every port answered in memory; and what compression buys',
  async measure(say) {
    say('ingest and processor, without a network');
    const texts = Array.from({ length: 256 }, () => JSON.stringify(orderCompleted()));
    const text = (i: number) => texts[i % texts.length] as string;
    const bodies = texts.map((one) => Buffer.from(one));
    const batches = Array.from({ length: 64 }, (_, n) =>
      Array.from({ length: batchSize }, (_, i) => eventRecord(rawEvent(text(n * batchSize + i)))),
    );
    const events = texts.map((one) => rawEvent(one));
    const payloads = events.map(({ payload }) => payload);
    const ingest = ingestDeps();
    const processor = processorDeps();
    const token = ingestToken(ingestKey, 'rudderstack', 1);

    const single = await microsecondsPerCall({
      envelope: (i) => envelope(text(i)),
      ingest: (i) =>
        ingestRequest(
          {
            method: 'POST',
            source: 'rudderstack',
            token,
            headers: requestHeaders,
            rawBody: bodies[i % bodies.length] as Uint8Array,
          },
          ingest,
        ),
      pack: (i) => packEventText({ headers: requestHeaders, body: text(i) }),
      unpack: (i) => unpackEventText(payloads[i % payloads.length] as Uint8Array),
      plan: (i) => planEvent(events[i % events.length] as (typeof events)[number], live),
    });
    const batched = await microsecondsPerCall(
      { batch: (i) => processBatch(batches[i % batches.length] as (typeof batches)[number], processor, 35_000) },
      { calls: 200 },
    );

    const baseline = { what: 'JSON.parse, zod, JSON.stringify of an envelope', measured: single.envelope };
    const unit = 'µs';
    return [
      {
        name: 'ingest: one request with one event',
        measured: single.ingest,
        unit,
        baseline,
        note: 'token, checks, splitting, id, compression, queue message',
      },
      {
        name: 'processor: one event of a batch of ten',
        measured: batched.batch / batchSize,
        unit,
        baseline,
        note: 'message read, decompressed, normalized, matched; actions message and log row made; metrics line printed',
      },
      { name: 'compressing an event', measured: single.pack, unit, baseline },
      { name: 'decompressing an event', measured: single.unpack, unit, baseline },
      { name: 'planning an event: decompress, parse, normalize, match', measured: single.plan, unit, baseline },
      ...compression(texts),
    ];
  },
};

const rowNote = 'of the whole row, attribute names included, by the rules DynamoDB counts with';

function compression(samples: string[]): Figure[] {
  const real = rowsOfRealPayloads();
  return [
    rowSize('1.5 KB sample', eventRowsOf(samples.slice(0, 64))),
    ...rowFigures('fixtures', eventRowsOf(rudderstackFixtures())),
    // Only where a folder of them lies beside the repository.
    ...(real.size === 0
      ? []
      : [
          ...rowFigures('real payloads of RudderStack', real.get('rudderstack') ?? [], { atLeast: 95 }),
          ...rowFigures('real payloads of all senders', [...real.values()].flat(), { atLeast: 95 }),
        ]),
  ];
}

const eventRowsOf = (texts: string[]) => texts.flatMap((text) => eventRows('rudderstack', text));

function rowFigures(what: string, rows: RowBytes[], bound?: { atLeast: number }): Figure[] {
  const share = (sizes: number[]) => (100 * sizes.filter((bytes) => bytes <= 1024).length) / sizes.length;
  return [
    {
      name: `${what}: event rows within one write unit`,
      measured: share(rows.map(({ written }) => written)),
      unit: '%',
      ...(bound && { bound }),
      baseline: { what: 'rows that are never packed', measured: share(rows.map(({ plain }) => plain)) },
      note: rowNote,
    },
    rowSize(what, rows),
  ];
}

function rowSize(what: string, rows: RowBytes[]): Figure {
  return {
    name: `${what}: event row, median`,
    measured: median(rows.map(({ written }) => written)),
    unit: 'bytes',
    baseline: { what: 'a row that is never packed', measured: median(rows.map(({ plain }) => plain)) },
    note: rowNote,
  };
}

/** The work for the queue is done, its request is not. */
function ingestDeps(): IngestDeps {
  return {
    configuration: { current: async () => live, reload: async () => live },
    secrets: { valuesOf: async () => [ingestKey], refresh: async () => [ingestKey] },
    events: {
      sendEach: async (events) => events.map((event) => ({ sent: encodeRawEvent(event) !== '' }) as { sent: true }),
    },
    lookAgain: lookAgainFor(Date.now),
    logShards: 1,
    log: silentLog,
    nowMs: Date.now,
    randomBytes,
  };
}

function processorDeps(): ProcessorDeps {
  return {
    configuration: { current: async () => live, reload: async () => live },
    claims: {
      read: async () => undefined,
      claim: async ({ eventId, leaseEndsAtMs, expiresAtMs }) => ({
        kind: 'taken',
        claim: { owner: eventId, execution: eventId, leaseEndsAtMs, expiresAtMs, released: false },
      }),
      takeOver: async () => true,
      release: async () => undefined,
    },
    preprocessor: makePreprocessor(() => performance.now()),
    eventLog: {
      statusOf: async () => undefined,
      writeEach: async (entries) => {
        for (const entry of entries) itemFromEntry(entry, rowOptions);
        return entries.map(() => undefined);
      },
      writeHeld: async () => true,
      writeFailed: async () => 'written',
    },
    actionsQueue: {
      sendEach: async (messages) =>
        messages.map((message) => ({ sent: 'text' in encodeActionsMessage(message) }) as { sent: true }),
    },
    receivedMessages: { handBack: async () => undefined },
    seen: { note: async () => undefined },
    metrics: makeStageMetrics('bench', () => undefined),
    log: silentLog,
    nowMs: Date.now,
    random: Math.random,
    maxReceiveCount: 10,
  };
}
