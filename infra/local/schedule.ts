const minuteMs = 60_000;

/** Each hour or each day of UTC, at this minute of it. */
export type ScheduleTimes = { every: 'hour' | 'day'; atMinute: number };

const lengthsMs = { hour: 60 * minuteMs, day: 24 * 60 * minuteMs } as const;

/** The next of the times, at least a moment from now. */
export function nextTimeMs({ every, atMinute }: ScheduleTimes, nowMs: number): number {
  const lengthMs = lengthsMs[every];
  const ofThisOne = Math.floor(nowMs / lengthMs) * lengthMs + atMinute * minuteMs;
  return ofThisOne > nowMs ? ofThisOne : ofThisOne + lengthMs;
}

/**
 * Calls `run` at the times. It looks once a minute, so that a laptop that slept runs it when it wakes.
 * @returns an end of it
 */
export function startSchedule(times: ScheduleTimes, run: () => unknown): () => void {
  let dueMs = nextTimeMs(times, Date.now());
  const timer = setInterval(() => {
    if (Date.now() < dueMs) return;
    dueMs = nextTimeMs(times, Date.now());
    run();
  }, minuteMs);
  timer.unref();
  return () => clearInterval(timer);
}
