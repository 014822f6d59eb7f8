import { SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import type { Target } from '../core/configuration/targets/index.ts';
import type { CancelAnswer, TargetAnswer, WorkflowTarget } from '../ports/workflow-target.ts';
import { endable } from './aws-calls.ts';
import { type AwsClientConfig, answerFromAwsError, awsTargetDefaults, regionOfArn } from './aws-target.ts';

const timeoutMs = 5000;

/**
 * Starts one execution of a standard state machine per run. Its name comes from the run's id, and a
 * standard state machine takes each name once in 90 days, so a run never has two executions: a
 * second call gets ExecutionAlreadyExists, which counts as success.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export function makeStepFunctionsTargets(config: AwsClientConfig = {}) {
  const clients = new Map<string | undefined, SFNClient>();

  return (_workflow: string, target: Extract<Target, { type: 'step-functions' }>): WorkflowTarget => {
    const stateMachineArn = target.state_machine_arn;
    return {
      recordsOnly: false,
      timeoutMs,

      async start({ messageId, message, timeoutMs }): Promise<TargetAnswer> {
        const name = executionName(messageId);
        const executionArn = executionArnOf(stateMachineArn, name);
        try {
          await clientFor(stateMachineArn).send(
            new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(message) }),
            { abortSignal: AbortSignal.timeout(timeoutMs) },
          );
          return { kind: 'accepted', reference: { execution_arn: executionArn } };
        } catch (error) {
          if (error instanceof Error && error.name === 'ExecutionAlreadyExists') {
            return { kind: 'accepted', reference: { execution_arn: executionArn, existed: true } };
          }
          return answerFromAwsError(error, 'Step Functions');
        }
      },

      async cancel({ messageId, message, timeoutMs }): Promise<CancelAnswer> {
        const executionArn = executionArnOf(stateMachineArn, executionName(messageId));
        try {
          await clientFor(stateMachineArn).send(
            new StopExecutionCommand({ executionArn, error: 'Cancelled', cause: String(message.data.reason) }),
            { abortSignal: AbortSignal.timeout(timeoutMs) },
          );
          return { kind: 'cancelled', reference: { execution_arn: executionArn } };
        } catch (error) {
          const answer = answerFromAwsError(error, 'Step Functions');
          return answer.kind === 'refused' ? { kind: 'too_late', detail: answer.detail } : answer;
        }
      },
    };
  };

  /** A state machine is called in its own region. */
  function clientFor(stateMachineArn: string): SFNClient {
    const region = regionOfArn(stateMachineArn);
    let client = clients.get(region);
    if (client === undefined) {
      client = endable(new SFNClient({ ...awsTargetDefaults, ...(region && { region }), ...config }));
      clients.set(region, client);
    }
    return client;
  }
}

/** The UUID in a run's message id: 36 characters of the 80 that a name may have. */
function executionName(messageId: string): string {
  return messageId.replace(/^msg_/, '');
}

/** Also for a version or alias: executions belong to the state machine itself. */
function executionArnOf(stateMachineArn: string, name: string): string {
  const [stateMachine] = /^(?:[^:]+:){5}stateMachine:[^:]+/.exec(stateMachineArn) ?? [stateMachineArn];
  return `${stateMachine.replace(':stateMachine:', ':execution:')}:${name}`;
}
