/** `given up after 3 attempts`. There is none where a breaker answered in the target's place each time. */
export function givenUp(attempts: number): string {
  if (attempts === 0) return 'given up without an attempt';
  return `given up after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
}
