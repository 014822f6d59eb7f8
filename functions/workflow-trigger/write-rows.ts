import { asError, errorMessage, RetryableError } from '../../shared/core/errors.ts';
import { outcomeHead, rowHead } from '../../shared/core/executions/action-row.ts';
import { mergeEntries } from '../../shared/core/executions/merge-entries.ts';
import type { ActionLogEntry } from '../../shared/core/logs/action-log-entry.ts';
import type { ActionsMessage } from '../../shared/core/plan/actions-message.ts';
import { clip } from '../../shared/core/text.ts';
import type { ActionLog } from '../../shared/ports/action-log.ts';

/** A row to write, with the row read before the attempt. */
export type RowToWrite = {
  row: ActionLogEntry;
  stored?: ActionLogEntry;
  /**
   * True when no other delivery can have written: then the row is written without a condition, in a
   * batch.
   */
  isAlone: boolean;
};

/**
 * First attempts without pending or failed actions cannot conflict with another delivery: their
 * rows are written in a batch, unconditionally. Every other row is written only if it is unchanged
 * since the read. Answers in order: undefined, or the error that prevented the write. Never throws.
 */
export async function writeRows(all: RowToWrite[], actionLog: ActionLog): Promise<(Error | undefined)[]> {
  const alone = all.filter(({ isAlone }) => isAlone);
  // A revision that no delivery has read, so that a twin that read an earlier row notices the
  // difference.
  const rows = alone.map(({ row }) => ({ ...row, revision: row.updatedAtMs }));
  const batch = rows.length === 0 ? Promise.resolve([]) : actionLog.writeEach(rows).catch(asError);
  const merged = await Promise.all(
    all.map((one) => (one.isAlone ? undefined : writeMerged(one, actionLog).then(() => undefined, asError))),
  );
  const together = await batch;
  let position = 0;
  return all.map(({ isAlone }, i) => {
    if (!isAlone) return merged[i];
    return together instanceof Error ? together : together[position++];
  });
}

const writeAttemptsMax = 10;

/** @throws RetryableError when the row kept changing, or the table is throttled or unavailable */
async function writeMerged({ row, stored }: Omit<RowToWrite, 'isAlone'>, actionLog: ActionLog): Promise<void> {
  let found = stored;
  for (let tries = 1; tries <= writeAttemptsMax; tries++) {
    const merged = mergeEntries(row, found);
    if (merged === undefined) return;
    if (await actionLog.writeIfUnchanged(merged, found?.revision ?? 0)) return;
    found = await actionLog.read(row.execution);
  }
  throw new RetryableError(`the row of execution ${row.execution} kept changing`);
}

/**
 * Writes a failed delivery's reason into its row, as the detail of open actions, since the
 * dead-letter queue holds messages without errors. The dead-letter function writes the row if this
 * fails.
 * @throws the table's error; the table itself may have failed
 */
export async function explainInRow(
  message: ActionsMessage,
  about: { error: Error; receiveCount: number; nowMs: number; retentionDays?: number },
  actionLog: ActionLog,
): Promise<void> {
  const { error, receiveCount, nowMs, retentionDays } = about;
  const detail = clip(errorMessage(error));
  const row: ActionLogEntry = {
    ...rowHead(message),
    actions: message.invocations.map((invocation) => ({
      ...outcomeHead(invocation),
      status: 'pending',
      detail,
      attempts: receiveCount,
    })),
    // No action was concluded, so the row does not record the origin.
    next: 0,
    origins: [],
    revision: 1,
    updatedAtMs: nowMs,
    ...(retentionDays !== undefined && { retentionDays }),
  };
  const stored = await actionLog.read(message.execution);
  await writeMerged({ row, ...(stored && { stored }) }, actionLog);
}
