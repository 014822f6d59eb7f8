/**
 * How often a wrong URL may make ingest read configuration and keys again. A URL that was made a
 * second ago must work, so the first one does. But strangers can send any number: while nothing is
 * found, the pause doubles until it is as long as that of the ordinary refresh, which reads anyway.
 */
export type LookAgain = {
  /** Whether to look now; the caller then does. */
  isDue(): boolean;
  /** Something was found: the next wrong URL is looked up at once again. */
  found(): void;
};

export function makeLookAgain({
  firstMs,
  mostMs,
  nowMs,
}: {
  firstMs: number;
  mostMs: number;
  nowMs(): number;
}): LookAgain {
  let pauseMs = firstMs;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  return {
    isDue() {
      const sinceMs = nowMs() - lookedAtMs;
      if (sinceMs < pauseMs) return false;
      // After a quiet time a wrong URL is probably a new one.
      pauseMs = sinceMs >= 2 * mostMs ? firstMs : Math.min(2 * pauseMs, mostMs);
      lookedAtMs = nowMs();
      return true;
    },
    found() {
      pauseMs = firstMs;
      lookedAtMs = Number.NEGATIVE_INFINITY;
    },
  };
}

/** For the live configuration, and for the key of the URLs, each as rarely as they are refreshed. */
export const lookAgainFor = (nowMs: () => number) => ({
  configuration: makeLookAgain({ firstMs: 1_000, mostMs: 15_000, nowMs }),
  key: makeLookAgain({ firstMs: 30_000, mostMs: 5 * 60_000, nowMs }),
});
