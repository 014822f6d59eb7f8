import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import {
  type Item as AttributeValues,
  expressionRefusal,
  itemBytesMax,
  keyRefusal,
  nestingRefusal,
  storedBytes,
} from '../../infra/local/limits/table-limits.ts';
import { evaluateCondition, evaluateUpdate } from './table-expressions.ts';

export type Item = Record<string, unknown>;
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
  ReturnValues?: string;
  ReturnValuesOnConditionCheckFailure?: string;
};

/**
 * A table in memory behind the document client's `send`, for tests that make thousands of calls. It knows the commands that
 * the adapters of the Configuration and Claims tables send, and throws at any other. The contracts of both run against it and
 * against the emulator alike. It refuses what DynamoDB refuses for its size: items, keys, nesting and expressions.
 *
 * @param items the table's items by `pk` and `sk`, for tests that look at them
 */
export function memoryTable(items: Map<string, Item> = new Map()): DynamoDBDocumentClient {
  function requireCondition(input: Input, id: string): void {
    if (input.ConditionExpression === undefined) return;
    const item = items.get(id);
    if (evaluateCondition(input.ConditionExpression, item, input)) return;
    throw new ConditionalCheckFailedException({
      message: 'The conditional request failed',
      $metadata: {},
      ...(input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && item && { Item: marshall(item) }),
    });
  }

  const commands: Record<string, (input: Input) => object> = {
    GetCommand: ({ Key = {} }) => ({ Item: items.get(idOf(Key)) }),
    PutCommand(input) {
      const item = input.Item as Item;
      requireFitting(item, 'Item size has exceeded the maximum allowed size');
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
      const { Key = {}, UpdateExpression = '' } = input;
      requireCondition(input, idOf(Key));
      const old = items.get(idOf(Key));
      const item = evaluateUpdate(UpdateExpression, old ?? Key, input);
      requireFitting(item, 'Item size to update has exceeded the maximum allowed size');
      items.set(idOf(Key), item);
      return input.ReturnValues === 'ALL_OLD' && old ? { Attributes: old } : {};
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
    const input = copied(command.input) as Input;
    refuse(expressionRefusal(marshalledValues(input)));
    if (input.Key !== undefined) refuse(keyRefusal(marshalled(input.Key), keys));
    return copied(answer(input));
  };
  return { send } as unknown as DynamoDBDocumentClient;
}

const keys = [
  { name: 'pk', isPartition: true },
  { name: 'sk', isPartition: false },
];

// A test may put what another program wrote, such as a map with a key `constructor`.
const marshalled = (item: Item) => marshall(item, { convertClassInstanceToMap: true }) as AttributeValues;

function marshalledValues({ ExpressionAttributeValues: values, ...input }: Input) {
  return { ...input, ...(values !== undefined && { ExpressionAttributeValues: marshalled(values) }) };
}

/** The limits of DynamoDB, by the very code that mends the embedded one. */
function requireFitting(item: Item, tooLarge: string): void {
  const stored = marshalled(item);
  refuse(keyRefusal(stored, keys) ?? nestingRefusal(stored));
  if (storedBytes(stored) > itemBytesMax) refuse(tooLarge);
}

function refuse(message: string | undefined): void {
  if (message !== undefined) throw Object.assign(new Error(message), { name: 'ValidationException' });
}

/** Names an item of such a table. */
export function idOf({ pk, sk }: Item): string {
  return `${pk}\n${sk}`;
}

/** As values come out of a table: no reference to what went in, and nothing that was undefined. */
function copied(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([name, inner]) => [name, copied(inner)]));
}
