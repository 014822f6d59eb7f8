/**
 * How many values a JSON document holds, itself included: what parsing and writing it costs. Stops soon after `most`, so that
 * the answer is exact only up to there. Never recurses, so depth cannot hurt it.
 */
export function countValues(root: unknown, most: number): number {
  const open: unknown[] = [root];
  let values = 0;
  while (open.length > 0 && values <= most) {
    const value = open.pop();
    values++;
    if (typeof value !== 'object' || value === null) continue;
    const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
    // A list beyond the limit is not copied to find that out.
    if (values + inner.length > most) return values + inner.length;
    for (const child of inner) open.push(child);
  }
  return values;
}
