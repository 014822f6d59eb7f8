import type { Action } from '../../core/actions/action.ts';
import { RetryableError } from '../../core/errors.ts';
import { type BulkOperation, bulkMapping } from '../../core/executions/bulk-operation.ts';
import { apiSource } from '../../core/ids/api-source.ts';
import { executionsOf } from '../../core/ids/executions-of.ts';
import { invocationId } from '../../core/ids/invocation-id.ts';
import type { JsonObject } from '../../core/json/values.ts';
import type { ActionsMessage, Invocation } from '../../core/plan/actions-message.ts';
import type { Recorded } from './record-request.ts';
import type { ApiRequest, RequestPorts } from './request.ts';

/** An item of a bulk request. */
export type BulkItem = {
  /** What it changes: `{ id }`, or `{ collection, id }`. */
  names: { id: string; collection?: string };
  /** Parameters of the action; a large item is worked off in several parts. */
  parts: JsonObject[];
};

/**
 * Accepts a bulk request: its items go to `workflow-trigger` as actions, in messages of a few each.
 * So an item has the retries, the row and the dead letter of any action, and one that fails costs
 * the others nothing. The operation is written after the messages are sent: a request that dies in
 * between has no operation that would never end, and its client repeats it.
 * @throws RetryableError when the queue did not take all messages, or the table is unavailable
 */
export async function startBulk(
  action: Action,
  items: BulkItem[],
  request: ApiRequest,
  ports: RequestPorts,
): Promise<{ operation: BulkOperation; recorded: Recorded }> {
  const chunks = chunksOf(items);
  const executions = executionsOf(apiSource, request.id, chunks.length);
  const { version } = await ports.configuration();
  const messages = chunks.map(({ pieces, repetition }, i): ActionsMessage => {
    const execution = executions[i] as string;
    return {
      eventId: request.id,
      source: apiSource,
      eventType: request.call,
      execution,
      origin: request.id,
      configVersion: version,
      // Of several items for one thing the last wins, in whatever order they arrive; but none of
      // them over a request of the next millisecond.
      occurredAtMs: request.receivedAtMs + repetition / 1000,
      receivedAtMs: request.receivedAtMs,
      again: false,
      n: 1,
      firstSentAtMs: ports.nowMs(),
      invocations: pieces.map((piece) => invocationOf(piece, action, execution)),
    };
  });
  const results = await ports.actionsQueue.sendEach(messages);
  const refused = messages.findIndex((_, i) => !results[i]?.sent);
  if (refused >= 0) {
    const result = results[refused];
    const cause = result?.sent === false ? result.error : undefined;
    throw new RetryableError('the actions queue did not take all items', { cause });
  }
  const operation: BulkOperation = {
    requestId: request.id,
    call: request.call,
    items: items.length,
    executions: chunks.length,
    insertedAtMs: request.receivedAtMs,
  };
  await ports.bulkOperations.write({ operation });
  const handedOver = chunks.reduce((sum, { pieces }) => sum + pieces.length, 0);
  return { operation, recorded: { handedOver, executions: chunks.length } };
}

/** One part of an item: what becomes an action. */
type Piece = { mapping: string; names: BulkItem['names']; payload: JsonObject; bytes: number; weight: number };

type Chunk = { pieces: Piece[]; repetition: number; bytes: number; weight: number };

/** A row of the action log holds this many with their outcomes, in 5 write units or so. */
const piecesMax = 25;
/** Recipients count one each: an execution must end well within a function's time. */
const weightMax = 100;
const chunkBytesMax = 128 * 1024;

/** Items in messages. The nth item for one thing goes into a message of its own time. */
function chunksOf(items: BulkItem[]): Chunk[] {
  const seen = new Map<string, number>();
  const open = new Map<number, Chunk>();
  const chunks: Chunk[] = [];
  for (const [i, { names, parts }] of items.entries()) {
    const key = `${names.collection ?? ''}/${names.id}`;
    const repetition = seen.get(key) ?? 0;
    seen.set(key, repetition + 1);
    for (const [nth, payload] of parts.entries()) {
      const piece: Piece = {
        mapping: bulkMapping(i, nth, parts.length),
        names,
        payload,
        bytes: Buffer.byteLength(JSON.stringify(payload)),
        weight: Array.isArray(payload.recipients) ? Math.max(1, payload.recipients.length) : 1,
      };
      let chunk = open.get(repetition);
      if (chunk === undefined || !hasRoom(chunk, piece)) {
        chunk = { pieces: [], repetition, bytes: 0, weight: 0 };
        open.set(repetition, chunk);
        chunks.push(chunk);
      }
      chunk.pieces.push(piece);
      chunk.bytes += piece.bytes;
      chunk.weight += piece.weight;
    }
  }
  return chunks;
}

function hasRoom({ pieces, bytes, weight }: Chunk, piece: Piece): boolean {
  return pieces.length < piecesMax && bytes + piece.bytes <= chunkBytesMax && weight + piece.weight <= weightMax;
}

/** Fits a message however badly it compresses. The directory takes less: 256 KB. */
const pieceBytesMax = 280 * 1024;

function invocationOf({ mapping, names, payload, bytes }: Piece, action: Action, execution: string): Invocation {
  const head = { id: invocationId(execution, mapping), mapping, action: action.id };
  if (bytes <= pieceBytesMax) return { ...head, payload };
  const detail = `the item is ${bytes} bytes long; at most ${pieceBytesMax} fit`;
  return { ...head, payload: names, refused: { reason: 'parameters_too_large', detail } };
}
