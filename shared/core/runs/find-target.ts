import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { WorkflowFile } from '../configuration/schema.ts';
import type { Target } from '../configuration/targets/index.ts';

export type FoundTarget =
  | { target: Target; file: WorkflowFile }
  | { reason: 'workflow_missing' | 'target_missing'; detail: string }
  /** The workflow starts no runs, but its existing ones can still be cancelled. */
  | { reason: 'workflow_inactive'; detail: string; file: WorkflowFile; target: Target };

/** A workflow's target in this environment, or why it has none. */
export function findTarget(workflow: string, { snapshot, state }: LiveConfiguration, environment: string): FoundTarget {
  const file = Object.hasOwn(snapshot.workflows, workflow) ? snapshot.workflows[workflow] : undefined;
  if (file === undefined) {
    return { reason: 'workflow_missing', detail: `workflow "${workflow}" is not committed in ${environment}` };
  }
  const target = Object.hasOwn(file.target, environment) ? file.target[environment] : undefined;
  if (target === undefined) {
    const detail = `workflow "${workflow}" has no target for ${environment}; add one under "target" in its file`;
    return { reason: 'target_missing', detail };
  }
  if (state.inactive_workflows.includes(workflow)) {
    return {
      reason: 'workflow_inactive',
      detail: `workflow "${workflow}" is switched off in ${environment}`,
      file,
      target,
    };
  }
  return { target, file };
}
