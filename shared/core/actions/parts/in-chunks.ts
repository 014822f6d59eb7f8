import type { JsonObject } from '../../json/values.ts';
import type { ActionResult } from '../../logs/action-result.ts';
import { continues } from '../../logs/pending.ts';
import type { ActionContext } from '../../runs/action-context.ts';

// The longest that a chunk may take. With less time left, none is begun.
const chunkMs = 5000;

/** An action's counts by name, over all its attempts. */
export type Tally = Record<string, number>;

/**
 * Works through `items`, at most `size` at a time, while there is time, from where an earlier
 * attempt stopped. `isOver` is false when some are left; then the action returns `continued`.
 */
export async function inChunks<Item>(
  items: Item[],
  size: number,
  work: (chunk: Item[]) => Promise<Tally>,
  { deadlineMs, nowMs, progress = {} }: Pick<ActionContext, 'deadlineMs' | 'nowMs' | 'progress'>,
): Promise<{ isOver: boolean; done: number; tally: Tally }> {
  const { done: before = 0, ...counted } = progress as Tally;
  const tally: Tally = { ...counted };
  let done = before;
  while (done < items.length && deadlineMs - nowMs() >= chunkMs) {
    const chunk = items.slice(done, done + size);
    for (const [name, count] of Object.entries(await work(chunk))) tally[name] = (tally[name] ?? 0) + count;
    done += chunk.length;
  }
  return { isOver: done >= items.length, done, tally };
}

/** An action's result when `inChunks` did not finish. */
export function continued(
  what: string,
  { done, tally }: { done: number; tally: Tally },
  result: JsonObject,
): Extract<ActionResult, { status: 'pending' }> {
  const detail = `${done} ${what} are done, the rest is left for the next attempt`;
  return { status: 'pending', ...continues(detail), result, progress: { done, ...tally } };
}
