import { workflowsCancel } from '../../core/actions/workflows-cancel.ts';
import type { FieldError } from '../../core/errors.ts';
import type { JsonValue } from '../../core/json/values.ts';
import { findWorkflow, type WorkflowRefusal } from './find-workflow.ts';
import { handOver } from './hand-over.ts';
import { readRecipients } from './read-recipients.ts';
import type { Recorded } from './record-request.ts';
import type { ApiRequest, RequestPorts } from './request.ts';
import { userOf } from './set-entity.ts';

export type CancelAsked = {
  cancellation_key: string;
  /** References. Absent: runs of all recipients. */
  recipients?: JsonValue[];
};

export type CancelledWorkflow =
  | { kind: 'accepted'; recorded: Recorded }
  | WorkflowRefusal
  | { kind: 'refused'; reason: 'invalid_params'; errors: FieldError[] };

/**
 * Cancels the unfinished runs of a workflow with a cancellation key, by the action that events use.
 * It is only accepted here. Runs of triggers that were received earlier are cancelled, also of those
 * that have not run yet; later ones never. docs/protocols/runs.md, "Cancelling"
 *
 * A workflow that is switched off may have runs that wait, so it is no reason to refuse.
 * @throws RetryableError when the queue is throttled or unavailable
 */
export async function cancelWorkflow(
  workflow: string,
  { cancellation_key, recipients }: CancelAsked,
  request: ApiRequest,
  ports: RequestPorts,
): Promise<CancelledWorkflow> {
  const read = readRecipients(recipients ?? []);
  if (read.kind === 'refused') return { ...read, reason: 'invalid_params' };
  const found = await findWorkflow(workflow, ports);
  if (found.kind === 'refused' && found.reason === 'workflow_missing') return found;
  const payload = { key: workflow, cancellation_key, ...(recipients !== undefined && { recipients }) };
  await handOver(workflowsCancel, payload, request, ports);
  const [only, ...others] = read.refs;
  const about = only !== undefined && others.length === 0 ? userOf(only) : {};
  return { kind: 'accepted', recorded: { ...about, handedOver: 1 } };
}
