import { eventIdFromParts, eventIdParts } from './event-id.ts';

const randomBits = 60n;

/**
 * The executions of a request whose actions go in several messages: the first is the request's own,
 * the others are the ids behind it. So each leads to its row of the action log, in the partition of
 * the request's own, and the number of them is all that has to be kept.
 */
export function executionsOf(source: string, execution: string, count: number): string[] {
  if (count <= 1) return [execution];
  const { random, ...parts } = eventIdParts(execution);
  const others = Array.from({ length: count - 1 }, (_, i) =>
    eventIdFromParts(source, { ...parts, random: BigInt.asUintN(Number(randomBits), random + BigInt(i + 1)) }),
  );
  return [execution, ...others];
}
