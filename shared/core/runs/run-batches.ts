import { v5 as uuidV5 } from 'uuid';
import { signalboxNamespace } from '../ids/invocation-id.ts';

/**
 * Batches of runs, for targets that take many in one call. A run joins a batch when its row is
 * written and stays in it: the row keeps the batch's id, and later attempts send the batch's
 * unfinished runs under that id.
 *
 * The id must not be derived again at each attempt. After a crash while writing "handed off", or
 * when a recipient has become known meanwhile, the remaining runs would make other batches. A
 * target that goes by `webhook-id` would then begin runs twice.
 *
 * The id comes from the batch's runs, so two deliveries of one message that plan the same batch
 * give it the same id.
 */
export function batchMessageId(runIds: string[]): string {
  return `msg_${uuidV5(runIds.join('\n'), signalboxNamespace)}`;
}

/**
 * Splits runs into batches of at most `batchMax`, in order, before they are written.
 * @returns the batch's id for each run
 */
export function assignBatches(runIds: string[], batchMax: number): string[] {
  return runIds.map((_, i) => {
    const first = i - (i % batchMax);
    return batchMessageId(runIds.slice(first, first + batchMax));
  });
}
