import type { JsonValue } from '../../json/values.ts';

/** A person's name from its two halves, either of which may be missing; undefined if both are. */
export function fullName(first: JsonValue | undefined, last: JsonValue | undefined): string | undefined {
  const halves = [first, last].flatMap((half) => (typeof half === 'string' && half.trim() !== '' ? [half.trim()] : []));
  return halves.length === 0 ? undefined : halves.join(' ');
}
