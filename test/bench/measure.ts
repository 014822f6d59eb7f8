export function median(values: number[]): number {
  return percentile(values, 50);
}

/** The smallest value that `percent` of all values do not exceed. */
export function percentile(values: number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

/**
 * Processor time in microseconds that one call takes, by alternative: the median of several rounds in which the
 * alternatives take turns, so that a busy moment of the machine falls on all of them alike.
 */
export async function microsecondsPerCall<Name extends string>(
  alternatives: Record<Name, (i: number) => unknown>,
  { calls = 2000, rounds = 7 }: { calls?: number; rounds?: number } = {},
): Promise<Record<Name, number>> {
  const names = Object.keys(alternatives) as Name[];
  const measured = new Map(names.map((name) => [name, [] as number[]]));
  // The first round warms up and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const before = process.cpuUsage();
      for (let i = 0; i < calls; i++) await alternatives[name](i);
      const { user, system } = process.cpuUsage(before);
      if (round > 0) measured.get(name)?.push((user + system) / calls);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(measured.get(name) ?? [])])) as Record<Name, number>;
}
