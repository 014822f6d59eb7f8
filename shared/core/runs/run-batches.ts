import { v5 as uuidV5 } from 'uuid';
import { signalboxNamespace } from '../ids/invocation-id.ts';

/**
 * Batches of runs, for targets that take many in one call.
 *
 * A run joins a batch when its row is written and stays in it: the row keeps the batch's id, and whatever is still open
 * of a batch is sent again under that id. Deriving it anew at each attempt would not do: after a crash half-way through
 * writing "handed off", or when a recipient has become known meanwhile, what is left makes other batches, and a target
 * that goes by `webhook-id` would begin runs twice that it has under another one.
 *
 * The id comes from the runs that the batch was made of, so two deliveries of one message that plan the same batch give
 * it the same id.
 */
export function batchMessageId(runIds: string[]): string {
  return `msg_${uuidV5(runIds.join('\n'), signalboxNamespace)}`;
}

/**
 * Splits runs that are about to be written into batches of at most `batchMax`, in order.
 * @returns the batch's id for each run
 */
export function assignBatches(runIds: string[], batchMax: number): string[] {
  return runIds.map((_, i) => {
    const first = i - (i % batchMax);
    return batchMessageId(runIds.slice(first, first + batchMax));
  });
}
