import { fileURLToPath } from 'node:url';
import type { Stack } from 'aws-cdk-lib';
import type { Target, WorkflowFile } from '../../shared/core/configuration/schema.ts';
import {
  problemText,
  readConfigurationFiles,
} from '../../shared/operations/configuration/files/configuration-files.ts';

const directory = fileURLToPath(new URL('../config', import.meta.url));

/**
 * The workflows of `infra/config`, as they are at this synthesis. A target that is committed later needs a deploy before
 * it can be called; until then its runs wait (docs/targets.md, "Permissions").
 * @throws Error when a workflow's file is wrong: left out, its target would silently lose its permission
 */
export function workflowsInFiles(): Record<string, WorkflowFile> {
  const { snapshot, problems } = readConfigurationFiles(directory);
  const wrong = problems.filter(({ severity, file }) => severity === 'error' && /[\\/]workflows[\\/]/.test(file));
  if (wrong.length > 0) throw new Error(wrong.map(problemText).join('\n'));
  return snapshot.workflows;
}

export function targetsOf(environment: string, workflows: Record<string, WorkflowFile>): Target[] {
  return Object.values(workflows).flatMap(
    ({ target }) => (Object.hasOwn(target, environment) ? target[environment] : undefined) ?? [],
  );
}

export type Grant = { actions: string[]; resources: string[] };

/** What a function needs to call these targets: exactly what they name, and nothing where nothing is named. */
export function grantsForTargets(targets: readonly Target[], stack: Stack): Grant[] {
  const machines = new Set<string>();
  const buses = new Set<string>();
  for (const target of targets) {
    if (target.type === 'step-functions') machines.add(target.state_machine_arn);
    if (target.type === 'event-bridge') buses.add(busArn(target.bus, stack));
  }
  const grants: Grant[] = [];
  if (machines.size > 0) {
    grants.push(
      { actions: ['states:StartExecution'], resources: [...machines] },
      { actions: ['states:StopExecution'], resources: [...new Set([...machines].map(executionsOf))] },
    );
  }
  if (buses.size > 0) grants.push({ actions: ['events:PutEvents'], resources: [...buses] });
  return grants;
}

/** Executions of a state machine; those of its versions and aliases are its own. */
function executionsOf(stateMachineArn: string): string {
  const [arn, partition, service, region, account, , name] = stateMachineArn.split(':');
  return [arn, partition, service, region, account, 'execution', name, '*'].join(':');
}

function busArn(bus: string, stack: Stack): string {
  return bus.startsWith('arn:')
    ? bus
    : stack.formatArn({ service: 'events', resource: 'event-bus', resourceName: bus });
}
