import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { errorMessage, RetryableError } from '../../shared/core/errors.ts';
import { decodeRawEvent, type RawEvent } from '../../shared/core/events/raw-event.ts';
import { eventIdTimeMs } from '../../shared/core/ids/event-id.ts';
import { type EventLogEntry, isDone } from '../../shared/core/logs/event-log-entry.ts';
import { actionsMessageOf } from '../../shared/core/plan/actions-of.ts';
import { type PlannedEvent, readAndPlan } from '../../shared/core/plan/plan-event.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import { asError, type Settled, toBatchResponse } from '../../shared/lambda/settle-each.ts';
import type { ClaimStore } from '../../shared/ports/claim-store.ts';
import type { ConfigurationSource, LiveConfiguration } from '../../shared/ports/configuration.ts';
import type { EventLog } from '../../shared/ports/event-log.ts';
import type { Preprocessor } from '../../shared/ports/preprocessor.ts';
import type { ActionsQueue, ReceivedMessages } from '../../shared/ports/queues.ts';
import type { SeenRegistry } from '../../shared/ports/seen-registry.ts';
import { claimEvent } from './claim-event.ts';

export type ProcessorDeps = {
  configuration: ConfigurationSource;
  claims: ClaimStore;
  eventLog: EventLog;
  actionsQueue: ActionsQueue;
  receivedMessages: ReceivedMessages;
  seen: SeenRegistry;
  preprocessor: Preprocessor;
  metrics: StageMetrics;
  warn(message: string, context: Record<string, unknown>): void;
  nowMs(): number;
  random(): number;
  /** Deliveries after which a message goes to the dead-letter queue. */
  maxReceiveCount: number;
};

/** One received message on its way through the batch. */
type Delivery = {
  record: SQSRecord;
  receiveCount: number;
  planned?: PlannedEvent;
  settled?: Settled;
  /** When a record that has to come back should; by default later with every delivery. */
  returnAtMs?: number;
};

type Ready = Delivery & { planned: PlannedEvent };

/** What an event does after its claim was decided on. */
type Step =
  | { kind: 'acknowledge' }
  | { kind: 'hand_back'; atMs: number; why: string }
  | { kind: 'log'; entry: EventLogEntry }
  | { kind: 'run'; execution: string; again: boolean };

/**
 * A batch of raw events, start to finish. The order claim → emit → mark is the promise: a row in the event log says that
 * everything before it has happened. docs/protocols/claim.md.
 *
 * @param leaseMs how long this call can still be at work, with a margin: others leave its claims alone for that long
 */
export async function processBatch(
  records: SQSRecord[],
  deps: ProcessorDeps,
  leaseMs: number,
): Promise<SQSBatchResponse> {
  const configuration = await deps.configuration.current();
  const deliveries = await Promise.all(records.map((record) => planDelivery(record, configuration, deps)));
  for (const turn of takeTurns(deliveries)) await processTurn(turn, deps, leaseMs);
  await noteSeen(deliveries, deps);
  await returnUnfinished(deliveries, deps);
  deps.metrics.flush();
  return toBatchResponse(
    records,
    deliveries.map(({ settled }) => settled ?? { kind: 'retry', error: new Error('the record was not settled') }),
  );
}

/** Reads and matches one record: no I/O. What cannot be read comes back until the dead-letter function explains it. */
async function planDelivery(
  record: SQSRecord,
  configuration: LiveConfiguration,
  { preprocessor }: ProcessorDeps,
): Promise<Delivery> {
  const delivery = { record, receiveCount: Number(record.attributes.ApproximateReceiveCount) };
  try {
    return { ...delivery, planned: await readAndPlan(decodeRawEvent(record.body), configuration, preprocessor) };
  } catch (error) {
    return { ...delivery, settled: { kind: 'retry', error: asError(error) } };
  }
}

/** Repeats of one key within a batch are taken in turn, so that the second finds the first one's row. */
function takeTurns(deliveries: Delivery[]): Ready[][] {
  const turns: Ready[][] = [];
  const seen = new Map<string, number>();
  for (const delivery of deliveries) {
    const { planned } = delivery;
    if (planned === undefined) continue;
    const { key, event, raw } = planned;
    const identity = key === undefined ? raw.id : `${key}\n${raw.source}\n${event?.eventType}`;
    const turn = seen.get(identity) ?? 0;
    seen.set(identity, turn + 1);
    turns[turn] ??= [];
    turns[turn].push(delivery as Ready);
  }
  return turns;
}

async function processTurn(turn: Ready[], deps: ProcessorDeps, leaseMs: number): Promise<void> {
  const steps = await Promise.all(
    turn.map((delivery) => decide(delivery, deps, leaseMs).catch((error) => asError(error))),
  );
  const running: { delivery: Ready; execution: string; again: boolean }[] = [];
  const rows: { delivery: Ready; entry: EventLogEntry }[] = [];
  for (const [i, delivery] of turn.entries()) {
    const step = steps[i];
    if (step === undefined || step instanceof Error) settleRetry(delivery, step ?? new Error('not decided'));
    else if (step.kind === 'acknowledge') delivery.settled = { kind: 'done' };
    else if (step.kind === 'hand_back') settleRetry(delivery, new RetryableError(step.why), step.atMs);
    else if (step.kind === 'log') rows.push({ delivery, entry: step.entry });
    else running.push({ delivery, execution: step.execution, again: step.again });
  }
  rows.push(...(await emit(running, deps, leaseMs)));
  await mark(rows, deps);
}

/** Steps 0 and 1: what needs no claim is logged; everything else asks for its key. */
async function decide({ planned, receiveCount }: Ready, deps: ProcessorDeps, leaseMs: number): Promise<Step> {
  const { raw, key, plan } = planned;
  if (plan.kind !== 'run') {
    // An earlier delivery may have run it, by a configuration that still had a mapping: its row stands.
    const status = receiveCount > 1 ? await deps.eventLog.statusOf(raw.id, raw.source) : undefined;
    if (status !== undefined && isDone(status)) return { kind: 'acknowledge' };
    return { kind: 'log', entry: logEntry(planned, deps.nowMs(), { status: plan.kind, ...reasonOf(plan) }) };
  }
  // Without a key nothing is protected from repeats, but redeliveries and replays still carry on with one execution.
  if (key === undefined || raw.replayOf !== undefined) {
    return { kind: 'run', execution: raw.execution ?? raw.id, again: receiveCount > 1 || raw.execution !== undefined };
  }
  const claimed = await claimEvent(planned, key, deps, leaseMs);
  if (claimed.kind !== 'duplicate') return claimed;
  const { owner, execution } = claimed.of;
  const outcome = { status: 'idempotent', reason: 'duplicate', execution, duplicateOf: owner } as const;
  return { kind: 'log', entry: logEntry(planned, deps.nowMs(), outcome) };
}

/** Step 2: one message per event with its execution and all its actions. */
async function emit(
  running: { delivery: Ready; execution: string; again: boolean }[],
  deps: ProcessorDeps,
  leaseMs: number,
): Promise<{ delivery: Ready; entry: EventLogEntry }[]> {
  if (running.length === 0) return [];
  const nowMs = deps.nowMs();
  const messages = running.map(({ delivery, execution, again }) =>
    actionsMessageOf(delivery.planned, { execution, again, nowMs }),
  );
  const results = await deps.actionsQueue.sendEach(messages);
  return running.flatMap(({ delivery, execution }, i) => {
    const result = results[i];
    if (!result?.sent) {
      // Our claim keeps its lease; coming back before it ends would only find ourselves at work.
      settleRetry(
        delivery,
        result?.error ?? new Error('not sent'),
        delivery.planned.key === undefined ? undefined : nowMs + leaseMs,
      );
      return [];
    }
    const actionsPlanned = messages[i]?.invocations.length ?? 0;
    return [{ delivery, entry: logEntry(delivery.planned, nowMs, { status: 'processed', execution, actionsPlanned }) }];
  });
}

/** Step 3: the row is the completion mark, so it comes last. */
async function mark(rows: { delivery: Ready; entry: EventLogEntry }[], deps: ProcessorDeps): Promise<void> {
  if (rows.length === 0) return;
  const errors = await deps.eventLog.writeEach(rows.map(({ entry }) => entry));
  for (const [i, { delivery, entry }] of rows.entries()) {
    const error = errors[i];
    if (error) settleRetry(delivery, error);
    else {
      delivery.settled = { kind: 'done' };
      deps.metrics.count(entry.source, metricOf[entry.status], 1, entry.reason);
      deps.metrics.time(entry.source, 'ProcessingLagMs', entry.processedAtMs - entry.receivedAtMs);
    }
  }
}

const metricOf = {
  processed: 'EventsProcessed',
  no_mapping: 'EventsUnmapped',
  idempotent: 'EventsDuplicate',
  rejected: 'EventsRejected',
  failed: 'EventsFailed',
} as const;

function settleRetry(delivery: Delivery, error: Error, returnAtMs?: number): void {
  delivery.settled = { kind: 'retry', error };
  if (returnAtMs !== undefined) delivery.returnAtMs = returnAtMs;
}

/**
 * Step 4, for what has to come back: soon rather than when its visibility ends, later with every delivery. On its last
 * delivery a record's reason is logged first, since the dead-letter queue carries messages and no errors.
 */
async function returnUnfinished(deliveries: Delivery[], deps: ProcessorDeps): Promise<void> {
  const unfinished = deliveries.filter(({ settled }) => settled?.kind === 'retry');
  if (unfinished.length === 0) return;
  const nowMs = deps.nowMs();
  await Promise.all(unfinished.map((delivery) => explainLastDelivery(delivery, deps)));
  await deps.receivedMessages.handBack(
    unfinished.map(({ record, receiveCount, returnAtMs, planned }) => {
      deps.metrics.count(planned?.raw.source ?? 'unknown', 'EventsHandedBack');
      const backoffMs = Math.min(180, 5 * 2 ** (receiveCount - 1)) * 1000;
      const waitMs = returnAtMs === undefined ? backoffMs : Math.max(0, returnAtMs - nowMs);
      // Jitter, so that what failed together does not return together.
      return { receiptHandle: record.receiptHandle, visibleInSeconds: waitMs / 1000 + deps.random() * 2 };
    }),
  );
}

async function explainLastDelivery(
  { planned, record, receiveCount, settled }: Delivery,
  deps: ProcessorDeps,
): Promise<void> {
  if (receiveCount < deps.maxReceiveCount || settled?.kind !== 'retry') return;
  const context = { event_id: planned?.raw.id, message_id: record.messageId, error: settled.error.message };
  deps.warn('a record failed on its last delivery', context);
  if (planned === undefined) return;
  const entry = logEntry(planned, deps.nowMs(), {
    status: 'failed',
    reason: 'retries_exhausted',
    detail: errorMessage(settled.error),
  });
  // The dead-letter function writes it if this does not.
  await deps.eventLog.writeFailed(entry).catch(() => undefined);
}

async function noteSeen(deliveries: Delivery[], deps: ProcessorDeps): Promise<void> {
  const seen = deliveries.flatMap(({ planned, settled }) =>
    planned && settled?.kind === 'done'
      ? [
          {
            source: planned.raw.source,
            eventId: planned.raw.id,
            ...(planned.event && { eventType: planned.event.eventType }),
            ...(planned.raw.oldCredentials && { oldCredentials: planned.raw.oldCredentials }),
          },
        ]
      : [],
  );
  await deps.seen
    .note(seen, deps.nowMs())
    .catch((error) => deps.warn('event types seen could not be noted', { error: errorMessage(error) }));
}

// Text for people and indexes; the event itself keeps its full length in the payload.
const clip = (text: string) => (text.length > 512 ? `${text.slice(0, 511)}…` : text);

type Outcome = Pick<EventLogEntry, 'status'> &
  Partial<Pick<EventLogEntry, 'reason' | 'detail' | 'execution' | 'duplicateOf' | 'actionsPlanned'>>;

function logEntry(planned: PlannedEvent, nowMs: number, { detail, ...outcome }: Outcome): EventLogEntry {
  const { raw, event, key, configVersion, preprocessing, retentionDays } = planned;
  return {
    id: raw.id,
    source: raw.source,
    ...(event && { eventType: clip(event.eventType) }),
    ...(event?.userId !== undefined && { userId: clip(event.userId) }),
    ...(key !== undefined && { key }),
    ...(detail !== undefined && { detail: clip(detail) }),
    configVersion,
    verification: raw.verification,
    actionsPlanned: 0,
    receivedAtMs: eventIdTimeMs(raw.id),
    processedAtMs: nowMs,
    ...batchOf(raw),
    ...(preprocessing && { preprocessMs: preprocessing.ms }),
    ...(preprocessing?.error !== undefined && { preprocessError: clip(preprocessing.error) }),
    ...(retentionDays !== undefined && { retentionDays }),
    payload: raw.payload,
    ...outcome,
  };
}

function batchOf({ batchIndex, replayOf }: RawEvent): Pick<EventLogEntry, 'batchIndex' | 'replayOf'> {
  return { ...(batchIndex !== undefined && { batchIndex }), ...(replayOf !== undefined && { replayOf }) };
}

function reasonOf({ reason, detail }: { reason: EventLogEntry['reason']; detail?: string }) {
  return { ...(reason && { reason }), ...(detail !== undefined && { detail }) };
}
