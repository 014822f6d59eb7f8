import { setTimeout as sleep } from 'node:timers/promises';
import { eventIdTimeMs } from '../../core/ids/event-id.ts';
import { EventStatus } from '../../core/logs/event-log-entry.ts';
import type { Environment } from '../environment.ts';
import type { Job } from '../jobs/jobs.ts';
import { countsLateMs, type QueueDepth, type QueueOutputs, readQueueDepths } from '../queues/queue-depths.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import type { AcceptedCounts, IngestCounts } from './accepted-counts.ts';
import {
  type ActionRows,
  addEnded,
  type ExecutionCounts,
  type Expected,
  lookUpActions,
  noRows,
  type PendingExecution,
  type ReadMeter,
  type RowCounts,
  type RowOutputs,
  readRows,
  type StatusCounts,
} from './read-rows.ts';
import { type Difference, nameUnexplained, type Unexplained } from './unexplained.ts';
import type { VerifyRange } from './verify-range.ts';
import { runningJobs } from './waits.ts';
import { type MissingEvents, whatWaits } from './what-waits.ts';

/** One source's account of a range. */
export type SourceAccount = {
  source: string;
  /** Counted by ingest. */
  accepted: number;
  /** Rows by final state, without forced replays and test runs. */
  rows: StatusCounts;
  /** Rows of forced replays and test runs: new events that ingest never saw. */
  replays: number;
  /** Accepted events without a row yet. */
  missing: number;
  /** Rows of events that were answered 503, up to the number that ingest counted. */
  unanswered: number;
  /** Unexplained rows. */
  surplus: number;
  /** Rows by the configuration version that processed them, forced replays included. */
  versions: ReadonlyMap<number, number>;
  /** Executions of its processed events with actions, by how they stand; those without a row are absent. */
  executions: ExecutionCounts;
};

export type Verification = {
  range: VerifyRange;
  /** The range was cut here, because events kept arriving in the current minute. */
  cutAtMs?: number;
  sources: SourceAccount[];
  /** Counted for the environment, but for no known source. */
  unknownAccepted: number;
  differences: Difference[];
  events: {
    missing: number;
    /** The number of missing events that the queues can hold; the rest is lost. */
    waiting: number;
    lost: number;
    /** Of the lost ones: older than the queues keep a message. */
    expired: number;
    surplus: number;
  };
  actions: {
    /** Executions of processed events with actions: one each, several of a bulk request. */
    expected: number;
    /** Their row has a pending action. */
    pending: PendingExecution[];
    /** Their runs were cancelled before they began. */
    cancelled: Expected[];
    /** They have no row yet, and their message is in a queue. */
    waiting: Expected[];
    /** No row, and the queues hold fewer messages than that. */
    lost: number;
  };
  /** What does not add up, by name as far as one is left. Empty when it does. */
  unexplained: Unexplained[];
  queues: QueueDepth[];
  /** Work of operators that goes on. */
  jobs: Job[];
  read: ReadMeter & { metrics: number };
  /** True when every event is accounted for. */
  balanced: boolean;
};

export type VerifyOptions = {
  known: KnownSource[];
  range: VerifyRange;
  /**
   * Whether `known` holds all known sources: then their counts must add up to the environment's.
   */
  all: boolean;
  /**
   * How often to check before a difference is reported, and the pause in between: together longer
   * than SQS's counts may be late, so that a zero of before does not look like a loss.
   */
  looks?: number;
  pauseMs?: number;
  nowMs?(): number;
};

/** What the comparison needs of an environment. */
export type VerifiedEnvironment = Pick<Environment, 'local' | 'documents' | 'configuration' | 'queues'> & {
  outputs: QueueOutputs & RowOutputs;
};

/** By default three looks here, and four on AWS within 75 seconds. */
export function looksOf(environment: Pick<Environment, 'local'>): { looks: number; pauseMs: number } {
  if (environment.local) return { looks: 3, pauseMs: 1_000 };
  return { looks: 4, pauseMs: countsLateMs(environment) / 3 + 5_000 };
}

/**
 * Compares ingest's counts of accepted events, period by period, with their rows and with the
 * queues. The order of reading makes it exact under load: counts, then queues, then rows. A counted
 * event was in the queue before it was counted. If it has no row at the end, it was in a queue in
 * between, and the depth covers it. docs/reliability.md, "Accounting".
 */
export async function verifyEvents(
  environment: VerifiedEnvironment,
  counts: AcceptedCounts,
  options: VerifyOptions,
): Promise<Verification> {
  const { looks, pauseMs } = { ...looksOf(environment), ...options };
  const meter: ReadMeter = { units: 0, requests: 0 };
  for (let look = 1; ; look++) {
    const verification = await lookOnce(environment, counts, options, meter);
    if (verification.balanced) return verification;
    if (look >= looks) return await withNames(environment, verification, options.known, meter);
    await sleep(pauseMs);
  }
}

/** Only what is believed in the end is worth the reads. */
async function withNames(
  environment: VerifiedEnvironment,
  verification: Verification,
  known: KnownSource[],
  meter: ReadMeter,
): Promise<Verification> {
  const { differences, events, actions, range } = verification;
  const what = { differences, lostEvents: events.lost, lostActions: actions.lost, waiting: actions.waiting, range };
  const unexplained = await nameUnexplained(environment, known, what, meter);
  return { ...verification, unexplained, read: { ...meter, metrics: verification.read.metrics } };
}

async function lookOnce(
  environment: VerifiedEnvironment,
  counts: AcceptedCounts,
  { known, range: asked, all, nowMs = Date.now }: VerifyOptions,
  meter: ReadMeter,
): Promise<Verification> {
  const keys = known.map(({ key }) => key);
  const before = await counts.read(keys, asked);
  const queues = await readQueueDepths(environment);
  const rows = await readRows(environment, known, asked, meter);
  const jobs = await runningJobs(environment);
  const after = await counts.read(keys, asked);
  const actions = await accountActions(environment, known, rows, meter, nowMs());

  // Minutes whose counts changed meanwhile are not compared: `before` does not include their newest
  // events.
  const movedMs = firstMoved(before, after);
  const range = movedMs === undefined ? asked : { ...asked, untilMs: movedMs };
  const accounts = known.map(({ key }, i) =>
    accountSource(key, before[i] as IngestCounts, rows.sources[i] as RowCounts, range),
  );
  const sources = accounts.map(({ account }) => account);
  const ofEnvironment = total(before.at(-1)?.accepted, range);
  const unknownAccepted = all ? Math.max(0, ofEnvironment - sumOf(sources, 'accepted')) : 0;
  const differences = accounts.flatMap((account) => account.differences);
  const missing = sumOf(sources, 'missing') + unknownAccepted;
  const periodMs = range.periodSeconds * 1000;
  const { waiting, expired } = whatWaits(
    [
      ...differences.map(
        (one): MissingEvents => ({ count: Math.max(0, one.accepted - one.rows), sentUntilMs: one.periodMs + periodMs }),
      ),
      { count: unknownAccepted, sentUntilMs: range.untilMs },
    ],
    queuePair(queues, 'events'),
    nowMs(),
  );
  const surplus = sumOf(sources, 'surplus');
  return {
    range,
    ...(movedMs !== undefined && { cutAtMs: movedMs }),
    sources,
    unknownAccepted,
    differences,
    events: { missing, waiting, lost: missing - waiting, expired, surplus },
    actions,
    unexplained: [],
    queues,
    jobs,
    read: { ...meter, metrics: counts.metricsRead() },
    balanced: missing === waiting && surplus === 0 && actions.lost === 0,
  };
}

/** The start of the earliest period whose counts are not the same in both. */
function firstMoved(before: IngestCounts[], after: IngestCounts[]): number | undefined {
  const moved = after.flatMap(({ accepted, unansweredMax }, i) => [
    ...[...accepted].filter(([periodMs, count]) => count !== before[i]?.accepted.get(periodMs)),
    ...[...unansweredMax].filter(([periodMs, count]) => count !== before[i]?.unansweredMax.get(periodMs)),
  ]);
  return moved.length === 0 ? undefined : Math.min(...moved.map(([periodMs]) => periodMs));
}

function accountSource(
  source: string,
  counts: IngestCounts,
  { byPeriod, replaysByPeriod, byVersion, executions }: RowCounts,
  range: VerifyRange,
): { account: SourceAccount; differences: Difference[] } {
  const account: SourceAccount = {
    source,
    accepted: total(counts.accepted, range),
    rows: noRows(),
    replays: total(replaysByPeriod, range),
    missing: 0,
    unanswered: 0,
    surplus: 0,
    versions: byVersion,
    executions,
  };
  const differences: Difference[] = [];
  const periods = new Set([...counts.accepted.keys(), ...byPeriod.keys()]);
  for (const periodMs of [...periods].filter((start) => isWithin(start, range)).sort((a, b) => a - b)) {
    const accepted = counts.accepted.get(periodMs) ?? 0;
    const unansweredMax = counts.unansweredMax.get(periodMs) ?? 0;
    const ofPeriod = byPeriod.get(periodMs) ?? noRows();
    for (const status of EventStatus.options) account.rows[status] += ofPeriod[status];
    const rows = rowsIn(ofPeriod);
    const unanswered = Math.min(Math.max(0, rows - accepted), unansweredMax);
    account.missing += Math.max(0, accepted - rows);
    account.unanswered += unanswered;
    account.surplus += Math.max(0, rows - accepted - unanswered);
    if (accepted > rows || rows > accepted + unanswered)
      differences.push({ source, periodMs, accepted, unansweredMax, rows });
  }
  return { account, differences };
}

/**
 * After the queue's depth, reads missing rows again: a message that has left the queue by then has
 * written its row.
 */
async function accountActions(
  environment: VerifiedEnvironment,
  known: KnownSource[],
  { sources, actions: { expected, without, pending, cancelled } }: { sources: RowCounts[]; actions: ActionRows },
  meter: ReadMeter,
  nowMs: number,
): Promise<Verification['actions']> {
  if (without.length === 0) return { expected, pending, cancelled, waiting: [], lost: 0 };
  const queues = await readQueueDepths(environment);
  const again = await lookUpActions(environment, without, meter);
  addEnded(sources, known, again.ended);
  // The message was sent when the event was processed, which may have waited as long as it could.
  const eventKeptMs = queuePair(queues, 'events').queue.retention_seconds * 1000;
  const missing = again.without.map(({ eventId }): MissingEvents => {
    return { count: 1, sentUntilMs: eventIdTimeMs(eventId) + eventKeptMs };
  });
  const { waiting } = whatWaits(missing, queuePair(queues, 'actions'), nowMs);
  return {
    expected,
    pending: [...pending, ...again.pending],
    cancelled: [...cancelled, ...again.cancelled],
    waiting: again.without,
    lost: missing.length - waiting,
  };
}

/** A queue and its dead-letter queue. */
function queuePair(queues: QueueDepth[], name: 'events' | 'actions'): { queue: QueueDepth; deadLetters: QueueDepth } {
  const of = (wanted: string): QueueDepth => {
    const found = queues.find(({ queue }) => queue === wanted);
    if (found === undefined) throw new Error(`the depth of ${wanted} was not read`);
    return found;
  };
  return { queue: of(name), deadLetters: of(`${name} dead-letter`) };
}

export function rowsIn(counts: StatusCounts): number {
  return EventStatus.options.reduce((sum, status) => sum + counts[status], 0);
}

const isWithin = (periodMs: number, { sinceMs, untilMs }: VerifyRange) => periodMs >= sinceMs && periodMs < untilMs;

function total(counts: ReadonlyMap<number, number> | undefined, range: VerifyRange): number {
  let sum = 0;
  for (const [periodMs, count] of counts ?? []) if (isWithin(periodMs, range)) sum += count;
  return sum;
}

function sumOf(sources: SourceAccount[], name: 'accepted' | 'missing' | 'surplus'): number {
  return sources.reduce((sum, source) => sum + source[name], 0);
}
