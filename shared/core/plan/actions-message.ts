import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import * as z from 'zod';
import { isJsonObject, type JsonObject } from '../json/values.ts';
import { actionReasons } from '../logs/action-log-entry.ts';

/**
 * A map that this product wrote from JSON that it had parsed. The check only looks whether it is a
 * map: checking each value again would cost a hundred times as much as parsing.
 */
const OwnJson = z.custom<JsonObject>(isJsonObject, 'must be a map');

/** One action with resolved parameters within an execution. */
export const Invocation = z.object({
  /**
   * UUIDv5(execution, mapping id): the same for every redelivery, replay and resend of one
   * execution.
   */
  id: z.uuid(),
  action: z.string(),
  mapping: z.string(),
  /** The mapping's resolved parameters; a parameter whose path led nowhere is absent. */
  payload: OwnJson,
  /** The processor refused this action: it fails with this reason and does not run. */
  refused: z.object({ reason: z.enum(actionReasons), detail: z.string() }).optional(),
});
export type Invocation = z.infer<typeof Invocation>;

/** The claim of this execution; absent when the event had no valid idempotency key. */
const ClaimRef = z.object({ key: z.string(), source: z.string(), event_type: z.string() });
export type ClaimRef = { key: string; source: string; eventType: string };

/**
 * All actions of one event, in execution order: one message, so that order holds and logs need one
 * row.
 *
 * `n` counts the retry messages of one chain. `origin` names the cause of the run: the event that
 * emitted it, or a replay. Actions that failed for good stay failed for origins in the action log
 * row, and run again for a new one.
 */
export type ActionsMessage = {
  eventId: string;
  source: string;
  eventType: string;
  execution: string;
  origin: string;
  configVersion: number;
  userId?: string;
  /** The event's `data`, default of a trigger's data; left out when no invocation needs it. */
  data?: JsonObject;
  occurredAtMs: number;
  receivedAtMs: number;
  claim?: ClaimRef;
  /**
   * True when an earlier run of this execution may have done some of the work: read the action log
   * first.
   */
  again: boolean;
  n: number;
  /**
   * The `n` from which attempts are counted; absent: 1. Taking over a chain and progress both
   * restart the count.
   */
  firstN?: number;
  /**
   * When this origin's first message was sent, or its last progress; it limits how long it is
   * retried.
   */
  firstSentAtMs: number;
  /** Do not run earlier; a delayed message that arrives early is delayed again. */
  retryAtMs?: number;
  /**
   * Workflows whose hold does not stop this message, with the time that the hold began: an operator
   * has released it. A later hold stops it again.
   */
  released?: Record<string, string>;
  /** The most runs a second that its release allows. */
  perSecond?: number;
  invocations: Invocation[];
};

/**
 * The most bytes of one compressed message; an action that makes it larger fails with
 * `parameters_too_large`.
 */
export const actionsMessageBytesMax = 300 * 1024;

const Body = z.object({
  event_id: z.string(),
  source: z.string(),
  event_type: z.string(),
  execution: z.string(),
  origin: z.string(),
  config_version: z.int(),
  user_id: z.string().optional(),
  data: OwnJson.optional(),
  occurred_at_ms: z.number(),
  received_at_ms: z.number(),
  claim: ClaimRef.optional(),
  again: z.boolean(),
  n: z.int().positive(),
  first_n: z.int().positive().optional(),
  first_sent_at_ms: z.number(),
  retry_at_ms: z.number().optional(),
  released: z.record(z.string(), z.string()).optional(),
  per_second: z.number().positive().optional(),
  invocations: z.array(Invocation),
});

/**
 * `z`: the body as base64 of brotli, used when the plain form is long. Older versions stay readable
 * for 14 days.
 */
const Message = z.union([z.object({ v: z.literal(1), body: Body }), z.object({ v: z.literal(1), z: z.base64() })]);

// SQS bills in steps of 64 KB, so compressing a message well below one step saves no money.
const plainBytesMax = 32 * 1024;
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/**
 * @returns the queue message's text; `tooLarge` when even its compressed form is over
 * `actionsMessageBytesMax`
 */
export function encodeActionsMessage(message: ActionsMessage): { text: string } | { tooLarge: number } {
  const body = {
    event_id: message.eventId,
    source: message.source,
    event_type: message.eventType,
    execution: message.execution,
    origin: message.origin,
    config_version: message.configVersion,
    user_id: message.userId,
    data: message.data,
    occurred_at_ms: message.occurredAtMs,
    received_at_ms: message.receivedAtMs,
    claim: message.claim && {
      key: message.claim.key,
      source: message.claim.source,
      event_type: message.claim.eventType,
    },
    again: message.again,
    n: message.n,
    first_n: message.firstN,
    first_sent_at_ms: message.firstSentAtMs,
    retry_at_ms: message.retryAtMs,
    released: message.released,
    per_second: message.perSecond,
    invocations: message.invocations,
  } satisfies z.input<typeof Body>;
  const plain = JSON.stringify({ v: 1, body });
  if (plain.length <= plainBytesMax) {
    const text = queueSafe(plain);
    if (Buffer.byteLength(text) <= plainBytesMax) return { text };
  }
  const compressed = brotliCompressSync(JSON.stringify(body), brotliOptions);
  if (compressed.length > actionsMessageBytesMax) return { tooLarge: compressed.length };
  return { text: JSON.stringify({ v: 1, z: compressed.toString('base64') }) };
}

/** @throws when the text is not a message of a known version; trying again does not help */
export function decodeActionsMessage(text: string): ActionsMessage {
  const message = Message.parse(JSON.parse(text));
  const body =
    'body' in message
      ? message.body
      : Body.parse(JSON.parse(brotliDecompressSync(Buffer.from(message.z, 'base64')).toString()));
  return {
    eventId: body.event_id,
    source: body.source,
    eventType: body.event_type,
    execution: body.execution,
    origin: body.origin,
    configVersion: body.config_version,
    ...(body.user_id !== undefined && { userId: body.user_id }),
    ...(body.data !== undefined && { data: body.data }),
    occurredAtMs: body.occurred_at_ms,
    receivedAtMs: body.received_at_ms,
    ...(body.claim && { claim: { key: body.claim.key, source: body.claim.source, eventType: body.claim.event_type } }),
    again: body.again,
    n: body.n,
    ...(body.first_n !== undefined && { firstN: body.first_n }),
    firstSentAtMs: body.first_sent_at_ms,
    ...(body.retry_at_ms !== undefined && { retryAtMs: body.retry_at_ms }),
    ...(body.released !== undefined && { released: body.released }),
    ...(body.per_second !== undefined && { perSecond: body.per_second }),
    invocations: body.invocations,
  };
}

/**
 * Escapes characters that a queue may refuse. SQS only takes XML's characters, so not U+FFFE and
 * U+FFFF; the embedded emulator also refuses everything beyond U+FFFF. JSON.stringify has already
 * escaped control characters and lone surrogates. Other characters keep their size, and any version
 * reads the escapes, since they are JSON's own.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
function queueSafe(json: string): string {
  return json.replace(/[\uD800-\uDFFF\uFFFE\uFFFF]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}
