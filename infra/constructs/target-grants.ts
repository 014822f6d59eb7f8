import { fileURLToPath } from 'node:url';
import type { Stack } from 'aws-cdk-lib';
import type { WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { type Target, targetDefinition } from '../../shared/core/configuration/targets/index.ts';
import type { Grant } from '../../shared/core/configuration/targets/target.ts';
import {
  problemText,
  readConfigurationFiles,
} from '../../shared/operations/configuration/files/configuration-files.ts';

const directory = fileURLToPath(new URL('../config', import.meta.url));

/**
 * The workflows of `infra/config` at this synthesis. A target that is committed later needs a
 * deploy before it can be called. Until then its runs wait (docs/targets.md, "Permissions").
 * @throws Error when a workflow's file is wrong: otherwise its target would silently lose its
 * permission
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

/**
 * The permissions to call exactly the resources that these targets name. Each type of target states
 * its own grants; grants for the same actions are joined.
 */
export function grantsForTargets(targets: readonly Target[], stack: Stack): Grant[] {
  const here = {
    arnOf: (service: string, resource: string, resourceName: string) =>
      stack.formatArn({ service, resource, resourceName }),
  };
  const byActions = new Map<string, Grant>();
  for (const { actions, resources } of targets.flatMap(
    (target) => targetDefinition(target).aws?.grantsOf(target, here) ?? [],
  )) {
    const key = actions.join();
    byActions.set(key, { actions, resources: [...(byActions.get(key)?.resources ?? []), ...resources] });
  }
  return [...byActions.values()].map(({ actions, resources }) => ({ actions, resources: [...new Set(resources)] }));
}
