import type { WorkflowTarget } from '../ports/workflow-target.ts';

/**
 * The run is only a record: for trying things out, and for workflows whose target does not exist
 * yet.
 */
export const logTarget: WorkflowTarget = {
  recordsOnly: true,
  timeoutMs: 0,
  start: async () => ({ kind: 'accepted' }),
};
