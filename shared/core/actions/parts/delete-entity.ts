import type { Erased, PageRequest } from '../../../ports/subscriptions.ts';
import { removeEntity } from '../../directory/remove-entity.ts';
import { describeEntity, type EntityRef, recipientKey } from '../../ids/entity-ref.ts';
import type { ActionResult } from '../../logs/action-result.ts';
import { continues } from '../../logs/pending.ts';
import type { ActionContext } from '../../runs/action-context.ts';
import { cancelUnfinishedRuns } from '../../runs/cancel-runs.ts';

const pageSize = 200;
// The longest that a page, or a call to cancel runs, may take. With less time left, none is begun.
const pageMs = 5000;

/** A delete's progress, over all its attempts. */
type Tally = { deleted: boolean; subscriptions: number; memberships: number; cancelled: number; pages: number };

/**
 * Deletes a user or object as of the event's time, then everything that belongs to it:
 * subscriptions in both directions, memberships, unfinished runs. The entity goes first, so that it
 * gets no new ones. The rest is found by queries, which no longer return deleted rows, so a call
 * that dies or runs out of time is simply repeated. Data newer than the delete stays. Deleting a
 * missing entity succeeds.
 * @throws RetryableError when a table is throttled or unavailable
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
  // If the entity was described again since, its runs belong to the new one.
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

/** @returns true when all are deleted */
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
