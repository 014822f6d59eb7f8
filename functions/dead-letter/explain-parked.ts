import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { asError } from '../../shared/core/errors.ts';
import { outcomeHead, rowHead } from '../../shared/core/executions/action-row.ts';
import type { ActionLogEntry, ActionOutcome } from '../../shared/core/logs/action-log-entry.ts';
import type { ActionsMessage } from '../../shared/core/plan/actions-message.ts';
import { type ParkedEvent, readParked } from '../../shared/core/plan/parked-message.ts';
import { batchResponse } from '../../shared/lambda/batch-response.ts';
import { type FunctionLog, logFailure } from '../../shared/lambda/failure-log.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import type { ActionLog } from '../../shared/ports/action-log.ts';
import type { ClaimStore } from '../../shared/ports/claim-store.ts';
import type { EventLog } from '../../shared/ports/event-log.ts';

export type DeadLetterDeps = {
  eventLog: EventLog;
  actionLog: ActionLog;
  claims: ClaimStore;
  metrics: StageMetrics;
  log: FunctionLog;
  nowMs(): number;
};

/**
 * Explains every message of a batch. A message that cannot be explained stays in its queue, and the
 * function's log has the reason.
 */
export async function explainBatch(records: SQSRecord[], deps: DeadLetterDeps): Promise<SQSBatchResponse> {
  const explained = new Set<SQSRecord>();
  const explainOne = async (record: SQSRecord) => {
    try {
      await explainParked(record, deps);
      explained.add(record);
    } catch (error) {
      logFailure(deps.log, 'a dead letter could not be explained', asError(error), {
        message_id: record.messageId,
        ...namedIn(record.body),
        delivery: Number(record.attributes.ApproximateReceiveCount),
      });
    }
  };
  await Promise.all(records.map(explainOne));
  deps.metrics.flush();
  return batchResponse(records, explained);
}

/**
 * Writes a row for one dead letter, with the reason and all that a replay needs; then the queue may
 * delete it. So the dead-letter queue keeps only messages that could not be written.
 * docs/protocols/retries.md, "Dead letters".
 * @throws Error when the message cannot be attributed, or the tables are unavailable: it stays in
 * the queue
 */
export async function explainParked(record: SQSRecord, deps: DeadLetterDeps): Promise<void> {
  const parked = readParked(record.body);
  if (parked.kind === 'actions') await explainActions(parked.message, record.body, deps);
  else await explainEvent(parked, deps);
  // After the row: a message that cannot be written comes back, but counts only once.
  deps.metrics.count(parked.source, 'DeadLetters');
}

async function explainEvent(parked: ParkedEvent, deps: DeadLetterDeps): Promise<void> {
  const { head, outcome } = parked;
  const written = await deps.eventLog.writeFailed({
    ...head,
    ...outcome,
    status: 'failed',
    actionsPlanned: 0,
    processedAtMs: deps.nowMs(),
  });
  // An earlier row was counted where it was written.
  if (written === 'written') deps.metrics.count(head.source, 'EventsFailed', 1, outcome.reason);
}

/** The message's ids for a log line, as far as they can be read. */
function namedIn(text: string): Record<string, unknown> {
  try {
    const parked = readParked(text);
    return parked.kind === 'event'
      ? { event_id: parked.head.id, source: parked.source }
      : { event_id: parked.message.eventId, execution: parked.message.execution, source: parked.source };
  } catch {
    return {};
  }
}

const writeAttemptsMax = 5;

async function explainActions(message: ActionsMessage, text: string, deps: DeadLetterDeps): Promise<void> {
  for (let tries = 1; ; tries++) {
    const row = await deps.actionLog.read(message.execution);
    const entry = withFailures(message, text, row, deps.nowMs());
    // Before the row, as for any failure: once the row is written, no message comes back to release
    // the claim.
    const hasFailed = (entry ?? row)?.actions.some(({ status }) => status === 'failed');
    if (message.claim && hasFailed) await deps.claims.release(message.claim, message.execution);
    if (entry === undefined) return;
    if (await deps.actionLog.writeIfUnchanged(entry, row?.revision ?? 0)) return;
    if (tries === writeAttemptsMax) throw new Error(`the action row of execution ${message.execution} kept changing`);
  }
}

/**
 * The row with every action without an outcome marked as failed; undefined when all have one.
 * Actions that wait for a later message of the chain still wait.
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
    return {
      ...outcomeHead(invocation),
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
  return {
    ...rowHead(message),
    actions: [...actions, ...others],
    // Kept, so that an older message of the chain is still superseded.
    next: row?.next ?? 0,
    origins: [...new Set([...(row?.origins ?? []), message.origin])],
    revision: (row?.revision ?? 0) + 1,
    updatedAtMs: nowMs,
    message: text,
  };
}
