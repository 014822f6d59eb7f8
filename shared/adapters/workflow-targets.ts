import type { Target } from '../core/configuration/targets/index.ts';
import { makeTargetGuard } from '../core/targets/guard-target.ts';
import { limitCalls } from '../core/targets/limit-calls.ts';
import type { RunLimiter } from '../core/targets/run-limiter.ts';
import type { TargetBreakers } from '../ports/target-breakers.ts';
import type { OpenTarget, WorkflowTarget } from '../ports/workflow-target.ts';
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
    limiter: RunLimiter;
    /** Default: AWS itself; a local run passes other endpoints. */
    aws?: AwsClientConfig;
  };

/** Opens targets of one type. */
type Opener<Type extends Target['type']> = (
  deps: WorkflowTargetsDeps,
) => (workflow: string, target: Extract<Target, { type: Type }>) => WorkflowTarget;

/**
 * The adapter of each type of target, one file each. shared/core/configuration/targets defines the
 * types.
 */
const openers: { [Type in Target['type']]: Opener<Type> } = {
  log: () => () => logTarget,
  http: makeHttpTargets,
  'step-functions': (deps) =>
    isWithoutAws(deps) ? () => absentTarget('Step Functions') : makeStepFunctionsTargets(deps.aws),
  'event-bridge': (deps) => (isWithoutAws(deps) ? () => absentTarget('EventBridge') : makeEventBridgeTargets(deps.aws)),
  knock: makeKnockTargets,
};

const isWithoutAws = ({ allowPrivate, aws }: WorkflowTargetsDeps) => allowPrivate && aws === undefined;

/** Every type of target, each behind the breaker of its workflow. */
export function makeWorkflowTargets(deps: WorkflowTargetsDeps): OpenTarget {
  const open = new Map(
    Object.entries(openers).map(([type, opener]) => [type, (opener as Opener<Target['type']>)(deps) as OpenTarget]),
  );
  const guard = makeTargetGuard(deps.breakers, deps.nowMs);
  return (workflow, target, maxConcurrent) => {
    const opened = open.get(target.type);
    if (opened === undefined) throw new Error(`no target is of type ${target.type}`);
    const called = opened(workflow, target);
    // A breaker that holds a run back takes no permit.
    return guard(workflow, maxConcurrent === undefined ? called : limitCalls(workflow, called, maxConcurrent, deps));
  };
}
