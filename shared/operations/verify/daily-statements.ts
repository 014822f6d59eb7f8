import type { StackOutputs } from '../environment.ts';
import { readSources } from '../sources/known-sources.ts';
import type { AcceptedCounts } from './accepted-counts.ts';
import { makeStatement, type Statement, type StatementEnvironment } from './statement.ts';
import { listStoredStatements, storeStatement } from './stored-statements.ts';
import { metricPeriodSeconds } from './verify-range.ts';

const dayMs = 86_400_000;
/** A message is kept for so long in a dead-letter queue: what waited is over by then, one way or the other. */
const daysBack = 14;

export type DailyOptions = { madeBy: string; version: string; nowMs(): number };

/**
 * Makes and keeps the statement of yesterday; and again those of days before that were not complete, or
 * that were missed since the first statement. A day that is complete is not looked at again.
 * @param onMade is told of each when it is kept
 * @throws the first error, after all days were tried
 */
export async function makeDailyStatements(
  environment: StatementEnvironment & { outputs: Pick<StackOutputs, 'LogShards'> },
  accepted: AcceptedCounts,
  { madeBy, version, nowMs }: DailyOptions,
  onMade: (statement: Statement) => void,
): Promise<void> {
  const { configuration, outputs } = environment;
  const [directory, stored] = await Promise.all([readSources(environment), listStoredStatements(configuration)]);
  let failure: unknown;
  for (const sinceMs of daysToState(stored, nowMs(), outputs.LogRetentionDays)) {
    const range = { sinceMs, untilMs: sinceMs + dayMs, periodSeconds: metricPeriodSeconds(nowMs() - sinceMs) };
    try {
      const { statement } = await makeStatement(environment, accepted, {
        directory,
        known: directory.known,
        all: true,
        range,
        madeBy,
        version,
        nowMs: nowMs(),
      });
      await storeStatement(configuration, statement);
      onMade(statement);
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
}

/** Starts of days, the newest first. */
export function daysToState(stored: readonly Statement[], nowMs: number, retentionDays: number): number[] {
  const today = Math.floor(nowMs / dayMs) * dayMs;
  const dayOf = ({ window }: Statement) => Date.parse(window.since);
  const complete = new Set(stored.filter(({ verdict }) => verdict === 'complete').map(dayOf));
  const first = stored.reduce((oldest, statement) => Math.min(oldest, dayOf(statement)), today - dayMs);
  // A day whose first rows may be gone is over.
  const oldest = Math.max(first, today - dayMs * Math.min(daysBack, retentionDays - 1));
  const days: number[] = [];
  for (let day = today - dayMs; day >= oldest; day -= dayMs) if (!complete.has(day)) days.push(day);
  return days;
}
