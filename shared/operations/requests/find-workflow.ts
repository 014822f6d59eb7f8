import type { WorkflowFile } from '../../core/configuration/schema.ts';
import { findTarget } from '../../core/runs/find-target.ts';
import { didYouMean } from '../words/did-you-mean.ts';
import type { RequestPorts } from './request.ts';

export type WorkflowRefusal = {
  kind: 'refused';
  reason: 'workflow_missing' | 'workflow_inactive' | 'target_missing';
  detail: string;
};

export type FoundWorkflow = { kind: 'found'; file: WorkflowFile };

/** A workflow that can start runs in this environment, or why it cannot. */
export async function findWorkflow(
  workflow: string,
  { configuration, environment }: Pick<RequestPorts, 'configuration' | 'environment'>,
): Promise<FoundWorkflow | WorkflowRefusal> {
  const live = await configuration();
  const found = findTarget(workflow, live, environment);
  if ('file' in found && !('reason' in found)) return { kind: 'found', file: found.file };
  const { reason, detail } = found;
  const others = reason === 'workflow_missing' ? didYouMean(workflow, Object.keys(live.snapshot.workflows)) : '';
  return { kind: 'refused', reason, detail: `${detail}${others}` };
}
