/**
 * The number of values in a JSON document, including itself, as a measure of the cost of parsing
 * and writing it. It stops soon after `most`, so the answer is exact only up to there. It does not
 * recurse, so depth cannot break it.
 */
export function countValues(root: unknown, most: number): number {
  const open: unknown[] = [root];
  let values = 0;
  while (open.length > 0 && values <= most) {
    const value = open.pop();
    values++;
    if (typeof value !== 'object' || value === null) continue;
    const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
    // Checked first, so that a list beyond the limit is not copied.
    if (values + inner.length > most) return values + inner.length;
    for (const child of inner) open.push(child);
  }
  return values;
}
