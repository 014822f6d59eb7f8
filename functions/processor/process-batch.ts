import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { asError, RetryableError } from '../../shared/core/errors.ts';
import { decodeRawEvent } from '../../shared/core/events/raw-event.ts';
import { isDone } from '../../shared/core/logs/event-log-entry.ts';
import { actionsMessageOf } from '../../shared/core/plan/actions-of.ts';
import { type PlannedEvent, readAndPlan } from '../../shared/core/plan/plan-event.ts';
import { batchResponse, returnedForMs } from '../../shared/lambda/batch-response.ts';
import { type FunctionLog, logFailure } from '../../shared/lambda/failure-log.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import type { ClaimStore } from '../../shared/ports/claim-store.ts';
import type { ConfigurationSource, LiveConfiguration } from '../../shared/ports/configuration.ts';
import type { EventLog } from '../../shared/ports/event-log.ts';
import type { Preprocessor } from '../../shared/ports/preprocessor.ts';
import type { ActionsQueue, ReceivedMessages } from '../../shared/ports/queues.ts';
import type { SeenRegistry } from '../../shared/ports/seen-registry.ts';
import { claimEvent } from './claim-event.ts';
import { type EventOutcome, eventRow } from './event-row.ts';
import {
  type Claimed,
  done,
  type Emitted,
  failed,
  type Planned,
  type Received,
  returned,
  type Settled,
  split,
} from './stages.ts';

export type ProcessorDeps = {
  configuration: ConfigurationSource;
  claims: ClaimStore;
  eventLog: EventLog;
  actionsQueue: ActionsQueue;
  receivedMessages: ReceivedMessages;
  seen: SeenRegistry;
  preprocessor: Preprocessor;
  metrics: StageMetrics;
  log: FunctionLog;
  nowMs(): number;
  random(): number;
  /** Deliveries after which a message goes to the dead-letter queue. */
  maxReceiveCount: number;
};

/**
 * A batch of raw events from start to finish. The order claim → emit → mark is the promise: a row
 * in the event log means that everything before it has happened. A failed record does not affect
 * the others. docs/protocols/claim.md.
 * @param leaseMs how long this call can still work, with a margin: other calls do not take over its
 * claims for that time
 * @throws the error of the configuration's table if no configuration was ever read: the whole batch
 * comes back
 */
export async function processBatch(
  records: SQSRecord[],
  deps: ProcessorDeps,
  leaseMs: number,
): Promise<SQSBatchResponse> {
  const configuration = await deps.configuration.current().catch((error) => {
    logFailure(deps.log, 'a batch failed: there is no configuration', asError(error), { records: records.length });
    throw error;
  });
  const { next: planned, settled } = split(await planEach(records.map(receive), configuration, deps, leaseMs));
  for (const turn of takeTurns(planned)) settled.push(...(await processTurn(turn, deps, leaseMs)));
  await noteSeen(settled, deps);
  await returnUnfinished(settled, deps);
  deps.metrics.flush();
  const finished = new Set(settled.flatMap(({ record, end }) => (end.kind === 'done' ? [record] : [])));
  return batchResponse(records, finished);
}

function receive(record: SQSRecord): Received {
  return { record, receiveCount: Number(record.attributes.ApproximateReceiveCount) };
}

/**
 * Reads and matches one record after the other, without I/O except for sources with an expression.
 * After half of the call's time the rest is returned at once, so that planned events can still be
 * sent on and logged.
 */
async function planEach(
  received: Received[],
  configuration: LiveConfiguration,
  deps: ProcessorDeps,
  leaseMs: number,
): Promise<(Planned | Settled)[]> {
  const untilMs = deps.nowMs() + leaseMs / 2;
  const results: (Planned | Settled)[] = [];
  for (const one of received) {
    const nowMs = deps.nowMs();
    results.push(
      nowMs < untilMs
        ? await plan(one, configuration, deps)
        : returned(one, 'other records of its batch took all the time', nowMs),
    );
  }
  return results;
}

/** An unreadable message comes back until the dead-letter function explains it. */
async function plan(
  received: Received,
  configuration: LiveConfiguration,
  { preprocessor }: ProcessorDeps,
): Promise<Planned | Settled> {
  try {
    const raw = decodeRawEvent(received.record.body);
    return { ...received, planned: await readAndPlan(raw, configuration, preprocessor) };
  } catch (error) {
    return failed(received, asError(error));
  }
}

/** Copies of one key within a batch take turns, so that the second finds the row of the first. */
function takeTurns(all: Planned[]): Planned[][] {
  const turns: Planned[][] = [];
  const turnOf = new Map<string, number>();
  for (const one of all) {
    const { key, event, raw } = one.planned;
    const identity = key === undefined ? raw.id : `${key}\n${raw.source}\n${event?.eventType}`;
    const turn = turnOf.get(identity) ?? 0;
    turnOf.set(identity, turn + 1);
    turns[turn] ??= [];
    turns[turn].push(one);
  }
  return turns;
}

async function processTurn(turn: Planned[], deps: ProcessorDeps, leaseMs: number): Promise<Settled[]> {
  const claimed = split(await Promise.all(turn.map((one) => claim(one, deps, leaseMs))));
  const emitted = split(await emit(claimed.next, deps, leaseMs));
  return [...claimed.settled, ...emitted.settled, ...(await mark(emitted.next, deps))];
}

/** Steps 0 and 1: events without a claim are logged; all others ask for their key. */
async function claim(planned: Planned, deps: ProcessorDeps, leaseMs: number): Promise<Claimed | Settled> {
  try {
    return await decide(planned, deps, leaseMs);
  } catch (error) {
    return failed(planned, asError(error));
  }
}

async function decide(one: Planned, deps: ProcessorDeps, leaseMs: number): Promise<Claimed | Settled> {
  const { planned, receiveCount } = one;
  const { raw, key, plan } = planned;
  const hold = holdOf(planned);
  if (hold !== undefined) return { ...one, next: { kind: 'log', outcome: hold } };
  if (plan.kind !== 'run') {
    // An earlier delivery may have run it while the configuration still had a mapping: its row
    // stands.
    const status = receiveCount > 1 ? await deps.eventLog.statusOf(raw.id, raw.source) : undefined;
    if (status !== undefined && isDone(status)) return done(one);
    const { kind, ...why } = plan;
    return { ...one, next: { kind: 'log', outcome: { status: kind, ...why } } };
  }
  // A record that a request has applied, and nothing else runs for: only its row is missing.
  if (plan.invocations.length === 0)
    return { ...one, next: { kind: 'log', outcome: { status: 'processed', execution: raw.execution ?? raw.id } } };
  // Without a key the event is not protected from copies, but redeliveries and replays still
  // continue one execution.
  if (key === undefined || raw.replayOf !== undefined) {
    const again = receiveCount > 1 || raw.execution !== undefined;
    return { ...one, next: { kind: 'emit', execution: raw.execution ?? raw.id, again } };
  }
  const claimed = await claimEvent(planned, key, deps, leaseMs);
  switch (claimed.kind) {
    case 'acknowledge':
      return done(one);
    case 'hand_back':
      return returned(one, claimed.why, claimed.atMs);
    case 'run':
      return { ...one, next: { kind: 'emit', execution: claimed.execution, again: claimed.again } };
    case 'duplicate': {
      const { owner, execution } = claimed.of;
      const outcome = { status: 'idempotent', reason: 'duplicate', execution, duplicateOf: owner } as const;
      return { ...one, next: { kind: 'log', outcome } };
    }
  }
}

/**
 * What senders send to a paused source is kept for its release, without a claim. What an operator
 * sends again runs, and nothing of an erased person is kept.
 */
function holdOf({ raw, hold, plan }: PlannedEvent): EventOutcome | undefined {
  if (hold === undefined || raw.replay !== undefined || raw.replayOf !== undefined) return undefined;
  if (plan.kind === 'rejected' && plan.reason === 'person_erased') return undefined;
  const why = hold.reason === undefined ? '' : `: ${hold.reason}`;
  return { status: 'held', reason: 'source_paused', detail: `its source was paused on ${hold.since}${why}` };
}

/**
 * Step 2: one message per event with its execution and all its actions; all messages are sent
 * together.
 */
async function emit(claimed: Claimed[], deps: ProcessorDeps, leaseMs: number): Promise<(Emitted | Settled)[]> {
  const nowMs = deps.nowMs();
  const prepared = claimed.map((one) => prepare(one, nowMs));
  const messages = prepared.flatMap((one) => ('message' in one ? [one.message] : []));
  const results = messages.length === 0 ? [] : await deps.actionsQueue.sendEach(messages).catch(asError);
  let sent = 0;
  return prepared.map((one) => {
    if (!('message' in one)) return one;
    const result = results instanceof Error ? { sent: false as const, error: results } : results[sent++];
    if (result?.sent) return one.emitted;
    const error = result?.error ?? new Error('the queue gave no answer for an actions message');
    // Our claim keeps its lease; a redelivery before its end would only find this lease.
    return failed(one.emitted, error, one.emitted.planned.key === undefined ? undefined : nowMs + leaseMs);
  });
}

type Prepared = Emitted | Settled | { message: ReturnType<typeof actionsMessageOf>; emitted: Emitted };

/** An event's message, and the row to write after it. */
function prepare({ next, ...planned }: Claimed, nowMs: number): Prepared {
  if (next.kind === 'log') return { ...planned, row: eventRow(planned.planned, next.outcome, nowMs) };
  try {
    const { execution, again } = next;
    const message = actionsMessageOf(planned.planned, { execution, again, nowMs });
    const outcome = { status: 'processed', execution, actionsPlanned: message.invocations.length } as const;
    return { message, emitted: { ...planned, row: eventRow(planned.planned, outcome, nowMs) } };
  } catch (error) {
    return failed(planned, asError(error));
  }
}

/** Step 3: the row marks completion, so it comes last. */
async function mark(emitted: Emitted[], deps: ProcessorDeps): Promise<Settled[]> {
  if (emitted.length === 0) return [];
  const [held, others] = partition(emitted, ({ row }) => row.status === 'held');
  const errors = others.length === 0 ? [] : await deps.eventLog.writeEach(others.map(({ row }) => row)).catch(asError);
  const settled = others.map(({ row, ...planned }, i) => {
    const error = errors instanceof Error ? errors : errors[i];
    if (error) return failed(planned, error);
    deps.metrics.count(row.source, metricOf[row.status], 1, row.reason);
    deps.metrics.time(row.source, 'ProcessingLagMs', row.processedAtMs - row.receivedAtMs);
    return done(planned, row);
  });
  return [...settled, ...(await Promise.all(held.map((one) => markHeld(one, deps))))];
}

/** A late delivery must not put an event back on hold that has run: its row stands. */
async function markHeld({ row, ...planned }: Emitted, { eventLog, metrics }: ProcessorDeps): Promise<Settled> {
  try {
    if (!(await eventLog.writeHeld(row))) return done(planned);
    metrics.count(row.source, metricOf.held, 1, row.reason);
    return done(planned, row);
  } catch (error) {
    return failed(planned, asError(error));
  }
}

function partition<Item>(items: Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

const metricOf = {
  processed: 'EventsProcessed',
  no_mapping: 'EventsUnmapped',
  idempotent: 'EventsDuplicate',
  rejected: 'EventsRejected',
  failed: 'EventsFailed',
  held: 'EventsHeld',
} as const;

/**
 * Step 4, for records that must come back: sooner than their visibility ends, but later with every
 * delivery.
 */
async function returnUnfinished(settled: Settled[], deps: ProcessorDeps): Promise<void> {
  const unfinished = settled.filter(({ end }) => end.kind !== 'done');
  if (unfinished.length === 0) return;
  await Promise.all(unfinished.map((one) => explain(one, deps)));
  const nowMs = deps.nowMs();
  for (const { planned, record } of unfinished) {
    const source = planned?.raw.source ?? 'unknown';
    deps.metrics.count(source, 'EventsHandedBack');
    deps.metrics.time(source, 'EventsReturnedMs', returnedForMs(record, nowMs));
  }
  const messages = unfinished.map((one) => ({
    receiptHandle: one.record.receiptHandle,
    // Jitter, so that records that failed together do not return together.
    visibleInSeconds: waitMs(one, nowMs) / 1000 + deps.random() * 2,
  }));
  await deps.receivedMessages.handBack(messages).catch((error) => {
    // They come back when their visibility ends: later, but none is lost.
    logFailure(deps.log, 'records could not be handed back', asError(error), { records: messages.length });
  });
}

function waitMs({ end, receiveCount }: Settled, nowMs: number): number {
  const returnAtMs = end.kind === 'done' ? undefined : end.returnAtMs;
  if (returnAtMs !== undefined) return Math.max(0, returnAtMs - nowMs);
  return Math.min(180, 5 * 2 ** (receiveCount - 1)) * 1000;
}

/**
 * Every failure is logged when it happens, since dead-letter queues hold messages without errors.
 * On a record's last delivery its row has the reason too.
 */
async function explain({ planned, record, receiveCount, end }: Settled, deps: ProcessorDeps): Promise<void> {
  if (end.kind === 'done') return;
  const isLast = receiveCount >= deps.maxReceiveCount;
  if (end.kind === 'returned' && !isLast) return;
  const error = end.kind === 'failed' ? end.error : new RetryableError(end.why);
  const ids = {
    event_id: planned?.raw.id,
    source: planned?.raw.source,
    message_id: record.messageId,
    delivery: receiveCount,
  };
  logFailure(deps.log, isLast ? 'a record failed on its last delivery' : 'a record failed', error, ids);
  if (!isLast || planned === undefined) return;
  const outcome = { status: 'failed', reason: 'retries_exhausted', detail: error.message } as const;
  const row = eventRow(planned, outcome, deps.nowMs());
  try {
    const written = await deps.eventLog.writeFailed(row);
    if (written !== 'final') deps.metrics.count(row.source, metricOf.failed, 1, outcome.reason);
  } catch (cause) {
    // The dead-letter function writes the row instead, and counts it.
    logFailure(deps.log, 'the row of a failed event could not be written', asError(cause), ids);
  }
}

/** Best effort: people look there for types to map, and no event waits for it. */
async function noteSeen(settled: Settled[], deps: ProcessorDeps): Promise<void> {
  const seen = settled.flatMap(({ planned, end }) =>
    planned && end.kind === 'done'
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
  await deps.seen.note(seen, deps.nowMs()).catch((error) => {
    logFailure(deps.log, 'event types seen could not be noted', asError(error), { events: seen.length });
  });
}
