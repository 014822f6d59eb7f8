import type { DeployedStack } from './aws-account.ts';
import type { Commands, Finding } from './finding.ts';
import type { PlannedStack } from './planned-stack.ts';

type Said = Omit<Finding, 'check'>;

/**
 * What the state of a stack means for the next deploy. CDK deletes a stack whose creation failed
 * before it creates it again; in every other half-done state a person has to act first.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
 */
export function stackFinding(planned: PlannedStack, deployed: DeployedStack | undefined, commands: Commands): Finding {
  return { check: 'stack', ...saidOf(planned, deployed, commands) };
}

function saidOf(planned: PlannedStack, deployed: DeployedStack | undefined, commands: Commands): Said {
  const { name, environment, terminationProtection } = planned;
  const deploy = commands.cdk('deploy', environment);
  if (deployed === undefined) return absent(planned, commands);
  const { status, reason } = deployed;
  const found = `stack ${name} is in ${status}${reason === undefined ? '' : `: ${reason}`}`;
  const events = commands.aws(
    `cloudformation describe-stack-events --stack-name ${name} --query "StackEvents[?contains(ResourceStatus, 'FAILED')].[LogicalResourceId, ResourceStatusReason]" --output text`,
  );
  const remove = commands.aws(`cloudformation delete-stack --stack-name ${name}`);
  const unprotect = commands.aws(
    `cloudformation update-termination-protection --stack-name ${name} --no-enable-termination-protection`,
  );
  const free = deployed.terminationProtection ? [unprotect] : [];
  switch (status) {
    case 'CREATE_COMPLETE':
    case 'UPDATE_COMPLETE':
    case 'IMPORT_COMPLETE':
    case 'IMPORT_ROLLBACK_COMPLETE':
      if (!terminationProtection || deployed.terminationProtection) return { level: 'fine', found, next: [] };
      return {
        level: 'advice',
        found: `${found}, and it can be deleted by one command: it was created with -c firstDeploy=true`,
        right: 'the stack and its tables are protected from deletion, which the next deploy does',
        next: [deploy],
      };
    case 'UPDATE_ROLLBACK_COMPLETE':
      return {
        level: 'advice',
        found: `${found}: the last update failed, and the version before it runs`,
        right: 'the cause of the failure is mended before the next deploy',
        next: [events],
      };
    case 'REVIEW_IN_PROGRESS':
      return {
        level: 'fine',
        found: `${found}: a change set was made and not carried out; a deploy goes on`,
        next: [],
      };
    case 'ROLLBACK_COMPLETE':
      return {
        level: deployed.terminationProtection ? 'blocks' : 'advice',
        found: `${found}: its creation failed and was taken back`,
        right: deployed.terminationProtection
          ? 'CDK deletes it before it creates it again, which its protection forbids'
          : 'CDK deletes it before it creates it again; a queue’s name is free a minute after its deletion',
        next: [events, ...free, deployCommand(planned, commands)],
      };
    case 'ROLLBACK_FAILED':
    case 'CREATE_FAILED':
    case 'DELETE_FAILED':
      return {
        level: 'blocks',
        found: `${found}: parts of it could not be ${status === 'CREATE_FAILED' ? 'made' : 'removed'}`,
        right:
          'there is no stack, or a whole one: see what failed, remove the cause, delete the stack (docs/recover.md)',
        next: [events, ...free, remove, commands.signalbox('deploy check', environment)],
      };
    case 'UPDATE_FAILED':
    case 'UPDATE_ROLLBACK_FAILED':
      return {
        level: 'blocks',
        found: `${found}: an update stopped halfway`,
        right: 'the update is taken back: see what failed, remove the cause, roll back',
        next: [events, commands.cdk('rollback', environment)],
      };
    default:
      if (status.endsWith('_IN_PROGRESS'))
        return {
          level: 'blocks',
          found: `${found}: another deploy, or a deletion, is under way`,
          right: 'one change at a time: wait for its end',
          next: [
            commands.aws(`cloudformation wait ${waitFor(status)} --stack-name ${name}`),
            commands.signalbox('deploy check', environment),
          ],
        };
      return { level: 'unknown', found: `${found}, which this version does not know`, next: [events] };
  }
}

/** A creation that fails could not be taken back from protected tables: docs/decisions/0047. */
export function deployCommand({ environment, terminationProtection }: PlannedStack, commands: Commands): string {
  return commands.cdk('deploy', environment, terminationProtection ? 'firstDeploy=true' : undefined);
}

function absent(planned: PlannedStack, commands: Commands): Said {
  const { name, environment, terminationProtection } = planned;
  const protect = terminationProtection ? [commands.cdk('deploy', environment)] : [];
  return {
    level: 'fine',
    found: `there is no stack ${name} yet${terminationProtection ? '; a second deploy will protect it from deletion' : ''}`,
    next: [deployCommand(planned, commands), ...protect],
  };
}

function waitFor(status: string): string {
  if (status.startsWith('CREATE')) return 'stack-create-complete';
  if (status.startsWith('IMPORT')) return 'stack-import-complete';
  if (status.startsWith('DELETE')) return 'stack-delete-complete';
  if (status.startsWith('UPDATE_ROLLBACK')) return 'stack-rollback-complete';
  return status.startsWith('ROLLBACK') ? 'stack-rollback-complete' : 'stack-update-complete';
}
