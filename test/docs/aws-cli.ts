import { search } from '@aws-lambda-powertools/jmespath';
import { type AttributeValue, type DynamoDBClient, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';

/** An `aws dynamodb` command of a page, its options checked. */
export type AwsCommand = { operation: 'query' | 'get-item'; options: Map<string, string>; flags: Set<string> };

const optionsOf = {
  'get-item': ['--table-name', '--key', '--query', '--output'],
  query: [
    ...['--table-name', '--index-name', '--key-condition-expression', '--filter-expression'],
    ...['--expression-attribute-names', '--expression-attribute-values', '--max-items', '--query', '--output'],
  ],
};
const flags = ['--consistent-read', '--no-scan-index-forward'];

/** @throws Error for an operation or an option that is not one of these: a scan, a slip of the pen */
export function awsCommand(words: string[]): AwsCommand {
  const [aws, service, operation, ...rest] = words;
  if (aws !== 'aws' || service !== 'dynamodb' || (operation !== 'query' && operation !== 'get-item'))
    throw new Error(`not a get-item or query of DynamoDB: ${words.join(' ')}`);
  const command: AwsCommand = { operation, options: new Map(), flags: new Set() };
  for (let i = 0; i < rest.length; i++) {
    const name = rest[i] as string;
    const value = rest[i + 1];
    if (flags.includes(name)) command.flags.add(name);
    else if (optionsOf[operation].includes(name) && value !== undefined) {
      command.options.set(name, value);
      i++;
    } else throw new Error(`aws dynamodb ${operation} has no ${name} here`);
  }
  return command;
}

/** What the CLI would print as JSON: binary as base64, the `--query` applied. */
export async function runAws(client: DynamoDBClient, command: AwsCommand): Promise<unknown> {
  const answer = command.operation === 'get-item' ? await getItem(client, command) : await query(client, command);
  const expression = command.options.get('--query');
  const printed = JSON.parse(JSON.stringify(answer, asBase64));
  return expression === undefined ? printed : search(expression, printed);
}

function asBase64(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const own = this[key];
  return own instanceof Uint8Array ? Buffer.from(own).toString('base64') : value;
}

const json = <Value>(text: string | undefined): Value | undefined =>
  text === undefined ? undefined : JSON.parse(text);

async function getItem(client: DynamoDBClient, { options, flags }: AwsCommand) {
  const { Item } = await client.send(
    new GetItemCommand({
      TableName: options.get('--table-name'),
      Key: json<Record<string, AttributeValue>>(options.get('--key')),
      ConsistentRead: flags.has('--consistent-read'),
    }),
  );
  return { Item };
}

async function query(client: DynamoDBClient, { options, flags }: AwsCommand) {
  const Items: Record<string, AttributeValue>[] = [];
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: options.get('--table-name'),
        IndexName: options.get('--index-name'),
        KeyConditionExpression: options.get('--key-condition-expression'),
        FilterExpression: options.get('--filter-expression'),
        ExpressionAttributeNames: json(options.get('--expression-attribute-names')),
        ExpressionAttributeValues: json(options.get('--expression-attribute-values')),
        ConsistentRead: flags.has('--consistent-read') || undefined,
        ScanIndexForward: !flags.has('--no-scan-index-forward'),
        ExclusiveStartKey,
      }),
    );
    Items.push(...(page.Items ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return { Items: Items.slice(0, Number(options.get('--max-items') ?? Items.length)) };
}
