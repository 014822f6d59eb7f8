import type { AwsAccount, HeldResource } from './aws-account.ts';
import type { Commands, Finding } from './finding.ts';
import type { PlannedStack } from './planned-stack.ts';

/**
 * What stands where the stack would make something, and is not the stack's: CloudFormation refuses a
 * name that is taken, after it has made half of the rest. Tables get names of their own, so an old
 * one is in no one's way; but it holds the data of an earlier stack, which the new one does not see.
 *
 * @param held of the stack that exists; empty when there is none
 */
export async function leftoverFindings(
  account: AwsAccount,
  planned: PlannedStack,
  held: HeldResource[],
  commands: Commands,
): Promise<Finding[]> {
  const isHeld = (type: string, name: string) => held.some((one) => one.type === type && one.name === name);
  const [queues, logGroups, secrets, tables] = await Promise.all([
    leftQueues(account, planned),
    leftLogGroups(account, planned),
    leftSecrets(account, planned),
    leftTables(account, planned),
  ]);
  return [
    ...queues.filter((url) => !isHeld('AWS::SQS::Queue', url)).map((url) => queueFinding(url, commands)),
    ...logGroups.filter((name) => !isHeld('AWS::Logs::LogGroup', name)).map((name) => logGroupFinding(name, commands)),
    ...secrets
      .filter(({ name }) => !held.some((one) => one.type === 'AWS::SecretsManager::Secret' && isSecret(one.name, name)))
      .map(({ name, deleted }) => secretFinding(planned, name, deleted, commands)),
    ...tables.filter((name) => !isHeld('AWS::DynamoDB::Table', name)).map((name) => tableFinding(name, commands)),
  ];
}

async function leftQueues(account: AwsAccount, { queues }: PlannedStack): Promise<string[]> {
  const urls = await Promise.all(queues.map((name) => account.queueUrl(name)));
  return urls.flatMap((url) => url ?? []);
}

async function leftLogGroups(account: AwsAccount, { logGroups }: PlannedStack): Promise<string[]> {
  // With the slash, so that `/signalbox/x/` does not ask for those of an environment `x-rest`.
  const folders = [...new Set(logGroups.map((name) => name.slice(0, name.lastIndexOf('/') + 1)))];
  const there = (await Promise.all(folders.map((folder) => account.logGroupsBelow(folder)))).flat();
  return logGroups.filter((name) => there.includes(name));
}

async function leftSecrets(
  account: AwsAccount,
  { secrets }: PlannedStack,
): Promise<{ name: string; deleted: boolean }[]> {
  const states = await Promise.all(secrets.map((name) => account.secret(name)));
  return secrets.flatMap((name, i) => (states[i] === 'absent' ? [] : [{ name, deleted: states[i] === 'deleted' }]));
}

async function leftTables(account: AwsAccount, { name, tables }: PlannedStack): Promise<string[]> {
  const isOurs = (table: string) =>
    tables.some((id) => table.startsWith(`${name}-${id}-`) && /^[A-Z0-9]+$/.test(table.slice(`${name}-${id}-`.length)));
  return (await account.tableNames()).filter(isOurs);
}

/** CloudFormation names a secret by its ARN, which ends in the name, a hyphen and six characters. */
function isSecret(arn: string, name: string): boolean {
  return arn === name || arn.slice(0, -7).endsWith(`:secret:${name}`);
}

const leftover = { check: 'leftovers' } as const;

function queueFinding(url: string, commands: Commands): Finding {
  return {
    ...leftover,
    level: 'blocks',
    found: `the queue ${url.split('/').at(-1)} exists and is of no stack; a deploy fails with "already exists"`,
    right: 'no such queue; what waits in it is lost when it is deleted',
    next: [
      commands.aws(`sqs get-queue-attributes --queue-url ${url} --attribute-names ApproximateNumberOfMessages`),
      `${commands.aws(`sqs delete-queue --queue-url ${url}`)}, then wait for a minute`,
    ],
  };
}

function logGroupFinding(name: string, commands: Commands): Finding {
  return {
    ...leftover,
    level: 'blocks',
    found: `the log group ${name} exists and is of no stack; a deploy fails with "already exists"`,
    right: 'no such log group',
    next: [commands.aws(`logs delete-log-group --log-group-name ${name}`)],
  };
}

function secretFinding(planned: PlannedStack, name: string, deleted: boolean, commands: Commands): Finding {
  const remove = commands.aws(`secretsmanager delete-secret --secret-id ${name} --force-delete-without-recovery`);
  return {
    ...leftover,
    level: 'blocks',
    found: `the secret ${name} ${deleted ? 'is scheduled for deletion, and keeps its name until then' : 'exists and is of no stack'}; a deploy fails with "already exists"`,
    right: `no such secret. It is the key of all ingest URLs of ${planned.environment}: docs/tear-down.md, "Deploying again", says how to keep it`,
    next: deleted
      ? [`${commands.aws(`secretsmanager restore-secret --secret-id ${name}`)}, to keep its value`, remove]
      : [remove],
  };
}

function tableFinding(name: string, commands: Commands): Finding {
  return {
    ...leftover,
    level: 'advice',
    found: `the table ${name} is of an earlier stack; this one does not use it`,
    right: 'its rows are not needed, and it is deleted; or they are brought over: docs/restore.md',
    next: [
      commands.aws(`dynamodb describe-table --table-name ${name} --query Table.ItemCount`),
      commands.aws(`dynamodb update-table --table-name ${name} --no-deletion-protection-enabled`),
      commands.aws(`dynamodb delete-table --table-name ${name}`),
    ],
  };
}
