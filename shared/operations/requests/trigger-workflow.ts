import { workflowsTrigger } from '../../core/actions/workflows-trigger.ts';
import { checkData } from '../../core/configuration/check-data.ts';
import type { FieldError } from '../../core/errors.ts';
import { apiRunId } from '../../core/ids/api-run-id.ts';
import type { JsonObject } from '../../core/json/values.ts';
import { type ActionsMessage, actionsMessageBytesMax, encodeActionsMessage } from '../../core/plan/actions-message.ts';
import { findWorkflow, type WorkflowRefusal } from './find-workflow.ts';
import { messageFor, sendMessage } from './hand-over.ts';
import { aboutOf, type ReadTrigger, readTrigger, type TriggerAsked } from './read-trigger.ts';
import type { Recorded } from './record-request.ts';
import type { ApiRequest, RequestPorts } from './request.ts';

export type TriggerRefusal =
  | WorkflowRefusal
  | { kind: 'refused'; reason: 'invalid_params' | 'actor_missing'; errors: FieldError[] }
  | { kind: 'refused'; reason: 'payload_too_large'; detail: string };

export type TriggeredWorkflow = { kind: 'triggered'; workflowRunId: string; recorded: Recorded } | TriggerRefusal;

/**
 * Starts a workflow: checks what can be known at once, hands the trigger to `workflow-trigger`, and
 * answers the id of the run. Each recipient's run has that id, here and at the target.
 *
 * What is described (recipients, actor, tenant) is set before the runs begin. An unknown recipient
 * is no reason to refuse: its identify may be under way, so the trigger waits for it.
 * docs/decisions/0016-a-trigger-waits-for-an-unknown-recipient.md
 * @throws RetryableError when a table or the queue is throttled or unavailable
 */
export async function triggerWorkflow(
  workflow: string,
  asked: TriggerAsked,
  request: ApiRequest,
  ports: RequestPorts,
): Promise<TriggeredWorkflow> {
  const trigger = readTrigger(workflow, asked);
  if (trigger.kind === 'refused') return { ...trigger, reason: 'invalid_params' };
  const refusal = await refusalOf(workflow, trigger, ports);
  if (refusal !== undefined) return refusal;
  const workflowRunId = apiRunId(request.id);
  const message = await messageFor(workflowsTrigger, trigger.payload, request, ports, workflowRunId);
  const problem = sizeProblem(message);
  if (problem !== undefined) return { kind: 'refused', reason: 'payload_too_large', detail: problem };
  await sendMessage(message, ports);
  return { kind: 'triggered', workflowRunId, recorded: { ...aboutOf(trigger), handedOver: 1 } };
}

/** Why the trigger would start no run, as far as that is known now. */
async function refusalOf(
  workflow: string,
  { payload, actorId }: ReadTrigger,
  ports: Pick<RequestPorts, 'configuration' | 'environment' | 'directory'>,
): Promise<TriggerRefusal | undefined> {
  const found = await findWorkflow(workflow, ports);
  if (found.kind === 'refused') return found;
  const { data_schema } = found.file;
  const data = (payload.data ?? {}) as JsonObject;
  const errors = data_schema === undefined ? [] : await checkData(data_schema as JsonObject, data);
  if (errors.length > 0) return { kind: 'refused', reason: 'invalid_params', errors };
  if (actorId === undefined) return undefined;
  const [actor] = await ports.directory.readEach([{ kind: 'user', id: actorId }]);
  if (actor !== undefined) return undefined;
  const message = `there is no user ${actorId}; describe one as {"id": …} to make it`;
  return { kind: 'refused', reason: 'actor_missing', errors: [{ field: 'actor', message }] };
}

function sizeProblem(message: ActionsMessage): string | undefined {
  const encoded = encodeActionsMessage(message);
  if ('text' in encoded) return undefined;
  const [is, most] = [encoded.tooLarge, actionsMessageBytesMax].map((bytes) => Math.ceil(bytes / 1024));
  return `the trigger takes ${is} KB when it is compressed; at most ${most} fit, so send a reference to large data`;
}
