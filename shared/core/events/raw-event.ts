import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import * as z from 'zod';

/**
 * `enforced|not_enforced` × the result of checking the signature or secret. `skipped`: it could not
 * be checked. `unverified`: only the first event of the batch is signed, and this is a later one.
 */
export const VerificationStatus = z.enum([
  'enforced:verified',
  'enforced:unverified',
  'not_enforced:verified',
  'not_enforced:unverified',
  'not_enforced:failed',
  'not_enforced:skipped',
]);
export type VerificationStatus = z.infer<typeof VerificationStatus>;

/**
 * What is old about an event's URL: it is of an earlier generation, or made with the previous
 * ingest key.
 */
export const OldCredential = z.enum(['url', 'key']);
export type OldCredential = z.infer<typeof OldCredential>;

/**
 * An event as received, from which every later stage can rebuild it. `payload` holds the
 * allow-listed headers and the exact text of the event, compressed once in ingest; the same bytes
 * travel through the queue and into the log row. Only replays have `execution`: the execution that
 * the event had.
 */
export type RawEvent = {
  id: string;
  source: string;
  verification: VerificationStatus;
  payload: Uint8Array;
  /** Position among the events of one request; absent when the event came alone. */
  batchIndex?: number;
  /**
   * Absent when it came in by the source's current URL. Kept in the registry of sources, not in the
   * log.
   */
  oldCredentials?: readonly OldCredential[];
  execution?: string;
  /** One per `replay` command: lets actions that failed for good run once more. */
  replay?: string;
  /** The event that this one replays by force; it takes no claim. */
  replayOf?: string;
};

/**
 * The content of `payload`. `body` is the event's own JSON text, cut from its batch if it came in
 * one.
 */
export type EventText = { headers: Record<string, string>; body: string };

/**
 * The most bytes of a compressed payload, so that it fits a queue message (as base64) and a log
 * row.
 */
export const payloadBytesMax = 380 * 1024;

// Quality 5 puts nearly every CDP event into one write unit and costs about 50 µs; 11 would cost
// milliseconds.
const params = { [constants.BROTLI_PARAM_QUALITY]: 5 };

export function packEventText({ headers, body }: EventText): Uint8Array {
  return compressEvent(`${JSON.stringify(headers)}\n${body}`);
}

/** @param text what `decompressEvent` gives */
export function compressEvent(text: string | Uint8Array): Uint8Array {
  // The result is a view of a buffer of this size. The default is 64 KB, which each of a batch's
  // thousands of events would keep.
  const chunkSize = Math.max(1024, Math.min(text.length >> 2, 64 * 1024));
  return brotliCompressSync(text, { params, chunkSize });
}

/** @throws when `packEventText` did not make the bytes: the message is damaged or not ours */
export function unpackEventText(payload: Uint8Array): EventText {
  const text = decompressEvent(payload).toString('utf8');
  const end = text.indexOf('\n');
  return { headers: JSON.parse(text.slice(0, end)), body: text.slice(end + 1) };
}

const recentTexts = new WeakMap<Uint8Array, Buffer>();
const recentBytesMax = 8 * 1024;

/**
 * The kept headers as a line of JSON, then the event. A short text is remembered as long as its
 * payload is, since its row may pack it again.
 */
export function decompressEvent(payload: Uint8Array): Buffer {
  const recent = recentTexts.get(payload);
  if (recent !== undefined) return recent;
  const text = brotliDecompressSync(payload, { maxOutputLength: 64 * 1024 * 1024 });
  if (payload.length <= recentBytesMax) recentTexts.set(payload, text);
  return text;
}

/**
 * The message on the events queue. `v` is its schema version; a deployed version stays readable for
 * 14 days after the deploy that replaced it, because a message can wait that long in a dead-letter
 * queue.
 */
const EventMessage = z.object({
  v: z.literal(1),
  id: z.string().length(26),
  source: z.string(),
  verification: VerificationStatus,
  payload: z.base64(),
  batch_index: z.int().optional(),
  old_credentials: z.array(OldCredential).optional(),
  execution: z.string().optional(),
  replay: z.string().optional(),
  replay_of: z.string().optional(),
});

export function encodeRawEvent(event: RawEvent): string {
  return JSON.stringify({
    v: 1,
    id: event.id,
    source: event.source,
    verification: event.verification,
    payload: Buffer.from(event.payload).toString('base64'),
    batch_index: event.batchIndex,
    old_credentials: event.oldCredentials && [...event.oldCredentials],
    execution: event.execution,
    replay: event.replay,
    replay_of: event.replayOf,
  } satisfies z.input<typeof EventMessage>);
}

/** @throws when the text is not a message of a known version; trying again does not help */
export function decodeRawEvent(text: string): RawEvent {
  const message = EventMessage.parse(JSON.parse(text));
  return {
    id: message.id,
    source: message.source,
    verification: message.verification,
    payload: Buffer.from(message.payload, 'base64'),
    ...(message.batch_index !== undefined && { batchIndex: message.batch_index }),
    ...(message.old_credentials !== undefined && { oldCredentials: message.old_credentials }),
    ...(message.execution !== undefined && { execution: message.execution }),
    ...(message.replay !== undefined && { replay: message.replay }),
    ...(message.replay_of !== undefined && { replayOf: message.replay_of }),
  };
}
