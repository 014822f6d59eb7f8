import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { errorMessage, RetryableError } from '../../shared/core/errors.ts';
import { isPending, mergeEntries } from '../../shared/core/executions/merge-entries.ts';
import { resumeExecution } from '../../shared/core/executions/resume-execution.ts';
import {
  type DelayedMessage,
  delayedIfEarly,
  isLastAttempt,
  retryAtMs,
  retryMessage,
} from '../../shared/core/executions/retry-message.ts';
import { sourceState } from '../../shared/core/live/prepared.ts';
import type { ActionLogEntry, ActionOutcome } from '../../shared/core/logs/action-log-entry.ts';
import { type ActionsMessage, decodeActionsMessage } from '../../shared/core/plan/actions-message.ts';
import type { ActionContext } from '../../shared/core/runs/action-context.ts';
import { clip } from '../../shared/core/text.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import { asError, type Settled, toBatchResponse } from '../../shared/lambda/settle-each.ts';
import type { ActionLog } from '../../shared/ports/action-log.ts';
import type { ClaimStore } from '../../shared/ports/claim-store.ts';
import type { ConfigurationSource } from '../../shared/ports/configuration.ts';
import type { ActionsQueue } from '../../shared/ports/queues.ts';
import { type ActionPorts, runInvocations, type Tried } from './run-invocations.ts';

export type WorkflowTriggerDeps = Pick<
  ActionContext,
  'directory' | 'subscriptions' | 'audiences' | 'runs' | 'openTarget' | 'environment' | 'nowMs'
> & {
  configuration: ConfigurationSource;
  claims: Pick<ClaimStore, 'release'>;
  actionLog: ActionLog;
  actionsQueue: ActionsQueue;
  metrics: StageMetrics;
  warn(message: string, context: Record<string, unknown>): void;
  random(): number;
  /** Deliveries after which a message goes to the dead-letter queue. */
  maxReceiveCount: number;
};

/** One received message on its way through the batch. */
type Delivery = {
  record: SQSRecord;
  receiveCount: number;
  message?: ActionsMessage;
  /** How long its source keeps its rows; absent: as long as the environment does. */
  retentionDays?: number;
  /** The row as it was read; absent when it was not, or when there is none. */
  row?: ActionLogEntry;
  /** What this attempt found, as a row of its own. */
  found?: ActionLogEntry;
  /** The message to send before anything is written. */
  retry?: DelayedMessage;
  settled?: Settled;
};

/**
 * A batch of actions messages, start to finish. The order run → send the retry → write the row → acknowledge is the
 * promise: a row that says "pending" has a message under way, whatever dies in between.
 * docs/protocols/retries.md.
 *
 * @param deadlineMs when calls to targets must be over, so that what was found can still be sent and written
 */
export async function runActions(
  records: SQSRecord[],
  deps: WorkflowTriggerDeps,
  deadlineMs: number,
): Promise<SQSBatchResponse> {
  const ports: ActionPorts = {
    ...deps,
    configuration: await deps.configuration.current(),
    deadlineMs,
    count: (source, name) => deps.metrics.count(source, name),
  };
  const deliveries = records.map(
    (record): Delivery => ({ record, receiveCount: Number(record.attributes.ApproximateReceiveCount) }),
  );
  await Promise.all(deliveries.map((delivery) => attempt(delivery, ports, deps).catch(failed(delivery))));
  await sendRetries(deliveries, deps);
  await writeRows(deliveries, deps);
  await Promise.all(deliveries.map((delivery) => explainFailure(delivery, deps)));
  deps.metrics.flush();
  return toBatchResponse(
    records,
    deliveries.map(({ settled }) => settled ?? { kind: 'retry', error: new Error('the record was not settled') }),
  );
}

const failed = (delivery: Delivery) => (error: unknown) => {
  delivery.settled = { kind: 'retry', error: asError(error) };
};

/** Runs what is still open. Only messages that may have been here before are worth a read. */
async function attempt(delivery: Delivery, ports: ActionPorts, deps: WorkflowTriggerDeps): Promise<void> {
  const received = decodeActionsMessage(delivery.record.body);
  delivery.message = received;
  const { retention_days } = sourceState(ports.configuration, received.source);
  if (retention_days !== undefined) delivery.retentionDays = retention_days;
  const nowMs = deps.nowMs();
  const early = delayedIfEarly(received, nowMs);
  if (early) {
    delivery.retry = early;
    return;
  }
  const again = received.again || received.n > 1 || delivery.receiveCount > 1;
  const row = again ? await deps.actionLog.read(received.execution) : undefined;
  if (row) delivery.row = row;
  const resumption = resumeExecution(received, row);
  if (resumption.kind === 'acknowledge') {
    // Its event may have taken the claim over once more, which ends the release, and nothing will run that could fail again.
    if (received.claim && row && namesFailure(received, row)) {
      await deps.claims.release(received.claim, received.execution);
    }
    delivery.settled = { kind: 'done' };
    return;
  }
  const { message, open, before, isSeen } = resumption;
  delivery.message = message;
  const isLast = isLastAttempt(message, nowMs);
  const tried = await runInvocations({ message, open, before, again, isSeen, isLast }, ports);
  // Before the row: once the failure is written, nobody comes back to release the claim.
  if (message.claim && tried.some(({ outcome }) => outcome.status === 'failed')) {
    await deps.claims.release(message.claim, message.execution);
  }
  Object.assign(delivery, conclude(message, tried, deps));
}

function namesFailure({ invocations }: ActionsMessage, { actions }: ActionLogEntry): boolean {
  const named = new Set(invocations.map(({ id }) => id));
  return actions.some(({ id, status }) => status === 'failed' && named.has(id));
}

function conclude(
  message: ActionsMessage,
  tried: Tried[],
  deps: WorkflowTriggerDeps,
): Pick<Delivery, 'found' | 'retry'> {
  const nowMs = deps.nowMs();
  const random = deps.random();
  const timed = tried.map((one) => withRetryTime(one, message, { nowMs, random }));
  const pending = timed.filter(({ outcome }) => isPending(outcome));
  const retry =
    pending.length === 0
      ? undefined
      : retryMessage(message, {
          retryAtMs: Math.min(...pending.flatMap(({ outcome }) => outcome.retryAtMs ?? [])),
          isHeadway: pending.every(({ outcome, isHeadway }) => isHeadway || isUndisturbed(outcome)),
          nowMs,
        });
  // What waits for another action comes along with the message.
  const actions = timed.map(({ outcome }) =>
    isPending(outcome) && retry?.retryAtMs !== undefined ? { retryAtMs: retry.retryAtMs, ...outcome } : outcome,
  );
  const { execution, eventId, source, eventType, configVersion, receivedAtMs, origin } = message;
  return {
    found: {
      execution,
      eventId,
      source,
      eventType,
      configVersion,
      actions,
      next: retry?.n ?? 0,
      origins: [origin],
      revision: 1,
      receivedAtMs,
      updatedAtMs: nowMs,
    },
    ...(retry && { retry }),
  };
}

/** When each pending action is tried again: one that was not due keeps its time, one that waits has none. */
function withRetryTime(
  one: Tried,
  message: ActionsMessage,
  { nowMs, random }: { nowMs: number; random: number },
): Tried {
  const { outcome, retryAfterSeconds, isHeadway } = one;
  const isSettled = !isPending(outcome) || outcome.reason === 'waiting_for_earlier_action';
  if (isSettled || outcome.retryAtMs !== undefined) return one;
  // One that goes on at once and stands still would do so again and again.
  const isStuck = outcome.reason === 'continues' && !isHeadway;
  const askedSeconds = isHeadway ? (retryAfterSeconds ?? 0) : isStuck ? undefined : retryAfterSeconds;
  // A delay is over when it is over: nobody has failed together, so nobody is kept apart.
  const at = retryAtMs(message, { askedSeconds, nowMs, random: outcome.reason === 'delayed' ? 0 : random });
  return { ...one, outcome: { ...outcome, retryAtMs: at } };
}

/** Pending without having been tried: it waits for another action or for its time. */
function isUndisturbed({ reason }: ActionOutcome): boolean {
  return reason === 'waiting_for_earlier_action' || reason === 'delayed';
}

/** Retries go out together; a message whose retry was not taken comes back itself. */
async function sendRetries(deliveries: Delivery[], deps: WorkflowTriggerDeps): Promise<void> {
  const retrying = deliveries.filter(({ retry, settled }) => retry !== undefined && settled === undefined);
  if (retrying.length === 0) return;
  const results = await deps.actionsQueue.sendEach(retrying.flatMap(({ retry }) => retry ?? [])).catch(asError);
  for (const [i, delivery] of retrying.entries()) {
    const result = results instanceof Error ? { sent: false as const, error: results } : results[i];
    if (!result?.sent) failed(delivery)(result?.error ?? new Error('the queue gave no answer'));
    // One that was early has nothing else to say.
    else if (delivery.found === undefined) delivery.settled = { kind: 'done' };
  }
}

/**
 * First attempts that left nothing pending or failed have nobody to agree with: their rows are written together, unconditionally.
 * Everything else is written on the condition that nobody wrote since it was read.
 */
async function writeRows(deliveries: Delivery[], deps: WorkflowTriggerDeps): Promise<void> {
  const unsettled = deliveries.filter(({ found, settled }) => found !== undefined && settled === undefined);
  const alone = unsettled.filter(isAlone);
  // A revision that nobody has read: a twin that read an earlier row must not take this one for it.
  const rows = alone.flatMap(rowOf).map((row) => ({ ...row, revision: row.updatedAtMs }));
  const batch = rows.length === 0 ? Promise.resolve([]) : deps.actionLog.writeEach(rows).catch(asError);
  const others = unsettled.filter((delivery) => !isAlone(delivery));
  await Promise.all(
    others.map((delivery) =>
      writeMerged(delivery, deps)
        .then(() => written(delivery, deps))
        .catch(failed(delivery)),
    ),
  );
  const errors = await batch;
  for (const [i, delivery] of alone.entries()) {
    const error = errors instanceof Error ? errors : errors[i];
    if (error) failed(delivery)(error);
    else written(delivery, deps);
  }
}

function isAlone({ message, receiveCount, retry, found }: Delivery): boolean {
  // The queue may deliver a first message twice and count neither: a failure must not write over its twin's success.
  const hasFailed = found?.actions.some(({ status }) => status === 'failed') ?? false;
  return message?.n === 1 && !message.again && receiveCount === 1 && retry === undefined && !hasFailed;
}

const writeAttemptsMax = 10;

/** What is written of a delivery, with the time that its source keeps it. */
function rowOf({ found, retentionDays }: Delivery): ActionLogEntry[] {
  return found === undefined ? [] : [{ ...found, ...(retentionDays !== undefined && { retentionDays }) }];
}

async function writeMerged(delivery: Delivery, deps: WorkflowTriggerDeps): Promise<void> {
  const [found] = rowOf(delivery);
  if (found === undefined) return;
  let stored = delivery.row;
  for (let tries = 1; tries <= writeAttemptsMax; tries++) {
    const merged = mergeEntries(found, stored);
    if (merged === undefined) return;
    if (await deps.actionLog.writeIfUnchanged(merged, stored?.revision ?? 0)) return;
    stored = await deps.actionLog.read(found.execution);
  }
  throw new RetryableError(`the row of execution ${found.execution} kept changing`);
}

const metricOf = {
  succeeded: 'ActionsSucceeded',
  skipped: 'ActionsSkipped',
  failed: 'ActionsFailed',
  pending: 'ActionsRetried',
} as const;

function written(delivery: Delivery, { metrics }: WorkflowTriggerDeps): void {
  delivery.settled = { kind: 'done' };
  for (const { status, reason } of delivery.found?.actions ?? []) {
    metrics.count(delivery.found?.source ?? 'unknown', metricOf[status], 1, reason);
  }
}

/**
 * A record that fails comes back when its visibility ends. On its last delivery the reason is left in its row, as the
 * detail of whatever is still open: the dead-letter queue carries messages and no errors.
 */
async function explainFailure(delivery: Delivery, deps: WorkflowTriggerDeps): Promise<void> {
  const { settled, message, record, receiveCount } = delivery;
  if (settled?.kind !== 'retry') return;
  const error = errorMessage(settled.error);
  deps.warn('an actions message will be delivered again', {
    message_id: record.messageId,
    execution: message?.execution,
    receive_count: receiveCount,
    error,
  });
  if (message === undefined || receiveCount < deps.maxReceiveCount) return;
  const nowMs = deps.nowMs();
  const { execution, eventId, source, eventType, configVersion, receivedAtMs } = message;
  const actions = message.invocations.map(
    ({ id, action, mapping, payload }): ActionOutcome => ({
      id,
      action,
      mapping,
      payload,
      status: 'pending',
      detail: clip(error),
      attempts: receiveCount,
    }),
  );
  // Nothing was concluded, so the row does not learn of the origin.
  const found = {
    execution,
    eventId,
    source,
    eventType,
    configVersion,
    actions,
    next: 0,
    origins: [],
    revision: 1,
    receivedAtMs,
    updatedAtMs: nowMs,
  };
  // The dead-letter function writes the row if this does not.
  await deps.actionLog
    .read(execution)
    .then((row) => writeMerged({ ...delivery, found, ...(row && { row }) }, deps))
    .catch(() => undefined);
}
