import { workflowsTrigger } from '../../core/actions/workflows-trigger.ts';
import { checkData } from '../../core/configuration/check-data.ts';
import type { FieldError } from '../../core/errors.ts';
import { apiRunId } from '../../core/ids/api-run-id.ts';
import type { JsonObject } from '../../core/json/values.ts';
import { type ActionsMessage, actionsMessageBytesMax, encodeActionsMessage } from '../../core/plan/actions-message.ts';
import {
  type ClaimedRequest,
  claimRequest,
  type EarlierRequest,
  earlierRequest,
  type RequestKey,
  requestKey,
} from './claim-request.ts';
import { findWorkflow, type WorkflowRefusal } from './find-workflow.ts';
import { messageFor, sendMessage } from './hand-over.ts';
import { aboutOf, type ReadTrigger, readTrigger, type TriggerAsked } from './read-trigger.ts';
import type { Recorded } from './record-request.ts';
import type { ApiRequest, RequestPorts } from './request.ts';

export type TriggerRefusal =
  | WorkflowRefusal
  | { kind: 'refused'; reason: 'invalid_params' | 'actor_missing'; errors: FieldError[] }
  | { kind: 'refused'; reason: 'payload_too_large' | 'idempotency_mismatch'; detail: string }
  /** Another request with the same key is at work. */
  | { kind: 'refused'; reason: 'request_in_progress'; detail: string; retryAfterSeconds: number };

/** What starting a workflow takes. */
export type TriggerPorts = Pick<
  RequestPorts,
  'configuration' | 'environment' | 'directory' | 'claims' | 'eventLog' | 'actionsQueue' | 'nowMs'
>;

export type TriggeredWorkflow =
  /** `replayOf`: the request that did it; this one has the same idempotency key. */
  { kind: 'triggered'; workflowRunId: string; replayOf?: string; recorded: Recorded } | TriggerRefusal;

/**
 * Starts a workflow: checks what can be known at once, hands the trigger to `workflow-trigger`, and
 * answers the id of the run. Each recipient's run has that id, here and at the target.
 *
 * What is described (recipients, actor, tenant) is set before the runs begin. An unknown recipient
 * is no reason to refuse: its identify may be under way, so the trigger waits for it.
 * docs/decisions/0016-a-trigger-waits-for-an-unknown-recipient.md
 *
 * With an idempotency key, all requests that ask the same within 24 hours start one run.
 * @throws RetryableError when a table or the queue is throttled or unavailable
 */
export async function triggerWorkflow(
  workflow: string,
  asked: TriggerAsked,
  request: ApiRequest,
  ports: TriggerPorts,
): Promise<TriggeredWorkflow> {
  const trigger = readTrigger(workflow, asked);
  if (trigger.kind === 'refused') return { ...trigger, reason: 'invalid_params' };
  const key = requestKey(request, workflow, trigger.payload);
  if (key !== undefined && 'problem' in key) return refusedKey(key.problem);
  const message = await messageFor(workflowsTrigger, trigger.payload, request, ports);
  const refusal = (await refusalOf(workflow, trigger, ports)) ?? sizeRefusal(message);
  if (refusal !== undefined) {
    const earlier = key && (await earlierRequest(key, ports));
    return earlier === undefined ? refusal : replayed(earlier, key);
  }
  const claimed = key === undefined ? unclaimed(request) : await claimRequest(key, request, ports);
  switch (claimed.kind) {
    case 'replay':
      return replayed(claimed, key);
    case 'mismatch':
      return mismatch(claimed.owner);
    case 'in_progress':
      return inProgress;
    case 'run': {
      const { execution, again, release } = claimed;
      const workflowRunId = apiRunId(execution);
      const invocations = message.invocations.map((invocation) => ({ ...invocation, id: workflowRunId }));
      try {
        await sendMessage({ ...message, execution, again, invocations }, ports);
      } catch (error) {
        await release();
        throw error;
      }
      const recorded = { ...aboutOf(trigger), ...keyOf(key), handedOver: 1, execution, ifUnwritten: release };
      return { kind: 'triggered', workflowRunId, recorded };
    }
  }
}

function unclaimed({ id }: ApiRequest): Extract<ClaimedRequest, { kind: 'run' }> {
  return { kind: 'run', execution: id, again: false, release: async () => undefined };
}

const keyOf = (key: RequestKey | undefined): Pick<Recorded, 'key'> => (key === undefined ? {} : { key: key.key });

function replayed({ owner, execution }: EarlierRequest, key: RequestKey | undefined): TriggeredWorkflow {
  const recorded = { ...keyOf(key), execution, duplicateOf: owner };
  return { kind: 'triggered', workflowRunId: apiRunId(execution), replayOf: owner, recorded };
}

function refusedKey(problem: string): TriggerRefusal {
  return { kind: 'refused', reason: 'invalid_params', errors: [{ field: 'Idempotency-Key', message: problem }] };
}

function mismatch(owner: string): TriggerRefusal {
  const detail = `request ${owner} has this Idempotency-Key and other parameters; send each trigger with a key of its own`;
  return { kind: 'refused', reason: 'idempotency_mismatch', detail };
}

const inProgress: TriggerRefusal = {
  kind: 'refused',
  reason: 'request_in_progress',
  detail: 'another request with this Idempotency-Key is at work; send this one again',
  retryAfterSeconds: 1,
};

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

function sizeRefusal(message: ActionsMessage): TriggerRefusal | undefined {
  const encoded = encodeActionsMessage(message);
  if ('text' in encoded) return undefined;
  const [is, most] = [encoded.tooLarge, actionsMessageBytesMax].map((bytes) => Math.ceil(bytes / 1024));
  const detail = `the trigger takes ${is} KB when it is compressed; at most ${most} fit, so send a reference to large data`;
  return { kind: 'refused', reason: 'payload_too_large', detail };
}
