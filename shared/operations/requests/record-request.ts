import { erasedDetail } from '../../core/actions/parts/without-erased.ts';
import { defined } from '../../core/defined.ts';
import { packEventText, payloadBytesMax } from '../../core/events/raw-event.ts';
import { apiSource } from '../../core/ids/api-source.ts';
import type { ActionOutcome } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry, EventReason } from '../../core/logs/event-log-entry.ts';
import { eventWithoutPerson } from '../../core/logs/event-without-person.ts';
import { clip } from '../../core/text.ts';
import type { ApiRequest, RequestPorts } from './request.ts';

/** What a request did, for its rows. */
export type Recorded = {
  /** The user that it is about, if one: `events --user` finds its row. */
  userId?: string;
  /** Actions that ran in the request. */
  performed?: ActionOutcome[];
  /** The number of actions that were handed over. */
  handedOver?: number;
  /** The number of executions that those are spread over; absent: 1. */
  executions?: number;
  /** Why it was refused; absent when it was done. */
  refusal?: string;
  /** The idempotency key that it holds, or repeats. */
  key?: string;
  /** The execution that it goes on with, or repeats; absent: its own. */
  execution?: string;
  /** The request that it repeats: nothing was done again. */
  duplicateOf?: string;
  /**
   * Called when its rows could not be written, since the client then repeats the request. Best
   * effort: it must not throw.
   */
  ifUnwritten?: () => Promise<void>;
};

/** What the client asked, as its row keeps it. */
export type Asked = { method: string; path: string; query: string; headers: Record<string, string>; body: string };

/**
 * Writes the rows of a request, in the form that events' rows have: first the action log, and last
 * the event's row, which marks that everything before it has happened.
 * @returns the reason of the row, if it has one
 * @throws Error of the table when a row was not written: what was done stays done, and is safe to
 * repeat
 */
export async function recordRequest(
  request: ApiRequest,
  asked: Asked,
  recorded: Recorded,
  ports: Pick<RequestPorts, 'configuration' | 'eventLog' | 'actionLog' | 'nowMs'>,
): Promise<EventReason | undefined> {
  const { performed = [] } = recorded;
  const { version, erased } = await ports.configuration();
  const isErased = recorded.userId !== undefined && erased?.has(recorded.userId) === true;
  if (performed.length > 0) {
    // Of an erased person, the actions were refused, and have no parameters.
    const [error] = await ports.actionLog.writeEach([
      {
        execution: request.id,
        eventId: request.id,
        source: apiSource,
        eventType: request.call,
        configVersion: version,
        actions: performed,
        next: 0,
        origins: [request.id],
        revision: 1,
        receivedAtMs: request.receivedAtMs,
        updatedAtMs: ports.nowMs(),
      },
    ]);
    if (error) throw error;
  }
  const entry = eventEntry(request, asked, recorded, version, ports.nowMs());
  const row = isErased ? erasedEntry(entry, ports.nowMs()) : entry;
  const [error] = await ports.eventLog.writeEach([row]);
  if (error) throw error;
  return row.reason;
}

/** The row of what was asked of an erased person: it keeps nothing of it. */
export function erasedEntry(entry: EventLogEntry, nowMs: number): EventLogEntry {
  const row = eventWithoutPerson(entry, nowMs);
  return entry.reason === 'request_refused' ? { ...row, reason: 'person_erased', detail: erasedDetail } : row;
}

function eventEntry(
  request: ApiRequest,
  asked: Asked,
  recorded: Recorded,
  configVersion: number,
  nowMs: number,
): EventLogEntry {
  const { userId, key, performed = [], handedOver = 0, executions } = recorded;
  return {
    id: request.id,
    source: apiSource,
    eventType: request.call,
    ...defined({ userId: userId === undefined ? undefined : clip(userId), key }),
    ...endOf(request, recorded),
    configVersion,
    verification: 'enforced:verified',
    actionsPlanned: performed.length + handedOver,
    ...defined({ executions: executions === 1 ? undefined : executions }),
    receivedAtMs: request.receivedAtMs,
    processedAtMs: nowMs,
    payload: payloadOf(request, asked),
  };
}

function endOf(
  { id }: ApiRequest,
  { refusal, duplicateOf, execution = id }: Recorded,
): Pick<EventLogEntry, 'status' | 'reason' | 'detail' | 'execution' | 'duplicateOf'> {
  if (refusal !== undefined) return { status: 'rejected', reason: 'request_refused', detail: clip(refusal) };
  if (duplicateOf !== undefined) return { status: 'idempotent', reason: 'duplicate', execution, duplicateOf };
  return { status: 'processed', execution };
}

/** The request as text: who asked, what, and the body unchanged. */
function payloadOf({ key }: ApiRequest, { method, path, query, headers, body }: Asked): Uint8Array {
  const head = { method, path, ...(query !== '' && { query }), key: { id: key.id, name: key.name } };
  const whole = packEventText({ headers, body: withBody(head, body) });
  if (whole.length <= payloadBytesMax) return whole;
  return packEventText({ headers, body: JSON.stringify({ ...head, body_bytes: Buffer.byteLength(body) }) });
}

/** The body's own text is kept, digits of long numbers included; text that is not JSON as a string. */
function withBody(head: Record<string, unknown>, body: string): string {
  if (body === '') return JSON.stringify(head);
  return `${JSON.stringify(head).slice(0, -1)},"body":${isJson(body) ? body : JSON.stringify(body)}}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
