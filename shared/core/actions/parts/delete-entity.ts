import type { Erased, PageRequest } from '../../../ports/subscriptions.ts';
import { removeEntity } from '../../directory/remove-entity.ts';
import { describeEntity, type EntityRef, recipientKey } from '../../ids/entity-ref.ts';
import type { ActionResult } from '../../logs/action-result.ts';
import { continues } from '../../logs/pending.ts';
import type { ActionContext } from '../../runs/action-context.ts';
import { cancelUnfinishedRuns } from '../../runs/cancel-runs.ts';

const pageSize = 200;
// What a page, or a call to cancel runs, may take at worst; begun later it might be cut off.
const pageMs = 5000;

/** How far a delete has come, over all its attempts. */
type Tally = { deleted: boolean; subscriptions: number; memberships: number; cancelled: number; pages: number };

/**
 * Deletes a user or object as of the event's time, then everything that hangs on it: subscriptions in both directions,
 * memberships, runs that are not over. First the entity, so that nothing new is hung on it; what hangs is found by queries
 * that no longer return what is gone, so a call that dies or runs out of time is simply made again.
 *
 * What was said later than the delete stays. Deleting what is not there succeeds.
 * @throws RetryableError when a table is throttled or away
 */
export async function deleteEntity(ref: EntityRef, context: ActionContext): Promise<ActionResult> {
  const { directory, subscriptions, audiences, event, nowMs } = context;
  const notAfterMs = event.occurredAtMs;
  const tally = tallyFrom(context.progress);
  const removal = await removeEntity(ref, notAfterMs, directory, nowMs());
  tally.deleted ||= removal === 'removed';

  const kinds: { counted: 'subscriptions' | 'memberships'; erase(page: PageRequest): Promise<Erased> }[] = [
    { counted: 'subscriptions', erase: (page) => subscriptions.eraseSubscriptionsOf(ref, notAfterMs, page) },
    ref.kind === 'object'
      ? { counted: 'subscriptions', erase: (page) => subscriptions.eraseSubscribersOf(ref, notAfterMs, page) }
      : { counted: 'memberships', erase: (page) => audiences.eraseMembershipsOf(ref.id, notAfterMs, page) },
  ];
  const erased = await Promise.all(kinds.map(({ counted, erase }) => eraseAll(erase, counted, tally, context)));
  // One that was described again since has a life of its own, and its runs are that one's.
  const runs =
    removal === 'renewed'
      ? { cancelled: 0, done: true }
      : await cancelUnfinishedRuns(recipientKey(ref), 'recipient_deleted', context);
  tally.cancelled += runs.cancelled;

  const result = { ...describeEntity(ref), ...resultOf(tally) };
  if (erased.every(Boolean) && runs.done) return { status: 'succeeded', result };
  const detail = `${recipientKey(ref)} is deleted; what hung on it is being removed`;
  const progress = { ...tally, pages: tally.pages + 1 };
  return { status: 'pending', ...continues(detail), result, progress };
}

/** @returns whether nothing is left */
async function eraseAll(
  erase: (page: PageRequest) => Promise<Erased>,
  counted: 'subscriptions' | 'memberships',
  tally: Tally,
  { deadlineMs, nowMs }: ActionContext,
): Promise<boolean> {
  let after: string | undefined;
  do {
    if (deadlineMs - nowMs() < pageMs) return false;
    const { erased, next } = await erase({ limit: pageSize, ...(after !== undefined && { after }) });
    tally[counted] += erased;
    after = next;
  } while (after !== undefined);
  return true;
}

function tallyFrom(progress: ActionContext['progress'] = {}): Tally {
  const count = (name: string) => Number(progress[name] ?? 0);
  return {
    deleted: progress.deleted === true,
    subscriptions: count('subscriptions'),
    memberships: count('memberships'),
    cancelled: count('cancelled'),
    pages: count('pages'),
  };
}

function resultOf({ deleted, subscriptions, memberships, cancelled }: Tally) {
  return {
    deleted,
    ...(subscriptions > 0 && { subscriptions }),
    ...(memberships > 0 && { memberships }),
    ...(cancelled > 0 && { runs_cancelled: cancelled }),
  };
}
