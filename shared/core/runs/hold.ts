import type { WorkflowHold } from '../configuration/schema.ts';
import { own } from '../json/values.ts';
import type { Pending } from '../logs/pending.ts';
import type { ActionContext } from './action-context.ts';

/** The hold that keeps this message's runs of a workflow; undefined if none, or if it was released. */
export function holdOn(
  workflow: string,
  { configuration, released }: Pick<ActionContext, 'configuration' | 'released'>,
): WorkflowHold | undefined {
  const hold = own(configuration.state.held_workflows ?? {}, workflow);
  const isReleased = hold !== undefined && own(released ?? {}, workflow) === hold.since;
  return isReleased ? undefined : hold;
}

/** Notes that an action's runs of a workflow are held. False: the hold is over, and they may begin. */
export function noteHeld(
  { workflow, hold, runs }: { workflow: string; hold: WorkflowHold; runs: number },
  { id, execution, event, holds, nowMs, retentionDays }: ActionContext,
): Promise<boolean> {
  const expiresAtSeconds = Math.ceil(event.receivedAtMs / 1000) + retentionDays * 86_400;
  return holds.note({ workflow, execution, action: id, since: hold.since, runs, expiresAtSeconds }, nowMs());
}

/** Nothing comes back by itself: an operator releases it. */
export function heldBecause(workflow: string, { since, by, reason }: WorkflowHold): Pending {
  const why = reason === undefined ? '' : ` (${reason})`;
  return {
    reason: 'held',
    detail: `workflow ${workflow} is paused since ${since} by ${by}${why}; npx signalbox workflow resume ${workflow} releases it`,
    isUntried: true,
  };
}
