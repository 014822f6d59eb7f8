/*
 * A standard queue with consumers, as a model: to see what message groups do to the time that messages wait. No clock, no
 * emulator: emulators hand messages out in the order of their arrival, whatever group they name.
 */

export type Arrival = {
  atMs: number;
  /** Its message group; absent: a tenant of its own, as SQS has it. */
  group?: string;
  source: string;
};

export type Consumers = {
  /** Batches in work at most. */
  concurrency: number;
  batchSize: number;
  /** How long a batch is in work. */
  batchMs: number;
};

/** From when a message counts as a busy neighbour's, in SQS' words "approximate". */
const shareMax = 0.1;
const inFlightMin = 30;

/**
 * Milliseconds from arrival to the end of its batch, for each message in the order of `arrivals`.
 *
 * Fair queues as documented: a group with more than a tenth of the messages in flight, and at least 30, is noisy until it has
 * no backlog; messages of quiet groups are handed out before those of noisy ones, otherwise the oldest first.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
 */
export function delaysOf(arrivals: Arrival[], { concurrency, batchSize, batchMs }: Consumers): number[] {
  const delays: number[] = new Array(arrivals.length).fill(0);
  const groups = arrivals.map(({ group }, i) => group ?? `message ${i}`);
  const waiting = new Map<string, number[]>();
  const inFlight = new Map<string, number>();
  const noisy = new Set<string>();
  const working: { endsAtMs: number; messages: number[] }[] = [];
  let arrived = 0;
  let nowMs = 0;

  const noteNoisy = () => {
    const total = [...inFlight.values()].reduce((sum, count) => sum + count, 0);
    for (const [group, count] of inFlight) if (count >= inFlightMin && count > total * shareMax) noisy.add(group);
    for (const group of noisy) if ((waiting.get(group)?.length ?? 0) === 0) noisy.delete(group);
  };
  const oldestOf = (isWanted: (group: string) => boolean): string | undefined => {
    let best: string | undefined;
    for (const [group, messages] of waiting) {
      if (!isWanted(group) || messages[0] === undefined) continue;
      if (best === undefined || messages[0] < (waiting.get(best)?.[0] ?? 0)) best = group;
    }
    return best;
  };
  const take = (): number | undefined => {
    const group = oldestOf((name) => !noisy.has(name)) ?? oldestOf(() => true);
    if (group === undefined) return undefined;
    const messages = waiting.get(group) as number[];
    const message = messages.shift();
    if (messages.length === 0) waiting.delete(group);
    inFlight.set(group, (inFlight.get(group) ?? 0) + 1);
    return message;
  };

  for (;;) {
    while (working.length < concurrency && waiting.size > 0) {
      noteNoisy();
      const messages: number[] = [];
      while (messages.length < batchSize) {
        const message = take();
        if (message === undefined) break;
        messages.push(message);
      }
      working.push({ endsAtMs: nowMs + batchMs, messages });
    }
    const nextArrivalMs = arrivals[arrived]?.atMs ?? Number.POSITIVE_INFINITY;
    const nextEndMs = Math.min(...working.map(({ endsAtMs }) => endsAtMs));
    nowMs = Math.min(nextArrivalMs, nextEndMs);
    if (nowMs === Number.POSITIVE_INFINITY) return delays;
    for (let i = working.length - 1; i >= 0; i--) {
      const batch = working[i];
      if (batch === undefined || batch.endsAtMs > nowMs) continue;
      for (const message of batch.messages) {
        delays[message] = nowMs - (arrivals[message]?.atMs ?? 0);
        const group = groups[message] as string;
        inFlight.set(group, (inFlight.get(group) ?? 0) - 1);
        if (inFlight.get(group) === 0) inFlight.delete(group);
      }
      working.splice(i, 1);
    }
    while (arrivals[arrived] !== undefined && (arrivals[arrived] as Arrival).atMs <= nowMs) {
      const group = groups[arrived] as string;
      const messages = waiting.get(group);
      if (messages === undefined) waiting.set(group, [arrived]);
      else messages.push(arrived);
      arrived++;
    }
  }
}

export function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
