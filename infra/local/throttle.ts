export type ThrottleSettings = { requestsPerSecond: number; burst: number };

/** Whether the next request may pass. */
export type Throttle = () => boolean;

/**
 * A bucket of `burst` requests that fills at the rate, as API Gateway's.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
 */
export function makeThrottle(
  { requestsPerSecond, burst }: ThrottleSettings,
  nowMs: () => number = () => performance.now(),
): Throttle {
  let left = burst;
  let atMs = nowMs();
  return () => {
    const now = nowMs();
    left = Math.min(burst, left + ((now - atMs) / 1000) * requestsPerSecond);
    atMs = now;
    if (left < 1) return false;
    left--;
    return true;
  };
}
