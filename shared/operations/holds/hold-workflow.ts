import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { holdItemKey } from '../../adapters/dynamodb-workflow-holds.ts';
import type { EnvironmentState, WorkflowHold } from '../../core/configuration/schema.ts';
import { own } from '../../core/json/values.ts';
import type { Environment } from '../environment.ts';
import { cancelJob } from '../jobs/jobs.ts';
import { failure } from '../refusal.ts';
import { type Asked, type Changed, change, type Unknown } from '../settings/change.ts';
import { canHold } from './can-hold.ts';
import { countHeld, type HeldCount } from './held-triggers.ts';

export type Held = Changed & {
  hold: WorkflowHold;
  held: HeldCount;
  /** A release was under way and was stopped. */
  stoppedJob?: string;
};

/**
 * Pauses a workflow: its runs are written as `held` and wait until it is resumed. A release that is
 * under way is stopped. A workflow that drops its runs holds them from now on.
 * @throws Refusal when the functions are too old to hold runs
 */
export async function holdWorkflow(
  environment: Environment,
  { workflow, ...asked }: Asked & { workflow: string },
): Promise<Held | Unknown> {
  const { configuration, outputs } = environment;
  const { snapshot, state } = await readLive(configuration);
  if (!Object.hasOwn(snapshot.workflows, workflow))
    return { kind: 'unknown', what: 'workflow', name: workflow, known: Object.keys(snapshot.workflows).sort() };
  if (!canHold(outputs))
    throw failure(
      `the functions of ${environment.name} cannot hold runs: they were deployed with an older version`,
      `deploy, or npx signalbox workflow pause ${workflow} --drop: runs are then not started and not kept`,
    );
  const { since: _since, by: _by, job } = own(state.held_workflows ?? {}, workflow) ?? {};
  const stoppedJob = job !== undefined && (await cancelJob(configuration, job, asked.nowMs)) ? job : undefined;
  const first: WorkflowHold = {
    since: new Date(asked.nowMs).toISOString(),
    by: asked.author,
    ...(asked.message !== undefined && { reason: asked.message }),
  };
  const changed = await change(
    configuration,
    asked,
    () => `pause workflow ${workflow} and hold its runs`,
    (before) => {
      const { job: _job, ...hold } = own(before.held_workflows ?? {}, workflow) ?? first;
      return {
        ...before,
        inactive_workflows: before.inactive_workflows.filter((key) => key !== workflow),
        held_workflows: { ...before.held_workflows, [workflow]: hold },
      };
    },
  );
  const hold = own(changed.state.held_workflows ?? {}, workflow) as WorkflowHold;
  // After the state, whose order decides between two operators. Until it is there, runs begin.
  await configuration.client.send(
    new PutCommand({ TableName: configuration.table, Item: { ...holdItemKey(workflow), since: hold.since } }),
  );
  const held = await countHeld(environment, workflow);
  return { ...changed, hold, held, ...(stoppedJob !== undefined && { stoppedJob }) };
}

/** The state without a workflow's hold. */
export function withoutHold(state: EnvironmentState, workflow: string): EnvironmentState {
  const { held_workflows: all = {}, ...rest } = state;
  const { [workflow]: _gone, ...others } = all;
  return Object.keys(others).length === 0 ? rest : { ...rest, held_workflows: others };
}
