import { type BilledFunction, type MeasuredTimes, measuredTimes } from './measured-times.ts';

/** What AWS bills for one event, on average. Each number is per event. */
export type EventUnits = {
  /** HTTP requests, in steps of 512 KB. */
  gatewayRequests: number;
  calls: Record<BilledFunction, number>;
  milliseconds: Record<BilledFunction, number>;
  /** In steps of 64 KB: all, and those whose messages name a group. */
  queueRequests: number;
  groupedQueueRequests: number;
  /** By `Table` or `Table.index`. */
  writeUnits: Record<string, number>;
  readUnits: Record<string, number>;
  /** Bytes × days for which rows stay, by table, indexes included. */
  byteDays: Record<string, number>;
  /** Log lines of functions and the gateway, with what CloudWatch adds to each. */
  logBytes: number;
  /** Answers to senders, and requests to targets. */
  sentBytes: number;
};

/** What a running environment has, whatever the number of events. */
export type RunningUnits = {
  /** Metrics over all sources, and those of each source. */
  metrics: { environment: number; source: number };
  /** Pairs of a function and a table that it uses: each asks for the table's key every five minutes. */
  tableKeys: number;
};

export type MeasuredUnits = { event: EventUnits; running: RunningUnits };

/** `share` of the one and the rest of the other, number by number. A number that one lacks is 0. */
export function mix(a: EventUnits, b: EventUnits, share: number): EventUnits {
  return mixed(a, b, share) as EventUnits;
}

type Numbers = number | { [name: string]: Numbers };

function mixed(a: Numbers | undefined, b: Numbers | undefined, share: number): Numbers {
  if (typeof a === 'number' || typeof b === 'number') return share * Number(a ?? 0) + (1 - share) * Number(b ?? 0);
  const names = new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})]);
  return Object.fromEntries([...names].map((name) => [name, mixed(a?.[name], b?.[name], share)]));
}

/** What an event takes with batches of one message, and with full ones. */
export type BatchExtremes = { single: EventUnits; full: EventUnits; fullBatch: number };

/**
 * With batches of `batch` messages on average. A batch costs something for itself and something for
 * each message, so an event's cost is a line over 1 / batch, and two measured points give it.
 */
export function unitsAtBatch({ single, full, fullBatch }: BatchExtremes, batch: number): EventUnits {
  const share = (1 / batch - 1 / fullBatch) / (1 - 1 / fullBatch);
  return mix(single, full, share);
}

/** Lambda reads a queue with five pollers at first, and with no fewer while a maximum is set. */
export const pollersFirst = 5;

/**
 * The messages in a batch when `perSecond` arrive and a batch takes `batchMs`: what arrives while
 * the first pollers are at work, at most a full batch. When the pollers fall behind, Lambda adds
 * some once batches are full.
 */
export function batchAt(perSecond: number, batchMs: number, fullBatch = 10): number {
  return Math.min(fullBatch, Math.max(1, (perSecond * (batchMs / 1000)) / pollersFirst));
}

/**
 * How long a warm call takes: on a line between the memory sizes and batches that were measured.
 * @throws Error when the memory is outside the sizes that were measured
 */
export function callMs(
  name: BilledFunction,
  records: number,
  memoryMb: number,
  { functions }: Pick<MeasuredTimes, 'functions'> = measuredTimes,
): number {
  const rows = functions[name];
  const widest = rows.find(({ meanMs }) => Object.keys(meanMs).length > 1) ?? rows[0];
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined || widest === undefined) throw new Error(`no time of ${name} is known`);
  // A row with fewer sizes follows the one that has most.
  const msOf = ({ meanMs }: typeof first) => {
    const sizes = Object.keys(meanMs).map(Number);
    const [only] = sizes;
    if (sizes.length > 1 || only === undefined) return atMemory(name, meanMs, memoryMb);
    return (meanMs[only] ?? 0) * (atMemory(name, widest.meanMs, memoryMb) / atMemory(name, widest.meanMs, only));
  };
  if (first === last) return msOf(first);
  const share = (records - first.records) / (last.records - first.records);
  return msOf(first) + (msOf(last) - msOf(first)) * share;
}

function atMemory(name: string, meanMs: Readonly<Record<number, number>>, memoryMb: number): number {
  const sizes = Object.keys(meanMs)
    .map(Number)
    .sort((a, b) => a - b);
  const upper = sizes.find((size) => size >= memoryMb);
  const lower = sizes.findLast((size) => size <= memoryMb);
  if (upper === undefined || lower === undefined)
    throw new Error(`${name} was measured with ${sizes.join(', ')} MB, which ${memoryMb} MB is not between`);
  const [low, high] = [meanMs[lower] ?? 0, meanMs[upper] ?? 0];
  return lower === upper ? low : low + ((high - low) * (memoryMb - lower)) / (upper - lower);
}
