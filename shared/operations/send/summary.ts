import { warningsOf } from '../../core/executions/no-runs.ts';
import type { Sample } from '../../core/sources/guide.ts';
import type { FinalEvent } from './follow.ts';
import type { SendOutcome } from './outcomes.ts';

/** The result of a `send`; also its `--json` row. */
export type SendSummary = {
  sent: number;
  accepted: number;
  refused: { status: number; problem: string; count: number }[];
  ids: string[];
  /** Events that were not final when the waiting ended; 0 when it did not wait. */
  waiting: number;
  /** What did not succeed, or waits: a reason, a count and the next command each. */
  outcomes: SendOutcome[];
  /** Final events by status. */
  events: Record<string, number>;
  /** Actions by name and status: `{ "workflows_trigger": { "succeeded": 3 } }`. */
  actions: Record<string, Record<string, number>>;
  /** Actions by the code of a warning: `{ "no_runs": 3 }`. */
  warnings: Record<string, number>;
  /** Runs found for the users of the samples; null when they were not read. */
  runs: RunCheck | null;
  seconds: number;
  events_per_second: number;
};

export type RunCheck = {
  total: number;
  /** Events whose trigger reported runs. */
  expected: number;
  /** Events with fewer runs than their triggers reported. */
  missing: string[];
  /** Messages (the vendor's ids) that ran more than once. */
  twice: string[];
};

export function countFinal(final: Iterable<FinalEvent>): Pick<SendSummary, 'events' | 'actions' | 'warnings'> {
  const events: Record<string, number> = {};
  const warnings: Record<string, number> = {};
  const actions: Record<string, Record<string, number>> = {};
  for (const { entry, actions: log } of final) {
    events[entry.status] = (events[entry.status] ?? 0) + 1;
    for (const outcome of log?.actions ?? []) {
      const { action, status } = outcome;
      const counts = actions[action] ?? {};
      actions[action] = { ...counts, [status]: (counts[status] ?? 0) + 1 };
      for (const code of new Set(warningsOf(outcome).map((warning) => warning.code)))
        warnings[code] = (warnings[code] ?? 0) + 1;
    }
  }
  return { events, actions, warnings };
}

/**
 * Whether every event has the runs that its triggers reported, and no message ran twice.
 * @param runsByExecution the number of runs in the table per execution, for the users of the
 * samples
 * @param messageOf the vendor's id of each accepted event
 */
export function checkRuns(
  final: ReadonlyMap<string, FinalEvent>,
  runsByExecution: ReadonlyMap<string, number>,
  messageOf: ReadonlyMap<string, string>,
): RunCheck {
  const executionsOfMessage = new Map<string, Set<string>>();
  const check: RunCheck = { total: 0, expected: 0, missing: [], twice: [] };
  for (const [id, { entry, actions }] of final) {
    if (entry.status !== 'processed' || entry.execution === undefined) continue;
    const reported = (actions?.actions ?? []).reduce(
      (sum, { result }) => sum + (typeof result?.runs === 'number' ? result.runs : 0),
      0,
    );
    const found = runsByExecution.get(entry.execution) ?? 0;
    check.total += found;
    check.expected += reported;
    const message = messageOf.get(id) ?? id;
    if (found < reported) check.missing.push(message);
    if (found > reported) check.twice.push(message);
    const executions = executionsOfMessage.get(message) ?? new Set();
    executionsOfMessage.set(message, executions.add(entry.execution));
  }
  for (const [message, executions] of executionsOfMessage) {
    if (executions.size > 1 && !check.twice.includes(message)) check.twice.push(message);
  }
  return check;
}

/** The vendor's ids by event id, for requests with one event. */
export function messageIds(accepted: { sample: Sample; ids: string[] }[]): Map<string, string> {
  return new Map(accepted.flatMap(({ sample, ids }) => ids.map((id) => [id, sample.messageId] as const)));
}
