import { distance } from 'fastest-levenshtein';

/** `; did you mean "x"?` when a name is near enough to be a slip of it, else the names there are, else nothing. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const nearest = nearestName(name, candidates);
  if (nearest !== undefined) return `; did you mean "${nearest}"?`;
  return candidates.length === 0 ? '' : `; there is ${candidates.join(', ')}`;
}

/** The candidate that a name is likely a slip of, or half of; undefined when none is near. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < least) [nearest, least] = [candidate, edits];
  }
  return nearest ?? candidates.find((candidate) => candidate.split(/[_/-]/).includes(name.toLowerCase()));
}

/** Letters to add, remove or replace. Swapped letters are one slip, though they are two replacements. */
function editDistance(a: string, b: string): number {
  const sorted = (text: string) => [...text].sort().join('');
  return distance(a, b) - (a !== b && sorted(a) === sorted(b) ? 1 : 0);
}
