import type { WorkflowTarget } from '../ports/workflow-target.ts';

/** The run is a record and nothing more: for trying things out, and for workflows whose target is not there yet. */
export const logTarget: WorkflowTarget = {
  recordsOnly: true,
  timeoutMs: 0,
  start: async () => ({ kind: 'accepted' }),
};
