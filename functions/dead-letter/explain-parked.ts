import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import { errorMessage } from '../../shared/core/errors.ts';
import { decodeRawEvent, packEventText, type RawEvent } from '../../shared/core/events/raw-event.ts';
import { eventIdTimeMs, isEventId } from '../../shared/core/ids/event-id.ts';
import type { ActionLogEntry, ActionOutcome } from '../../shared/core/logs/action-log-entry.ts';
import { type ActionsMessage, decodeActionsMessage } from '../../shared/core/plan/actions-message.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import { settleEach } from '../../shared/lambda/settle-each.ts';
import type { ActionLog } from '../../shared/ports/action-log.ts';
import type { ClaimStore } from '../../shared/ports/claim-store.ts';
import type { EventLog } from '../../shared/ports/event-log.ts';

export type DeadLetterDeps = {
  eventLog: EventLog;
  actionLog: ActionLog;
  claims: ClaimStore;
  metrics: StageMetrics;
  warn(message: string, context: Record<string, unknown>): void;
  nowMs(): number;
};

/** Explains every message of a batch. One that cannot be explained stays in its queue, with the reason in the function log. */
export async function explainBatch(records: SQSRecord[], deps: DeadLetterDeps): Promise<SQSBatchResponse> {
  const response = await settleEach(
    records,
    records.map((record) =>
      explainParked(record, deps).catch((error) => {
        deps.warn('a dead letter could not be explained', { message_id: record.messageId, error: errorMessage(error) });
        throw error;
      }),
    ),
  );
  deps.metrics.flush();
  return response;
}

/**
 * Gives one parked message a row that says why and holds all that a replay needs; then the queue may forget it. The
 * dead-letter queue itself keeps only what could not be written. docs/protocols/retries.md, "Dead letters".
 * @throws Error when the message cannot even be attributed, or the tables are away: it stays in the queue
 */
export async function explainParked(record: SQSRecord, deps: DeadLetterDeps): Promise<void> {
  const parked = readParked(record.body);
  if (parked.kind === 'actions') await explainActions(parked.message, record.body, deps);
  else await explainEvent(parked, deps);
  // After the row: a message that cannot be written comes back, and is one dead letter all the same.
  deps.metrics.count(parked.source, 'DeadLetters');
}

async function explainEvent(parked: ParkedEvent, deps: DeadLetterDeps): Promise<void> {
  await deps.eventLog.writeFailed({
    id: parked.id,
    source: parked.source,
    status: 'failed',
    reason: parked.reason,
    detail: parked.detail,
    verification: parked.verification,
    actionsPlanned: 0,
    receivedAtMs: eventIdTimeMs(parked.id),
    processedAtMs: deps.nowMs(),
    payload: parked.payload,
    ...parked.rest,
  });
}

type ParkedEvent = {
  kind: 'event';
  id: string;
  source: string;
  verification: string;
  payload: Uint8Array;
  reason: 'retries_exhausted' | 'message_unreadable';
  detail: string;
  rest: Pick<RawEvent, 'execution' | 'batchIndex' | 'replayOf'>;
};

type Parked = ParkedEvent | { kind: 'actions'; source: string; message: ActionsMessage };

function readParked(text: string): Parked {
  const event = attempt(() => decodeRawEvent(text));
  if (event.value) {
    const { id, source, verification, payload, execution, batchIndex, replayOf } = event.value;
    const detail =
      'every delivery to the processor failed; its error, where it lived to say one, is in the function log';
    return {
      kind: 'event',
      id,
      source,
      verification,
      payload,
      reason: 'retries_exhausted',
      detail,
      rest: { execution, batchIndex, replayOf },
    };
  }
  const actions = attempt(() => decodeActionsMessage(text));
  if (actions.value) return { kind: 'actions', source: actions.value.source, message: actions.value };
  return unreadable(text, event.error);
}

const Attributable = z.object({ id: z.string().refine(isEventId), source: z.string().min(1) });

/** A message of a version nobody knows any more: kept whole in the row, so that it can be looked at and replayed by hand. */
function unreadable(text: string, error: Error | undefined): Parked {
  const { id, source } = Attributable.parse(JSON.parse(text));
  return {
    kind: 'event',
    id,
    source,
    verification: 'unknown',
    payload: packEventText({ headers: {}, body: text }),
    reason: 'message_unreadable',
    detail: `the message is of no version that is known here: ${error?.message.slice(0, 300)}`,
    rest: {},
  };
}

function attempt<Value>(read: () => Value): { value?: Value; error?: Error } {
  try {
    return { value: read() };
  } catch (error) {
    return { error: error as Error };
  }
}

const writeAttemptsMax = 5;

async function explainActions(message: ActionsMessage, text: string, deps: DeadLetterDeps): Promise<void> {
  for (let tries = 1; ; tries++) {
    const row = await deps.actionLog.read(message.execution);
    const entry = withFailures(message, text, row, deps.nowMs());
    // Before the row, as for any failure: once it is written nobody comes back to release the claim.
    const hasFailed = (entry ?? row)?.actions.some(({ status }) => status === 'failed');
    if (message.claim && hasFailed) await deps.claims.release(message.claim, message.execution);
    if (entry === undefined) return;
    if (await writeRow(entry, row?.revision ?? 0, deps)) return;
    if (tries === writeAttemptsMax) throw new Error(`the action row of execution ${message.execution} kept changing`);
  }
}

/**
 * A very large message does not fit beside the parameters that it holds as well; a replay can do with those and the event.
 */
async function writeRow(entry: ActionLogEntry, revisionSeen: number, { actionLog }: DeadLetterDeps): Promise<boolean> {
  try {
    return await actionLog.writeIfUnchanged(entry, revisionSeen);
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ValidationException')) throw error;
    const { message: _message, ...withoutMessage } = entry;
    return actionLog.writeIfUnchanged(withoutMessage, revisionSeen);
  }
}

/**
 * The row with every action that has no outcome marked as failed; undefined when there is none such. What waits for a later
 * message of the chain still waits for it.
 */
function withFailures(
  message: ActionsMessage,
  text: string,
  row: ActionLogEntry | undefined,
  nowMs: number,
): ActionLogEntry | undefined {
  const known = new Map(row?.actions.map((action) => [action.id, action]));
  const isCarriedOn = row?.origins.includes(message.origin) && row.next > message.n;
  let failures = 0;
  const actions = message.invocations.map((invocation): ActionOutcome => {
    const before = known.get(invocation.id);
    if (before && (before.status !== 'pending' || isCarriedOn)) return before;
    failures++;
    const { id, action, mapping, payload } = invocation;
    return {
      id,
      action,
      mapping,
      payload,
      status: 'failed',
      reason: 'dead_lettered',
      detail: before?.detail ?? 'every delivery to workflow-trigger failed; the function log has the error',
      attempts: (before?.attempts ?? 0) + 1,
      finishedAtMs: nowMs,
    };
  });
  if (failures === 0) return undefined;
  const named = new Set(message.invocations.map(({ id }) => id));
  const others = row?.actions.filter(({ id }) => !named.has(id)) ?? [];
  const { execution, eventId, source, eventType, configVersion, receivedAtMs, origin } = message;
  return {
    execution,
    eventId,
    source,
    eventType,
    configVersion,
    actions: [...actions, ...others],
    // Kept, so that an older message of the chain still finds itself superseded.
    next: row?.next ?? 0,
    origins: [...new Set([...(row?.origins ?? []), origin])],
    revision: (row?.revision ?? 0) + 1,
    receivedAtMs,
    updatedAtMs: nowMs,
    message: text,
  };
}
