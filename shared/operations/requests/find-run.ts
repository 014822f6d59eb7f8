import { getEach } from '../../adapters/dynamodb-get-each.ts';
import { runFromItem, runItemKey } from '../../adapters/dynamodb-workflow-runs.ts';
import { parseRunId } from '../../core/ids/run-id.ts';
import type { ActionOutcome } from '../../core/logs/action-log-entry.ts';
import type { WorkflowRun } from '../../core/runs/workflow-run.ts';
import type { RunReads } from '../runs/run-reads.ts';
import type { RequestPorts } from './request.ts';

/** A run; `waits`: the action that will hand it off, if it has been tried. */
export type FoundRun = { run: WorkflowRun; waits?: { outcome: ActionOutcome; sinceMs: number } };

/**
 * The run with this id, undefined when there is none. One read, and one more for a run that waits.
 * @throws RetryableError when a table is throttled or unavailable
 */
export async function findRunById(
  id: string,
  { runReads, actionLog }: Pick<RequestPorts, 'actionLog'> & { runReads: RunReads },
): Promise<FoundRun | undefined> {
  const key = parseRunId(id);
  if (key === undefined) return undefined;
  const { client, table } = runReads.runs;
  const [item] = await getEach(client, [runItemKey(key)], { table, what: 'reading a run' });
  if (item === undefined) return undefined;
  const run = runFromItem(item);
  if (run.status !== 'pending' && run.status !== 'held') return { run };
  const log = await actionLog.read(key.execution);
  const outcome = log?.actions.find(({ mapping, status }) => mapping === run.mapping && status === 'pending');
  return { run, ...(log && outcome && { waits: { outcome, sinceMs: log.updatedAtMs } }) };
}
