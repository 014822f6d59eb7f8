import { distance as editDistance } from 'fastest-levenshtein';

/** `; did you mean "x"?` when a name is near enough to be a slip of it, else the names there are, else nothing. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const nearest = nearestName(name, candidates);
  if (nearest !== undefined) return `; did you mean "${nearest}"?`;
  return candidates.length === 0 ? '' : `; there is ${candidates.join(', ')}`;
}

/** The candidate that a name is likely a slip of, or half of; undefined when none is near. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let distance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < distance) [nearest, distance] = [candidate, edits];
  }
  return nearest ?? candidates.find((candidate) => candidate.split(/[_/-]/).includes(name.toLowerCase()));
}
