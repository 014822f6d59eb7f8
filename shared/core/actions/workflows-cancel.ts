import * as z from 'zod';
import { recipientKey } from '../ids/entity-ref.ts';
import { isEventBefore } from '../ids/event-id.ts';
import { isJsonObject } from '../json/values.ts';
import type { ActionResult } from '../logs/action-result.ts';
import { continues } from '../logs/pending.ts';
import { cancelEach } from '../runs/cancel-runs.ts';
import { defineAction } from './action.ts';
import { CancellationKey, Text } from './parts/params.ts';
import { Recipients } from './parts/recipient.ts';

const pageLimit = 200;
// The longest that a page may take when targets must be called.
const pageMs = 8000;

/**
 * Cancels the unfinished runs of a workflow with a cancellation key: all of them, or those of some
 * recipients. It cancels only runs whose event was received earlier (within one request the order
 * decides). A mark also stops such runs if their trigger has not run yet.
 * https://docs.knock.app/send-notifications/canceling-workflows
 */
export const workflowsCancel = defineAction({
  id: 'workflows_cancel',
  does: 'cancels unfinished runs by workflow and cancellation key',
  decidesWhom: ['recipients'],
  isFor: ['recipients'],
  names: { parameter: 'key', type: 'workflow', isBare: true },
  params: z.object({
    key: Text.describe('The workflow; may be written bare.'),
    cancellation_key: CancellationKey.describe('What the trigger was given.'),
    recipients: Recipients.optional().describe('Only runs of these. Left out or empty: all.'),
  }),
  suggestion: {
    parameters: (event) => ({
      key: event.workflow(),
      cancellation_key: event.id('order_id', 'invoice_id', 'cart_id', 'session_id'),
    }),
  },
  async run({ key: workflow, cancellation_key: cancellationKey, recipients = [] }, context): Promise<ActionResult> {
    const { runs, event, nowMs, deadlineMs } = context;
    const wanted = recipients.length > 0 ? new Set(recipients.map(({ ref }) => recipientKey(ref))) : undefined;
    const mark = { workflow, cancellationKey, beforeMs: event.receivedAtMs, beforeId: event.id };
    // First the mark, then the look-up. A trigger first writes its runs and then reads marks, so
    // one of the two sees the other.
    await runs.markCancelled(wanted ? [...wanted].map((recipient) => ({ ...mark, recipient })) : [mark], nowMs());

    const so = soFar(context.progress);
    let after = so.after;
    do {
      const page = await runs.unfinishedOf(workflow, cancellationKey, {
        limit: pageLimit,
        ...(after !== undefined && { after }),
      });
      const chosen = page.entries.filter(
        (run) =>
          isEventBefore(run.eventId, event.id) && (wanted === undefined || wanted.has(recipientKey(run.key.recipient))),
      );
      const tally = await cancelEach(chosen, 'workflows_cancel', context);
      so.cancelled += tally.cancelled;
      so.tooLate += tally.tooLate;
      const result = { cancelled: so.cancelled, too_late: so.tooLate };
      if (tally.trouble) {
        return { status: 'pending', ...tally.trouble, result, progress: { ...so } };
      }
      after = page.next;
      if (after !== undefined && deadlineMs - nowMs() < pageMs) {
        const progress = { ...so, after };
        const more = continues(`${so.cancelled} cancelled so far; more are looked through`);
        return { status: 'pending', ...more, result, progress };
      }
    } while (after !== undefined);
    return { status: 'succeeded', result: { cancelled: so.cancelled, too_late: so.tooLate } };
  },
});

/**
 * The number that earlier attempts cancelled. Absent `after`: the look-up starts again, and finds
 * only runs that are still unfinished.
 */
function soFar(progress: unknown): { cancelled: number; tooLate: number; after?: string } {
  const known = isJsonObject(progress) ? (progress as { cancelled: number; tooLate: number; after?: string }) : {};
  return { cancelled: 0, tooLate: 0, ...known };
}
