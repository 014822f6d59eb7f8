const dayMs = 86_400_000;

/** How far back a search goes that names no beginning. */
export const defaultLookBackDays = 3;

// Ids carry the time of the function that received the event; a clock that is ahead of ours must not hide its newest ones.
const clockSkewMs = 5 * 60_000;

export type SearchRange = { sinceMs: number; untilMs: number; byDefault: boolean };

/**
 * @param unbounded for look-ups whose cost does not grow with the range
 */
export function searchRange(
  { since, until }: { since?: number; until?: number },
  nowMs: number,
  { unbounded = false }: { unbounded?: boolean } = {},
): SearchRange {
  const untilMs = until ?? nowMs + clockSkewMs;
  if (since !== undefined) return { sinceMs: since, untilMs, byDefault: false };
  if (unbounded) return { sinceMs: 0, untilMs, byDefault: false };
  return { sinceMs: Math.min(untilMs, nowMs) - defaultLookBackDays * dayMs, untilMs, byDefault: true };
}
