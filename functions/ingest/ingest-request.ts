import { RetryableError } from '../../shared/core/errors.ts';
import { packEventText, payloadBytesMax, type RawEvent } from '../../shared/core/events/raw-event.ts';
import { logShardsMax, makeEventId } from '../../shared/core/ids/event-id.ts';
import { keptHeaders } from '../../shared/core/ingest/kept-headers.ts';
import { readBody } from '../../shared/core/ingest/read-body.ts';
import { type Refusal, refused } from '../../shared/core/ingest/refusal.ts';
import { type EventSlice, splitEvents, valuesMaxWith } from '../../shared/core/ingest/split-events.ts';
import { redactMembers } from '../../shared/core/json/redact-members.ts';
import { isJsonObject, parseJson } from '../../shared/core/json/values.ts';
import type { SourceKind } from '../../shared/core/sources/source.ts';
import { clip } from '../../shared/core/text.ts';
import type { Deadline } from '../../shared/lambda/in-time.ts';
import { type Located, locateSource } from '../../shared/lambda/sender/locate-source.ts';
import type { SenderDeps, SenderRequest } from '../../shared/lambda/sender/sender.ts';
import { type Verified, verificationOf, verifySender } from '../../shared/lambda/sender/verify-sender.ts';
import type { EventsQueue, SendResult } from '../../shared/ports/queues.ts';

export type IngestRequest = SenderRequest & { method: string };

export type IngestAnswer =
  /** `bare`: the sender expects an answer without a body. */
  | { kind: 'accepted'; ids: string[]; bare?: true }
  | Refusal
  | {
      kind: 'unavailable';
      error: unknown;
      retryAfterSeconds?: number;
      /**
       * When the queue was asked to take the events: all ids of the request, and of those the ones
       * that may be queued all the same. A part was taken, or the queue's answer was lost.
       */
      sending?: { ids: string[]; unansweredIds: string[] };
    };

/** An answer and its source: `unknown` if the URL names no existing one. */
export type Ingested = { source: string; answer: IngestAnswer };

export type IngestDeps = SenderDeps & {
  events: EventsQueue;
  /** Log shards of sources that set none themselves. */
  logShards: number;
  /** Called before the queue is asked to take a request's events. Default: nothing happens. */
  onSending?(source: string, ids: string[]): void;
  randomBytes(size: number): Uint8Array;
};

/** How far a request got, for its answer when the time is over. */
type Progress = { source: string; sendingIds?: string[] };

/**
 * One request from start to finish: find the URL's source, verify the sender, split the events,
 * queue them. Events count as accepted once the queue has them, never before. It never throws: our
 * own faults are `unavailable`, since senders drop events on a 4xx. One of them is a deadline that
 * passes.
 */
export async function ingestRequest(
  request: IngestRequest,
  deps: IngestDeps,
  deadline: Deadline = unlimited(),
): Promise<Ingested> {
  const progress: Progress = { source: 'unknown' };
  return Promise.race([ingestUntilDone(request, deps, deadline, progress), lateAnswer(deadline, progress)]);
}

const unlimited = (): Deadline => ({ signal: new AbortController().signal, isOver: () => false });

/** For what never ends. A call of AWS that is cut off by the deadline fails in the ordinary way. */
function lateAnswer({ signal }: Deadline, progress: Progress): Promise<Ingested> {
  return new Promise((resolve) => {
    const answer = () =>
      resolve({
        source: progress.source,
        answer: {
          kind: 'unavailable',
          error: signal.reason,
          ...sendingOf(progress),
        },
      });
    signal.addEventListener('abort', () => setTimeout(answer, lateMs), { once: true });
  });
}

/** Time for calls that are cut off to say which events were queued. */
const lateMs = 100;

async function ingestUntilDone(
  request: IngestRequest,
  deps: IngestDeps,
  deadline: Deadline,
  progress: Progress,
): Promise<Ingested> {
  try {
    const located = await locateSource(request, deps);
    // Only with a wrong token does the source exist; a refusal without one counts for `unknown`.
    if (located.kind === 'refused')
      return { source: located.reason === 'token_wrong' ? request.source : progress.source, answer: located };
    progress.source = located.source.key;
    return { source: progress.source, answer: await accept(request, located, deps, deadline, progress) };
  } catch (error) {
    const retryAfterSeconds = error instanceof RetryableError ? error.retryAfterSeconds : undefined;
    return {
      source: progress.source,
      answer: {
        kind: 'unavailable',
        error,
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
        ...sendingOf(progress),
      },
    };
  }
}

/** Without the queue's answer, any event may be queued. */
function sendingOf({ sendingIds: ids }: Progress) {
  return ids && { sending: { ids, unansweredIds: ids } };
}

async function accept(
  request: IngestRequest,
  located: Located,
  deps: IngestDeps,
  deadline: Deadline,
  progress: Progress,
): Promise<IngestAnswer> {
  if (request.method !== 'POST') {
    return refused('method_not_allowed', `the method is ${clip(request.method, 100)}; set the destination to POST`);
  }
  const verification = await verifySender(request, located, deps);
  if (verification.kind === 'refused') return verification;
  const body = readBody(request.rawBody, request.headers['content-encoding']);
  if (body.kind === 'refused') return body;
  const split = splitEvents(body.text, located.sender.batchWrapper, valuesMaxWith(located.source.mostMappings));
  if (split.kind === 'refused') return split;
  const refusal = refuseEvents(split.events, located, verification);
  if (refusal !== undefined) return refusal;
  const packed = packEvents(split.events, request, located, verification, deps, deadline);
  if (packed.kind === 'refused') return packed;
  const answer = await enqueue(packed.events, deps, deadline, progress);
  return answer.kind === 'accepted' && located.sender.answer === 'no_content' ? { ...answer, bare: true } : answer;
}

/** Refusals by a source's own contract, after the events are split. */
function refuseEvents(
  events: EventSlice[],
  { source, sender }: Located,
  { enforced, verdict }: Verified,
): Refusal | undefined {
  const rest = events[1];
  if (rest !== undefined && verdict === 'verified_first' && enforced && source.settings.refusesPartial) {
    const detail = 'the signature covers only the first event of the batch; send one event to a request';
    return refused('signature_partial', detail, 1);
  }
  const isList = events.length !== 1 || events[0]?.batchIndex !== undefined;
  if (sender.single && isList) return refused('batch_not_accepted', 'the body is a list; send one event to a request');
  for (const event of events) {
    const refusal = refuseEvent(event, sender);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function refuseEvent(event: EventSlice, { refuses }: SourceKind): Refusal | undefined {
  if (refuses === undefined) return undefined;
  const body = parseJson(event.text);
  if (!isJsonObject(body)) return undefined;
  const problem = refuses(body);
  if (problem === undefined) return undefined;
  const { field, got, wanted } = problem;
  return refused('event_invalid', `field "${field}": got ${got}, wanted ${wanted}`, event.batchIndex);
}

type Packed = { kind: 'packed'; events: RawEvent[] } | Refusal;

/**
 * Gives each event its id and its compressed form, whose bytes travel on and end in its log row.
 */
function packEvents(
  slices: EventSlice[],
  request: IngestRequest,
  { source, oldCredentials }: Located,
  verified: Verified,
  deps: IngestDeps,
  deadline: Deadline,
): Packed {
  const headers = keptHeaders(request.headers, source);
  const receivedAtMs = deps.nowMs();
  const shards = Math.min(source.state.log_shards ?? deps.logShards, logShardsMax);
  const random = deps.randomBytes(slices.length * randomBytesPerEvent);
  // Ascending, so that ids show the order of a request's events.
  const ids = slices
    .map((_, i) => {
      const bytes = random.subarray(i * randomBytesPerEvent, (i + 1) * randomBytesPerEvent);
      return makeEventId(source.key, (bytes[shardByte] ?? 0) % shards, receivedAtMs, bytes);
    })
    .sort();
  const events: RawEvent[] = [];
  for (const [i, { text, batchIndex }] of slices.entries()) {
    if (i % eventsPerLook === 0 && deadline.isOver()) {
      throw new RetryableError(
        `the time of the function ran out after ${i} of ${slices.length} events; none was queued`,
      );
    }
    const payload = packEventText({ headers, body: redactMembers(text, source.redact) });
    if (payload.length > payloadBytesMax) {
      const detail = `${batchIndex === undefined ? 'the event' : `event ${batchIndex} of the batch`} has ${payload.length} bytes compressed; at most ${payloadBytesMax} are accepted. Send what is large by reference`;
      return refused('event_too_large', detail, batchIndex);
    }
    const verification = verificationOf(verified, batchIndex);
    events.push({
      id: ids[i] ?? '',
      source: source.key,
      verification,
      payload,
      ...(batchIndex !== undefined && { batchIndex }),
      ...(oldCredentials.length > 0 && { oldCredentials }),
    });
  }
  return { kind: 'packed', events };
}

// About 5 ms of work.
const eventsPerLook = 100;

// Twelve for the id and one to choose the shard.
const shardByte = 12;
const randomBytesPerEvent = 13;

async function enqueue(
  events: RawEvent[],
  deps: IngestDeps,
  { signal }: Deadline,
  progress: Progress,
): Promise<IngestAnswer> {
  const [first] = events;
  if (first === undefined) return { kind: 'accepted', ids: [] };
  progress.sendingIds = events.map(({ id }) => id);
  deps.onSending?.(first.source, progress.sendingIds);
  const results = await deps.events.sendEach(events, signal);
  const failed = events.flatMap((_, i) => {
    const result = results[i];
    return result?.sent ? [] : [result?.error ?? new Error('the queue did not say what became of an event')];
  });
  if (failed.length > 0) {
    // Queued events are processed; when the sender repeats the request, they are duplicates by
    // their key.
    const error = new RetryableError(`${failed.length} of ${events.length} events were not queued`, {
      cause: failed[0],
    });
    const sending = { ids: progress.sendingIds, unansweredIds: unansweredOf(progress.sendingIds, results) };
    return { kind: 'unavailable', error, sending };
  }
  return { kind: 'accepted', ids: progress.sendingIds };
}

function unansweredOf(ids: string[], results: SendResult[]): string[] {
  return ids.filter((_, i) => {
    const result = results[i];
    return result === undefined || result.sent || result.asked !== false;
  });
}
