import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { asError } from '../../shared/core/errors.ts';
import { type Conclusion, concludeAttempt } from '../../shared/core/executions/conclude-attempt.ts';
import { messageWithoutErased } from '../../shared/core/executions/message-without-erased.ts';
import { resumeExecution } from '../../shared/core/executions/resume-execution.ts';
import {
  type DelayedMessage,
  delayedIfEarly,
  isLastAttempt,
  waitUntil,
} from '../../shared/core/executions/retry-message.ts';
import { sourceState } from '../../shared/core/live/source-state.ts';
import { type ActionLogEntry, type ActionReason, hasFailed } from '../../shared/core/logs/action-log-entry.ts';
import { type ActionsMessage, decodeActionsMessage } from '../../shared/core/plan/actions-message.ts';
import type { ActionContext } from '../../shared/core/runs/action-context.ts';
import type { WorkflowRun } from '../../shared/core/runs/workflow-run.ts';
import { batchResponse, returnedForMs } from '../../shared/lambda/batch-response.ts';
import { type FunctionLog, logFailure } from '../../shared/lambda/failure-log.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import type { ActionLog } from '../../shared/ports/action-log.ts';
import type { ClaimStore } from '../../shared/ports/claim-store.ts';
import type { ConfigurationSource } from '../../shared/ports/configuration.ts';
import type { ActionsQueue, SendResult } from '../../shared/ports/queues.ts';
import { concludeTriggers } from './conclude-triggers.ts';
import { type ActionPorts, runInvocations } from './run-invocations.ts';
import { explainInRow, type RowToWrite, writeRows } from './write-rows.ts';

export type WorkflowTriggerDeps = Pick<
  ActionContext,
  'directory' | 'subscriptions' | 'audiences' | 'runs' | 'holds' | 'limiter' | 'openTarget' | 'environment' | 'nowMs'
> & {
  configuration: ConfigurationSource;
  claims: Pick<ClaimStore, 'release'>;
  actionLog: ActionLog;
  actionsQueue: ActionsQueue;
  metrics: StageMetrics;
  log: FunctionLog;
  random(): number;
  /** Deliveries after which a message goes to the dead-letter queue. */
  maxReceiveCount: number;
  /** Of rows, for sources that set none themselves. */
  retentionDays: number;
};

/** The result of the attempt at one record. */
type Attempted =
  /** No work was left. */
  | { kind: 'done' }
  /** It came before its time: only the same message is sent again. */
  | { kind: 'early'; message: ActionsMessage; retry: DelayedMessage }
  | ({ kind: 'tried'; message: ActionsMessage } & Conclusion & RowToWrite)
  /** `message` is absent when it could not be read. */
  | { kind: 'failed'; error: Error; message?: ActionsMessage };

/** Its retry is sent, so its row may be written now. */
type Sent = Exclude<Attempted, { kind: 'early' }>;

/** With its row written. */
type Written = Exclude<Sent, { kind: 'tried' }>;

/**
 * A batch of actions messages from start to finish. The order attempt → send the retry → write the
 * row → acknowledge is the promise: a pending row has a message under way, wherever the process
 * dies. Each stage answers in the order of the records. docs/protocols/retries.md.
 * @param deadlineMs when calls to targets must end, so that retries can still be sent and rows
 * written
 */
export async function runActions(
  records: SQSRecord[],
  deps: WorkflowTriggerDeps,
  deadlineMs: number,
): Promise<SQSBatchResponse> {
  const directoryWritten = records.map(makeSignal);
  const cancelled: WorkflowRun[] = [];
  const configuration = await currentConfiguration(records, deps);
  const ports: ActionPorts = {
    ...deps,
    batchWritten: async () => void (await Promise.all(directoryWritten.map(({ given }) => given))),
    noteCancelled: (run) => void cancelled.push(run),
    configuration,
    retentionDaysOf: (source) => sourceState(configuration, source).retention_days ?? deps.retentionDays,
    deadlineMs,
    count: (source, name) => deps.metrics.count(source, name),
  };
  const attempted = await Promise.all(
    records.map((record, i) => {
      const onWritten = () => directoryWritten[i]?.give();
      return attempt(record, onWritten, ports, deps).finally(onWritten);
    }),
  );
  const sent = await sendRetries(attempted, deps);
  const written = await writeTried(sent, deps);
  // After the rows: the trigger may have run in this very batch.
  await concludeTriggers(cancelled, ports, deps);
  await Promise.all(records.map((record, i) => explainFailure(record, written[i], ports, deps)));
  deps.metrics.flush();
  return batchResponse(records, new Set(records.filter((_, i) => written[i]?.kind === 'done')));
}

async function currentConfiguration(records: SQSRecord[], { configuration, log }: WorkflowTriggerDeps) {
  return configuration.current().catch((error) => {
    logFailure(log, 'a batch failed: there is no configuration', asError(error), { records: records.length });
    throw error;
  });
}

/** Other records wait for it; a second call has no effect. */
function makeSignal(): { given: Promise<void>; give(): void } {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
}

async function attempt(
  record: SQSRecord,
  onWritten: () => void,
  ports: ActionPorts,
  deps: WorkflowTriggerDeps,
): Promise<Attempted> {
  let message: ActionsMessage | undefined;
  try {
    message = decodeActionsMessage(record.body);
    return await runMessage(message, { receiveCount: receiveCountOf(record), onWritten }, ports, deps);
  } catch (error) {
    return { kind: 'failed', error: asError(error), ...(message && { message }) };
  }
}

function receiveCountOf({ attributes }: SQSRecord): number {
  return Number(attributes.ApproximateReceiveCount);
}

/** Runs the open actions. It reads the row only if the message may have been here before. */
async function runMessage(
  received: ActionsMessage,
  { receiveCount, onWritten }: { receiveCount: number; onWritten: () => void },
  ports: ActionPorts,
  deps: WorkflowTriggerDeps,
): Promise<Attempted> {
  const nowMs = deps.nowMs();
  const early = delayedIfEarly(received, nowMs);
  if (early) return { kind: 'early', message: received, retry: early };
  const again = received.again || received.n > 1 || receiveCount > 1;
  const stored = again ? await deps.actionLog.read(received.execution) : undefined;
  const screened = messageWithoutErased(received, ports.configuration.erased);
  const resumption = resumeExecution(screened.message, stored);
  if (resumption.kind === 'acknowledge') {
    // Its event may have taken the claim over again, which ended the release, and no action runs
    // now that could fail and release it.
    if (received.claim && stored && namesFailure(received, stored)) {
      await deps.claims.release(received.claim, received.execution);
    }
    return { kind: 'done' };
  }
  if (resumption.kind === 'wait') {
    return { kind: 'early', message: received, retry: waitUntil(received, resumption.untilMs, nowMs) };
  }
  const { message, open, before, isSeen } = resumption;
  const isLast = isLastAttempt(message, nowMs);
  const { leftOut } = screened;
  const tried = await runInvocations({ message, open, before, again, isSeen, isLast, leftOut, onWritten }, ports);
  const hasFailed = tried.some(({ outcome }) => outcome.status === 'failed');
  // Before the row: after the row with the failure, no message comes back to release the claim.
  if (message.claim && hasFailed) await deps.claims.release(message.claim, message.execution);
  const { row, ...rest } = concludeAttempt(message, tried, { nowMs: deps.nowMs(), random: deps.random() });
  return {
    kind: 'tried',
    message,
    row: { ...row, ...retentionOf(message, ports) },
    ...rest,
    ...(stored && { stored }),
    // The queue may deliver a first message twice and count it once: a failure must not overwrite
    // its twin's success.
    isAlone: message.n === 1 && !again && row.next === 0 && !hasFailed,
  };
}

function namesFailure({ invocations }: ActionsMessage, { actions }: ActionLogEntry): boolean {
  const named = new Set(invocations.map(({ id }) => id));
  return actions.some((action) => hasFailed(action) && named.has(action.id));
}

/** The source's retention of rows, if it has one. */
function retentionOf({ source }: ActionsMessage, { configuration }: ActionPorts): { retentionDays?: number } {
  const { retention_days } = sourceState(configuration, source);
  return retention_days === undefined ? {} : { retentionDays: retention_days };
}

/** Retries are sent together; a message whose retry was refused comes back itself. */
async function sendRetries(attempted: Attempted[], { actionsQueue }: WorkflowTriggerDeps): Promise<Sent[]> {
  const retries = attempted.flatMap((one) => retryOf(one) ?? []);
  const results = retries.length === 0 ? [] : await actionsQueue.sendEach(retries).catch(asError);
  let position = 0;
  return attempted.map((one): Sent => {
    if (one.kind === 'done' || one.kind === 'failed') return one;
    const result = retryOf(one) && resultAt(results, position++);
    if (result && !result.sent) return { kind: 'failed', error: result.error, message: one.message };
    return one.kind === 'early' ? { kind: 'done' } : one;
  });
}

function retryOf(one: Attempted): DelayedMessage | undefined {
  return one.kind === 'early' || one.kind === 'tried' ? one.retry : undefined;
}

/** The result of one retry; the queue may be unavailable for all of them. */
function resultAt(results: SendResult[] | Error, position: number): SendResult {
  if (results instanceof Error) return { sent: false, error: results };
  return results[position] ?? { sent: false, error: new Error('the queue gave no answer') };
}

async function writeTried(sent: Sent[], deps: WorkflowTriggerDeps): Promise<Written[]> {
  const tried = sent.filter((one) => one.kind === 'tried');
  const errors = await writeRows(tried, deps.actionLog);
  let position = 0;
  return sent.map((one): Written => {
    if (one.kind !== 'tried') return one;
    const error = errors[position++];
    if (error) return { kind: 'failed', error, message: one.message };
    countOutcomes(one, deps);
    return { kind: 'done' };
  });
}

const metricOf = {
  succeeded: 'ActionsSucceeded',
  skipped: 'ActionsSkipped',
  failed: 'ActionsFailed',
  pending: 'ActionsRetried',
} as const;

/** How long actions have waited, by whose fault it is. Other reasons are no trouble. */
const waitMetricOf = new Map<ActionReason | undefined, 'TargetWaitMs' | 'ActionsBlockedMs'>([
  ['target_unavailable', 'TargetWaitMs'],
  ['target_timeout', 'TargetWaitMs'],
  ['target_busy', 'TargetWaitMs'],
  ['table_unavailable', 'ActionsBlockedMs'],
  ['secret_missing', 'ActionsBlockedMs'],
]);

function countOutcomes({ row, message }: Extract<Sent, { kind: 'tried' }>, { metrics }: WorkflowTriggerDeps): void {
  for (const { status, reason } of row.actions) {
    // An operator's mark, which no attempt sets.
    if (status === 'discarded') continue;
    metrics.count(row.source, metricOf[status], 1, reason);
    const waits = status === 'pending' ? waitMetricOf.get(reason) : undefined;
    // Progress and the end of a delay begin the time anew.
    if (waits !== undefined) metrics.time(row.source, waits, Math.max(0, row.updatedAtMs - message.firstSentAtMs));
  }
}

/**
 * A failed record comes back when its visibility ends; on its last delivery its row gets the
 * reason.
 */
async function explainFailure(
  record: SQSRecord,
  written: Written | undefined,
  ports: ActionPorts,
  deps: WorkflowTriggerDeps,
): Promise<void> {
  if (written?.kind !== 'failed') return;
  const { error, message } = written;
  const receiveCount = receiveCountOf(record);
  const ids = {
    execution: message?.execution,
    event_id: message?.eventId,
    source: message?.source,
    message_id: record.messageId,
    delivery: receiveCount,
  };
  const isLast = receiveCount >= deps.maxReceiveCount;
  logFailure(deps.log, isLast ? 'a record failed on its last delivery' : 'a record failed', error, ids);
  deps.metrics.time(message?.source ?? 'unknown', 'ActionsReturnedMs', returnedForMs(record, deps.nowMs()));
  if (message === undefined || !isLast) return;
  const about = { error, receiveCount, nowMs: deps.nowMs(), ...retentionOf(message, ports) };
  await explainInRow(message, about, deps.actionLog).catch((cause) => {
    // The table itself may have failed; the dead-letter function writes the row instead.
    logFailure(deps.log, 'the row of failed actions could not be written', asError(cause), ids);
  });
}
