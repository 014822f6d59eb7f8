import { defined } from '../../core/defined.ts';
import type { ActionLogEntry } from '../../core/logs/action-log-entry.ts';
import { lacksParameters } from '../../core/logs/action-log-entry.ts';
import type { ActionsMessage } from '../../core/plan/actions-message.ts';
import { actionsMessage, type ReplayFacts, replanned } from './plan-replay.ts';

/**
 * The message that goes on with an execution whose actions are held: the one that would have been
 * sent as its retry. It has the chain's origin, so that failed actions stay failed, and the number
 * that the row waits for, so that a second copy of it changes nothing.
 * @param released the hold that no longer stops it
 * @param perSecond the most of its runs that begin a second
 */
export function planRelease(
  facts: ReplayFacts,
  log: ActionLogEntry,
  { released, perSecond }: { released: Record<string, string>; perSecond?: number | undefined },
  nowMs: number,
): ActionsMessage | undefined {
  const origin = log.origins.at(-1) ?? facts.entry.id;
  const pending = log.actions.filter(({ status }) => status === 'pending');
  const message = pending.some(lacksParameters)
    ? replanned(facts, log, origin)
    : actionsMessage(facts, log, origin, nowMs);
  return (
    message && {
      ...message,
      origin,
      again: true,
      firstN: message.n,
      firstSentAtMs: nowMs,
      released,
      ...defined({ perSecond }),
    }
  );
}
