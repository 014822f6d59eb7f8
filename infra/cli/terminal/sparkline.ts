const bars = '▁▂▃▄▅▆▇█';

/** Counts as bars, the largest full: `··▁▃█`. A dot is a zero. */
export function sparkline(counts: readonly number[]): string {
  const most = Math.max(...counts, 1);
  return counts.map((count) => (count === 0 ? '·' : bars[Math.ceil((count / most) * bars.length) - 1])).join('');
}
