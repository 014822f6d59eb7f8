import { capabilitiesFrom } from '../configuration/capabilities.ts';
import type { StackOutputs } from '../environment.ts';

/** The format of configurations whose functions hold events and runs. */
const formatMin = 3;

/** Whether an environment's functions hold what is paused. Those of an older version would run it. */
export function canHold(outputs: StackOutputs): boolean {
  return (capabilitiesFrom(outputs)?.format ?? 0) >= formatMin;
}
