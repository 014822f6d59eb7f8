import { readFileSync } from 'node:fs';

/*
 * Whether `aws` and `npx cdk` know a command of a page, and its options. What an operation takes is in the SDK's own client for
 * it; the AWS CLI makes its options of the same names. https://docs.aws.amazon.com/cli/latest/topic/config-vars.html
 */

type Client = Record<string, unknown>;

const clients: Record<string, () => Promise<Client>> = {
  cloudformation: () => import('@aws-sdk/client-cloudformation') as Promise<Client>,
  cloudwatch: () => import('@aws-sdk/client-cloudwatch') as Promise<Client>,
  dynamodb: () => import('@aws-sdk/client-dynamodb') as Promise<Client>,
  lambda: () => import('@aws-sdk/client-lambda') as Promise<Client>,
  logs: () => import('@aws-sdk/client-cloudwatch-logs') as Promise<Client>,
  secretsmanager: () => import('@aws-sdk/client-secrets-manager') as Promise<Client>,
  sqs: () => import('@aws-sdk/client-sqs') as Promise<Client>,
  ssm: () => import('@aws-sdk/client-ssm') as Promise<Client>,
  sts: () => import('@aws-sdk/client-sts') as Promise<Client>,
};

/** Commands of the AWS CLI alone, and of services whose client nothing here uses. */
const others: Record<string, string[]> = {
  'apigatewayv2 get-domain-name': ['domain-name'],
  'cloudformation deploy': ['stack-name', 'template-file', 'capabilities', 'parameter-overrides'],
  'configure list-profiles': [],
  'iam create-policy': ['policy-name', 'policy-document'],
  'logs tail': ['since', 'follow', 'format', 'filter-pattern'],
  'service-quotas request-service-quota-increase': ['service-code', 'quota-code', 'desired-value'],
  'sso login': [],
};

const ofEveryCommand = ['query', 'output', 'profile', 'region', 'max-items', 'endpoint-url'];

const pascal = (words: string) => words.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
const plain = (name: string) => name.replaceAll('-', '').toLowerCase();

const loaded = new Map<string, Client>();
/** Before the first question. */
export async function loadAwsClients(): Promise<void> {
  for (const [service, load] of Object.entries(clients)) loaded.set(service, await load());
}

/** What is wrong with `SERVICE OPERATION --options …`; undefined when the AWS CLI would run it. */
export function awsRefusedBecause(command: string): string | undefined {
  const [service = '', operation = '', ...rest] = command.split(' ');
  const known = optionsOf(service, operation, rest[0] ?? '');
  if (known === undefined) return `aws has no "${service} ${operation}"`;
  const wrong = optionsIn(rest.join(' ')).find(
    (option) =>
      ![...known, ...ofEveryCommand].some((one) => [one, `no-${one}`].some((name) => plain(name) === plain(option))),
  );
  return wrong === undefined ? undefined : `aws ${service} ${operation} has no --${wrong}`;
}

/** Quoted text may hold what looks like one. */
function optionsIn(text: string): string[] {
  const unquoted = text.replaceAll(/"[^"]*"|'[^']*'/g, '');
  return [...unquoted.matchAll(/(?:^|\s)--([\w-]+)/g)].map(([, name = '']) => name);
}

function optionsOf(service: string, operation: string, waiter: string): string[] | undefined {
  const listed = others[`${service} ${operation}`];
  if (listed !== undefined) return listed;
  const client = loaded.get(service);
  if (client === undefined) return undefined;
  if (operation === 'wait') return `waitUntil${pascal(waiter)}` in client ? ['stack-name'] : undefined;
  const Command = client[`${pascal(operation)}Command`] as (new (input: object) => { schema: unknown[] }) | undefined;
  if (Command === undefined) return undefined;
  const [, , , , input] = new Command({}).schema;
  const shape = (typeof input === 'function' ? input() : input) as unknown[];
  // A structure's fifth part is the list of its members; an operation without input has none.
  return Array.isArray(shape?.[4]) ? (shape[4] as string[]) : [];
}

type CdkOptions = Record<string, { alias?: string; negativeAlias?: string }>;
type CdkRegistry = { globalOptions: CdkOptions; commands: Record<string, { options?: CdkOptions }> };

const registry = JSON.parse(
  readFileSync(new URL('../../node_modules/aws-cdk/lib/cli/cli-type-registry.json', import.meta.url), 'utf8'),
) as CdkRegistry;

/** What the app reads; any other key would mean nothing. */
const contextKeys = ['environment', 'firstDeploy', 'alarmEmail', 'account', 'region'];

/** What is wrong with a command of `npx cdk`, by CDK's own list of commands and options. */
export function cdkRefusedBecause(command: string): string | undefined {
  const [name = ''] = command.split(' ');
  const found = registry.commands[name];
  if (found === undefined) return `cdk has no command "${name}"`;
  const options = { ...registry.globalOptions, ...found.options };
  for (const option of optionsIn(command))
    if (!(option in options) && !(option.replace(/^no-/, '') in options)) return `cdk ${name} has no --${option}`;
  for (const [, key = ''] of command.matchAll(/ -c (\w+)=/g))
    if (!contextKeys.includes(key)) return `the app reads no context "${key}"`;
  return undefined;
}
