import { asError, errorMessage, RetryableError } from '../../shared/core/errors.ts';
import { outcomeHead, rowHead } from '../../shared/core/executions/action-row.ts';
import { mergeEntries } from '../../shared/core/executions/merge-entries.ts';
import type { ActionLogEntry } from '../../shared/core/logs/action-log-entry.ts';
import type { ActionsMessage } from '../../shared/core/plan/actions-message.ts';
import { clip } from '../../shared/core/text.ts';
import type { ActionLog } from '../../shared/ports/action-log.ts';

/** A row to write, with what was read before the attempt. */
export type RowToWrite = {
  row: ActionLogEntry;
  stored?: ActionLogEntry;
  /** True when no other delivery can have written: then the row is written without a condition, together with others. */
  isAlone: boolean;
};

/**
 * First attempts that left nothing pending or failed have no other delivery to agree with: their rows are written together,
 * unconditionally. Every other row is written on the condition that it is as it was read.
 *
 * Answers in order: undefined, or what kept the row out. Never throws.
 */
export async function writeRows(all: RowToWrite[], actionLog: ActionLog): Promise<(Error | undefined)[]> {
  const alone = all.filter(({ isAlone }) => isAlone);
  // A revision that no delivery has read: a twin that read an earlier row must not take this one for it.
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

/** @throws RetryableError when the row kept changing, or the table is throttled or away */
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
 * Leaves a failed delivery's reason in its row, as the detail of whatever is still open: the dead-letter queue carries
 * messages and no errors. The dead-letter function writes the row if this does not.
 * @throws what the table throws, which may be what failed
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
    // Nothing was concluded, so the row does not learn of the origin.
    next: 0,
    origins: [],
    revision: 1,
    updatedAtMs: nowMs,
    ...(retentionDays !== undefined && { retentionDays }),
  };
  const stored = await actionLog.read(message.execution);
  await writeMerged({ row, ...(stored && { stored }) }, actionLog);
}
