import * as z from 'zod';
import { defineTarget } from './target.ts';

/** An execution of a state machine for each run. */
export const stepFunctions = defineTarget({
  schema: z.strictObject({
    type: z.literal('step-functions').describe('Start an execution for each run.'),
    state_machine_arn: z
      .string()
      .regex(
        /^arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:stateMachine:[A-Za-z0-9_-]{1,80}(:[A-Za-z0-9_-]{1,80})?$/,
        'must be the ARN of a state machine: arn:aws:states:REGION:ACCOUNT:stateMachine:NAME',
      )
      .describe('A standard state machine, or a version or alias of one; express ones would start runs twice.'),
  }),
  aws: {
    nameOf: (target) => target.state_machine_arn,
    grantsOf: ({ state_machine_arn: arn }) => [
      { actions: ['states:StartExecution'], resources: [arn] },
      { actions: ['states:StopExecution'], resources: [executionsOf(arn)] },
    ],
  },
});

/** Executions of a state machine; executions of its versions and aliases belong to it too. */
function executionsOf(stateMachineArn: string): string {
  const [arn, partition, service, region, account, , name] = stateMachineArn.split(':');
  return [arn, partition, service, region, account, 'execution', name, '*'].join(':');
}
