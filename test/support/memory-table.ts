import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

type Item = Record<string, unknown>;
type Input = {
  Key?: Item;
  Item?: Item;
  ConditionExpression?: string;
  UpdateExpression?: string;
  KeyConditionExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Item;
  ExclusiveStartKey?: Item;
  ScanIndexForward?: boolean;
  Limit?: number;
};

/**
 * A table in memory behind the document client's `send`, for tests that make thousands of calls. It knows the commands and
 * expressions that the Configuration table's adapters use and throws at any other; test/configuration/drafts-and-commits
 * runs against it and against the emulator alike.
 */
export function memoryTable(): DynamoDBDocumentClient {
  const items = new Map<string, Item>();
  const idOf = ({ pk, sk }: Item) => `${pk}\n${sk}`;

  function requireCondition(input: Input, id: string): void {
    const { ConditionExpression: expression, ExpressionAttributeValues: values = {} } = input;
    if (expression === undefined) return;
    const [, name = '', value = ''] = /^(\w+) = (:\w+)$/.exec(expression) ?? [];
    const holds = expression === 'attribute_not_exists(pk)' ? !items.has(id) : items.get(id)?.[name] === values[value];
    if (expression !== 'attribute_not_exists(pk)' && name === '') throw new Error(`unknown condition: ${expression}`);
    if (!holds) throw Object.assign(new Error('the condition failed'), { name: 'ConditionalCheckFailedException' });
  }

  const commands: Record<string, (input: Input) => object> = {
    GetCommand: ({ Key = {} }) => ({ Item: items.get(idOf(Key)) }),
    PutCommand(input) {
      const item = input.Item as Item;
      requireCondition(input, idOf(item));
      items.set(idOf(item), item);
      return {};
    },
    DeleteCommand(input) {
      const id = idOf(input.Key as Item);
      requireCondition(input, id);
      items.delete(id);
      return {};
    },
    UpdateCommand(input) {
      const { Key = {}, UpdateExpression = '', ExpressionAttributeNames: names = {} } = input;
      requireCondition(input, idOf(Key));
      const assignments = /^SET (.*)$/.exec(UpdateExpression)?.[1]?.split(', ') ?? [];
      if (assignments.length === 0) throw new Error(`unknown update: ${UpdateExpression}`);
      const set = assignments.map((assignment) => {
        const [name = '', value = ''] = assignment.split(' = ');
        return [names[name] ?? name, input.ExpressionAttributeValues?.[value]];
      });
      items.set(idOf(Key), { ...Key, ...items.get(idOf(Key)), ...Object.fromEntries(set) });
      return {};
    },
    QueryCommand(input) {
      const { KeyConditionExpression: key = '', ExpressionAttributeValues: values = {}, Limit = 1000 } = input;
      const [, prefix] = /^pk = :pk(?: AND begins_with\(sk, (:\w+)\))?$/.exec(key) ?? [];
      if (!key.startsWith('pk = :pk')) throw new Error(`unknown key condition: ${key}`);
      const found = [...items.values()]
        .filter(({ pk, sk }) => pk === values[':pk'] && String(sk).startsWith(String(values[prefix ?? ''] ?? '')))
        .sort((a, b) => (String(a.sk) < String(b.sk) ? -1 : 1));
      if (input.ScanIndexForward === false) found.reverse();
      const start = input.ExclusiveStartKey;
      const from = start === undefined ? 0 : found.findIndex((item) => idOf(item) === idOf(start)) + 1;
      const page = found.slice(from, from + Limit);
      const last = page.at(-1);
      return {
        Items: page,
        ...(from + Limit < found.length && last && { LastEvaluatedKey: { pk: last.pk, sk: last.sk } }),
      };
    },
  };

  const send = async (command: { constructor: { name: string }; input: Input }) => {
    const { name } = command.constructor;
    const answer = commands[name];
    if (answer === undefined) throw new Error(`unknown command: ${name}`);
    return copied(answer(copied(command.input) as Input));
  };
  return { send } as unknown as DynamoDBDocumentClient;
}

/** As values come out of a table: no reference to what went in, and nothing that was undefined. */
function copied(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([name, inner]) => [name, copied(inner)]));
}
