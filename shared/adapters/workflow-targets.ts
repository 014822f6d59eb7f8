import { makeTargetGuard } from '../core/targets/guard-target.ts';
import type { TargetBreakers } from '../ports/target-breakers.ts';
import type { OpenTarget } from '../ports/workflow-target.ts';
import { absentTarget } from './absent-target.ts';
import type { AwsClientConfig } from './aws-target.ts';
import { makeEventBridgeTargets } from './event-bridge-target.ts';
import { type HttpTargetDeps, makeHttpTargets } from './http-target.ts';
import { type KnockTargetDeps, makeKnockTargets } from './knock-target.ts';
import { logTarget } from './log-target.ts';
import { makeStepFunctionsTargets } from './step-functions-target.ts';

export type WorkflowTargetsDeps = HttpTargetDeps &
  KnockTargetDeps & {
    breakers: TargetBreakers;
    /** Default: AWS itself, which a local run keeps away from. */
    aws?: AwsClientConfig;
  };

/** Every type of target, each in a file of its own, and each behind the breaker of its workflow. */
export function makeWorkflowTargets(deps: WorkflowTargetsDeps): OpenTarget {
  const openHttp = makeHttpTargets(deps);
  const openStepFunctions = makeStepFunctionsTargets(deps.aws);
  const openEventBridge = makeEventBridgeTargets(deps.aws);
  const openKnock = makeKnockTargets(deps);
  const isWithoutAws = deps.allowPrivate && deps.aws === undefined;
  const open: OpenTarget = (workflow, target) => {
    switch (target.type) {
      case 'log':
        return logTarget;
      case 'http':
        return openHttp(workflow, target);
      case 'step-functions':
        return isWithoutAws ? absentTarget('Step Functions') : openStepFunctions(workflow, target);
      case 'event-bridge':
        return isWithoutAws ? absentTarget('EventBridge') : openEventBridge(workflow, target);
      case 'knock':
        return openKnock(workflow, target);
    }
  };
  const guard = makeTargetGuard(deps.breakers, deps.nowMs);
  return (workflow, target) => guard(workflow, open(workflow, target));
}
