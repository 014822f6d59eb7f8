import type { WorkflowTarget } from '../ports/workflow-target.ts';

/** A service of AWS that a local run does not have: said at once, instead of a day of attempts at a foreign account. */
export function absentTarget(service: string): WorkflowTarget {
  const detail = `a local run has no ${service}; give this environment a log or http target to try the workflow here`;
  return { recordsOnly: false, timeoutMs: 1000, start: async () => ({ kind: 'refused', detail }) };
}
