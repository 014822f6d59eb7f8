/** Requests that one link may make of this process: as many as five people leave the page open. */
const perSecond = 2;
const burst = 40;
const linksMax = 1_000;

export type RateLimit = { take(link: string, nowMs: number): boolean };

/**
 * A bucket per link, in this process alone, so that one link costs no write and takes no other's turn.
 * The gateway's throttle of the route bounds all links and processes together. Links beyond a thousand
 * push out those that were asked for the longest ago.
 */
export function makeRateLimit(): RateLimit {
  const buckets = new Map<string, { left: number; atMs: number }>();
  return {
    take(link, nowMs) {
      const { left, atMs } = buckets.get(link) ?? { left: burst, atMs: nowMs };
      const filled = Math.min(burst, left + (Math.max(0, nowMs - atMs) / 1000) * perSecond);
      const isFree = filled >= 1;
      buckets.delete(link);
      buckets.set(link, { left: isFree ? filled - 1 : filled, atMs: nowMs });
      const [oldest] = buckets.keys();
      if (buckets.size > linksMax && oldest !== undefined) buckets.delete(oldest);
      return isFree;
    },
  };
}
