const dayMs = 86_400_000;
const minuteMs = 60_000;

/** The next time of the day's minute, at least a moment from now. */
export function nextDailyMs(minuteOfDay: number, nowMs: number): number {
  const ofToday = Math.floor(nowMs / dayMs) * dayMs + minuteOfDay * minuteMs;
  return ofToday > nowMs ? ofToday : ofToday + dayMs;
}

/**
 * Calls `run` each day at the minute. It looks once a minute, so that a laptop that slept runs it when
 * it wakes.
 * @returns an end of it
 */
export function startDaily(minuteOfDay: number, run: () => unknown): () => void {
  let dueMs = nextDailyMs(minuteOfDay, Date.now());
  const timer = setInterval(() => {
    if (Date.now() < dueMs) return;
    dueMs = nextDailyMs(minuteOfDay, Date.now());
    run();
  }, minuteMs);
  timer.unref();
  return () => clearInterval(timer);
}
