import type { Target } from '../../shared/core/configuration/targets/index.ts';

/** The least that a file has to say of each type of target, besides the type. A new type adds its own. */
export const targetExamples: Record<Target['type'], object> = {
  log: {},
  http: { url: 'https://target.example/' },
  'step-functions': { state_machine_arn: 'arn:aws:states:eu-west-1:123456789012:stateMachine:orders' },
  'event-bridge': { bus: 'orders' },
  knock: { workflow: 'new-order' },
};
