import { printRunId, runKey, runMessageId } from '../../shared/core/ids/run-id.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import { cancelMessage } from '../../shared/core/runs/cancel-message.ts';
import type { RunMessage } from '../../shared/core/runs/run-message.ts';
import type { endingOf, PendingRun, RunStatus } from '../../shared/core/runs/workflow-run.ts';
import type { CancelRequest, RunRequest } from '../../shared/ports/workflow-target.ts';

/** Any members of a run, whatever its state: test builders put whole runs together from them. */
export type RunChange = Partial<Omit<PendingRun, 'status'>> & ReturnType<typeof endingOf> & { status?: RunStatus };

const execution = '01KAJ6VY008M25RXK0Q4T9B7C0';
const keyOf = (user: string) => runKey({ kind: 'user', id: user }, execution, 'order');

/** A request to start one user's run, as the engine makes it. */
export function runRequest(user = 'lena', change: JsonObject = {}, timeoutMs = 2000): RunRequest {
  const id = printRunId(keyOf(user));
  const message: RunMessage = {
    type: 'workflow.run',
    timestamp: '2026-11-21T03:00:00.000Z',
    data: {
      id,
      workflow_run_id: 'f12c50a4-a4cb-571d-8d7f-7c4f1e770922',
      workflow: 'order-completed',
      recipient: {
        id: user,
        email: `${user}@orchard.example`,
        plan: 'team',
        created_at: null,
        updated_at: '2026-11-21T02:59:00.000Z',
      },
      actor: null,
      tenant: null,
      data: { total: 27.5 },
      environment: 'production',
      ...change,
    },
  };
  return { messageId: runMessageId(id), message, timeoutMs };
}

export function cancelRequest(user = 'lena', timeoutMs = 2000): CancelRequest {
  const run = {
    key: keyOf(user),
    workflow: 'order-completed',
    workflowRunId: 'f12c50a4-a4cb-571d-8d7f-7c4f1e770922',
    cancellationKey: 'order-1',
  };
  const message = cancelMessage(run, {
    reason: 'workflows_cancel',
    environment: 'production',
    nowMs: Date.parse('2026-11-21T04:00:00Z'),
  });
  return { messageId: runMessageId(printRunId(run.key)), message, timeoutMs };
}
