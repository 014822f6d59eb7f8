import type { WorkflowTarget } from '../ports/workflow-target.ts';

/**
 * An AWS service that a local run does not have. It refuses at once, instead of calling a foreign
 * account for a day.
 */
export function absentTarget(service: string): WorkflowTarget {
  const detail = `a local run has no ${service}; give this environment a log or http target to try the workflow here`;
  return { recordsOnly: false, timeoutMs: 1000, start: async () => ({ kind: 'refused', detail }) };
}
