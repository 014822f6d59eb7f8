import * as z from 'zod';
import { makeEventLog } from '../../adapters/dynamodb-event-log.ts';
import { makeActionsQueue, makeEventsQueue } from '../../adapters/sqs-queues.ts';
import { asError } from '../../core/errors.ts';
import type { RawEvent } from '../../core/events/raw-event.ts';
import type { JsonObject } from '../../core/json/values.ts';
import type { ActionLogEntry } from '../../core/logs/action-log-entry.ts';
import { type EventLogEntry, isDone } from '../../core/logs/event-log-entry.ts';
import type { ActionsMessage } from '../../core/plan/actions-message.ts';
import type { ParkedEvent } from '../../core/plan/parked-message.ts';
import type { SendResult } from '../../ports/queues.ts';
import { actionLogOf, readExecutions } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, readEvents } from '../events/events.ts';
import { type CarryOnOptions, carryOn, type JobProgress, type Work } from '../jobs/carry-on.ts';
import { createJob, type Job } from '../jobs/jobs.ts';
import { readQueueDepths } from '../queues/queue-depths.ts';
import { type KnownSource, readSources } from '../sources/known-sources.ts';
import { iso } from '../words/iso.ts';
import {
  type DeadLetter,
  type DeadLetterQueue,
  deadLetterQueues,
  deleteDeadLetters,
  eventIdOf,
  giveBack,
  originOf,
  receiveDeadLetters,
} from './dead-letters.ts';

export const DrainRequest = z.strictObject({ queues: z.array(z.enum(deadLetterQueues)).min(1) });
export type DrainRequest = z.infer<typeof DrainRequest>;

/** What becomes of one dead letter; also the `--json` row of `replay --dlq`. */
export type DrainRow = {
  queue: DeadLetterQueue;
  message_id: string;
  event_id: string | null;
  source: string | null;
  sent_at: string;
  /**
   * `replayed`: handed over to its queue. `row_written`: of a version that is unknown here, so its
   * row holds it. `done`: its work is done already. `left`: it stays in the dead-letter queue.
   */
  outcome: 'replayed' | 'row_written' | 'done' | 'left';
  detail: string;
};

type Plan =
  | { kind: 'event'; raw: RawEvent; detail: string }
  | { kind: 'actions'; message: ActionsMessage; detail: string }
  | { kind: 'row'; parked: ParkedEvent; detail: string }
  | { kind: 'done'; detail: string }
  | { kind: 'left'; detail: string };

const outcomeOf = { event: 'replayed', actions: 'replayed', row: 'row_written', done: 'done', left: 'left' } as const;

/** Longer than one batch takes. After a crash other readers get the messages again then. */
const takenSeconds = 60;

/** What a drain would do with the messages that can be seen now; they go back to the queue. */
export async function previewDrain(
  environment: Environment,
  { queues }: DrainRequest,
  { nowMs, lookedAtMax = 500 }: { nowMs: number; lookedAtMax?: number },
): Promise<DrainRow[]> {
  const { known } = await readSources(environment);
  const rows: DrainRow[] = [];
  const taken: DeadLetter[] = [];
  try {
    for (const queue of queues)
      for (;;) {
        const letters = unseen(await receiveDeadLetters(environment, queue, takenSeconds), taken);
        if (letters.length === 0 || rows.length >= lookedAtMax) break;
        taken.push(...letters);
        const plans = await planLetters(environment, known, letters, nowMs);
        rows.push(...letters.map((letter, i) => rowOf(letter, plans[i] as Plan)));
      }
  } finally {
    await giveBack(environment, taken);
  }
  return rows;
}

/** Records a drain as a job; `carryOnDrain` does it. */
export async function startDrain(
  environment: Environment,
  request: DrainRequest,
  { author, reason, nowMs }: { author: string; reason?: string | undefined; nowMs: number },
): Promise<Job> {
  const depths = await readQueueDepths(environment);
  const wanted = depths.filter(({ queue }) => request.queues.some((name) => queue === `${name} dead-letter`));
  const total = wanted.reduce((sum, { ready, in_flight }) => sum + ready + in_flight, 0);
  const job = { kind: 'drain', author, reason, request: request as unknown as JsonObject, total } as const;
  return createJob(environment.configuration, job, nowMs);
}

/**
 * Puts dead letters through again, and removes each from its queue only after it was handed over. A
 * process that dies in between leaves it there: it is handed over again, under the same origin and
 * execution, so nothing runs twice. Counts: `replayed`, `row_written`, `done`, `left`.
 * @param onRow is told what became of each
 * @throws Refusal as `carryOn`
 */
export function carryOnDrain(
  environment: Environment,
  jobId: string,
  { onRow, ...options }: CarryOnOptions & { onRow?: (row: DrainRow) => void } = {},
): AsyncGenerator<JobProgress> {
  const { now = Date.now } = options;
  const seen: DeadLetter[] = [];
  const kept: DeadLetter[] = [];
  const prepare = async (job: Job): Promise<Work> => {
    const { queues } = DrainRequest.parse(job.request);
    const { known } = await readSources(environment);
    const waiting = new Map<string, DeadLetter>();
    const more = async () => {
      for (const queue of queues) {
        const letters = unseen(await receiveDeadLetters(environment, queue, takenSeconds), seen);
        seen.push(...letters);
        for (const letter of letters) waiting.set(letter.messageId, letter);
        if (letters.length > 0) return letters.map(({ messageId }) => messageId);
      }
      await giveBack(environment, kept);
      return [];
    };
    return {
      ids: await more(),
      outcomes: ['replayed', 'row_written', 'done', 'left'],
      more,
      doChunk: async (ids) => {
        const letters = ids.flatMap((id) => waiting.get(id) ?? []);
        const rows = await drainLetters(environment, known, letters, now());
        kept.push(...letters.filter((_, i) => rows[i]?.outcome === 'left'));
        for (const row of rows) onRow?.(row);
        const count = (outcome: DrainRow['outcome']) => rows.filter((row) => row.outcome === outcome).length;
        return {
          replayed: count('replayed'),
          row_written: count('row_written'),
          done: count('done'),
          left: count('left'),
        };
      },
    };
  };
  return carryOn(environment, jobId, prepare, options);
}

/** A message that stays comes again once its time is over. */
function unseen(letters: DeadLetter[], seen: readonly DeadLetter[]): DeadLetter[] {
  const ids = new Set(seen.map(({ messageId }) => messageId));
  return letters.filter(({ messageId }) => !ids.has(messageId));
}

async function drainLetters(
  environment: Environment,
  known: KnownSource[],
  letters: DeadLetter[],
  nowMs: number,
): Promise<DrainRow[]> {
  const plans = await planLetters(environment, known, letters, nowMs);
  const results = await handOver(environment, plans, nowMs);
  const rows = letters.map((letter, i): DrainRow => {
    const result = results[i];
    const row = rowOf(letter, plans[i] as Plan);
    return result === undefined || result.sent ? row : { ...row, outcome: 'left', detail: result.error.message };
  });
  await deleteDeadLetters(
    environment,
    letters.filter((_, i) => rows[i]?.outcome !== 'left'),
  );
  return rows;
}

async function planLetters(
  environment: Environment,
  known: KnownSource[],
  letters: DeadLetter[],
  nowMs: number,
): Promise<Plan[]> {
  const eventIds = letters.flatMap(({ read }) => (read.kind === 'event' ? [read.head.id] : []));
  const executions = letters.flatMap(({ read }) => (read.kind === 'actions' ? [read.message.execution] : []));
  const [events, logs] = await Promise.all([
    readEvents(eventLogOf(environment), eventIds, known),
    readExecutions(actionLogOf(environment), executions),
  ]);
  return letters.map((letter): Plan => {
    const { read } = letter;
    if (read.kind === 'event') return planEvent(read, events.get(read.head.id), originOf(letter));
    if (read.kind === 'actions')
      return planActions(read.message, logs.get(read.message.execution), originOf(letter), nowMs);
    const begin = letter.body.slice(0, 60);
    return { kind: 'left', detail: `it names no event and no source, so no row can hold it: ${begin}` };
  });
}

function planEvent(parked: ParkedEvent, row: EventLogEntry | undefined, replay: string): Plan {
  const { raw } = parked;
  if (row !== undefined && isDone(row.status))
    return { kind: 'done', detail: `its event is ${row.status} already, so nothing is missing` };
  if (raw === undefined)
    return { kind: 'row', parked, detail: `${parked.outcome.detail}; its row keeps it for npx signalbox replay` };
  // The execution that it may have begun; a claim on its key knows a different one, and wins.
  const execution = raw.execution ?? row?.execution ?? raw.id;
  return { kind: 'event', raw: { ...raw, execution, replay }, detail: 'the whole event runs again' };
}

function planActions(message: ActionsMessage, log: ActionLogEntry | undefined, origin: string, nowMs: number): Plan {
  const ends = new Map(log?.actions.map(({ id, status }) => [id, status]));
  const open = message.invocations.filter(({ id }) => {
    const status = ends.get(id);
    return status === undefined || status === 'pending' || status === 'failed';
  });
  if (open.length === 0) return { kind: 'done', detail: 'each of its actions has its outcome already' };
  const { retryAtMs: _retryAtMs, firstN: _firstN, ...rest } = message;
  // At least the number that the row waits for, or the message would look like an old one.
  const n = Math.max(message.n, log?.next ?? 0);
  const again = { ...rest, origin, again: true, n, firstN: n, firstSentAtMs: nowMs };
  return { kind: 'actions', message: again, detail: `runs again: ${open.map(({ mapping }) => mapping).join(', ')}` };
}

async function handOver(environment: Environment, plans: Plan[], nowMs: number): Promise<(SendResult | undefined)[]> {
  const client = await environment.queues();
  const { EventsQueueUrl, ActionsQueueUrl, EventLogTable, LogRetentionDays } = environment.outputs;
  const results: (SendResult | undefined)[] = plans.map(() => undefined);
  const events = plans.flatMap((plan, i) => (plan.kind === 'event' ? [{ i, raw: plan.raw }] : []));
  const actions = plans.flatMap((plan, i) => (plan.kind === 'actions' ? [{ i, message: plan.message }] : []));
  const [ofEvents, ofActions] = await Promise.all([
    makeEventsQueue(client, EventsQueueUrl).sendEach(events.map(({ raw }) => raw)),
    makeActionsQueue(client, ActionsQueueUrl).sendEach(actions.map(({ message }) => message)),
  ]);
  for (const [n, { i }] of events.entries()) results[i] = ofEvents[n];
  for (const [n, { i }] of actions.entries()) results[i] = ofActions[n];
  const log = makeEventLog({
    client: environment.documents,
    table: EventLogTable,
    retentionDays: LogRetentionDays,
    // Such a row names no user.
    usersIndex: false,
  });
  for (const [i, plan] of plans.entries()) {
    if (plan.kind !== 'row') continue;
    const { head, outcome } = plan.parked;
    const row = { ...head, ...outcome, status: 'failed', actionsPlanned: 0, processedAtMs: nowMs } as const;
    results[i] = await log.writeFailed(row).then(
      () => ({ sent: true }) as const,
      (error) => ({ sent: false, error: asError(error) }) as const,
    );
  }
  return results;
}

function rowOf(letter: DeadLetter, { kind, detail }: Plan): DrainRow {
  return {
    queue: letter.queue,
    message_id: letter.messageId,
    event_id: eventIdOf(letter) ?? null,
    source: letter.read.kind === 'unknown' ? null : letter.read.source,
    sent_at: iso(letter.sentAtMs),
    outcome: outcomeOf[kind],
    detail,
  };
}
