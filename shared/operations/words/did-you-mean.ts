import { distance } from 'fastest-levenshtein';

/**
 * `; did you mean "x"?` when a known name is near enough to be a slip, else the known names, else
 * empty.
 */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const nearest = nearestName(name, candidates);
  if (nearest !== undefined) return `; did you mean "${nearest}"?`;
  return candidates.length === 0 ? '' : `; there is ${candidates.join(', ')}`;
}

/** The candidate that a name is probably a slip of, or a half of; undefined when none is near. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < least) [nearest, least] = [candidate, edits];
  }
  return nearest ?? candidates.find((candidate) => candidate.split(/[_/-]/).includes(name.toLowerCase()));
}

/** The number of letters to add, remove or replace. Two swapped letters count as one slip. */
function editDistance(a: string, b: string): number {
  const sorted = (text: string) => [...text].sort().join('');
  return distance(a, b) - (a !== b && sorted(a) === sorted(b) ? 1 : 0);
}
