import type { OpenTarget } from '../ports/workflow-target.ts';
import { type HttpTargetDeps, makeHttpTargets } from './http-target.ts';
import { logTarget } from './log-target.ts';

/** Every type of target, each in a file of its own. */
export function makeWorkflowTargets(deps: HttpTargetDeps): OpenTarget {
  const openHttp = makeHttpTargets(deps);
  return (workflow, target) => {
    switch (target.type) {
      case 'log':
        return logTarget;
      case 'http':
        return openHttp(workflow, target);
    }
  };
}
