import {
  arn,
  deniedMessage,
  listOf,
  objectOf,
  type Permission,
  type RequestBody,
  type ServiceAccess,
  type Surroundings,
  textOf,
} from './permission.ts';

/**
 * Actions, resources and condition keys of DynamoDB's requests:
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 */
export const dynamodb: ServiceAccess = {
  conditionKeys: ['LeadingKeys', 'EnclosingOperation', 'Select', 'ReturnValues', 'ReturnConsumedCapacity'].map(
    (name) => `dynamodb:${name}`,
  ),

  permissionsOf(operation, body, surroundings) {
    const perTable = batches[operation];
    if (perTable !== undefined) {
      return Object.entries(objectOf(body.RequestItems)).map(([table, requests]) =>
        permission(operation, table, keysOf(table, perTable(requests), surroundings)),
      );
    }
    const inTransaction = transactions[operation];
    if (inTransaction !== undefined) {
      return listOf(body.TransactItems).flatMap((item) =>
        Object.entries(objectOf(item)).map(([kind, value]) => {
          const request = objectOf(value);
          const table = textOf(request.TableName) ?? '';
          const conditions = keysOf(table, [objectOf(request.Key ?? request.Item)], surroundings);
          // The only one of these actions without the key.
          const enclosing = kind === 'ConditionCheck' ? {} : { 'dynamodb:EnclosingOperation': operation };
          return permission(inTransaction[kind] ?? kind, table, { ...conditions, ...enclosing });
        }),
      );
    }
    const table = textOf(body.TableName);
    if (table === undefined) return [{ action: `dynamodb:${operation}`, resource: '*', conditions: {} }];
    if (operation === 'Query') return [queryPermission(table, body, surroundings)];
    if (operation === 'Scan') {
      const resource = arnOf(table, textOf(body.IndexName));
      return [{ action: 'dynamodb:Scan', resource, conditions: stated(body) }];
    }
    const item = body.Key ?? body.Item;
    const conditions = item === undefined ? {} : keysOf(table, [objectOf(item)], surroundings);
    return [permission(operation, table, { ...conditions, ...stated(body) })];
  },

  refuse: (call) => ({
    status: 400,
    headers: {},
    body: { __type: 'com.amazon.coral.service#AccessDeniedException', Message: deniedMessage(call) },
  }),
};

/** The items of a batch's requests to one table. */
const batches: Record<string, (requests: unknown) => Record<string, unknown>[]> = {
  BatchGetItem: (requests) => listOf(objectOf(requests).Keys).map(objectOf),
  BatchWriteItem: (requests) =>
    listOf(requests).map((request) => {
      const { PutRequest, DeleteRequest } = objectOf(request);
      return objectOf(objectOf(PutRequest).Item ?? objectOf(DeleteRequest).Key);
    }),
};

// A transaction has no permission of its own: each of its items needs that of a single request.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
const transactions: Record<string, Record<string, string>> = {
  TransactWriteItems: {
    Put: 'PutItem',
    Update: 'UpdateItem',
    Delete: 'DeleteItem',
    ConditionCheck: 'ConditionCheckItem',
  },
  TransactGetItems: { Get: 'GetItem' },
};

function permission(operation: string, table: string, conditions: Permission['conditions']): Permission {
  return { action: `dynamodb:${operation}`, resource: arnOf(table, undefined), conditions };
}

/** A request names its table by name or by ARN. */
function arnOf(table: string, index: string | undefined): string {
  const ofTable = table.startsWith('arn:') ? table : arn('dynamodb', `table/${table}`);
  return index === undefined ? ofTable : `${ofTable}/index/${index}`;
}

function nameOf(table: string): string {
  return table.replace(/^arn:.*:table\//, '');
}

/** `dynamodb:LeadingKeys`, each value once. */
function keysOf(
  table: string,
  items: Record<string, unknown>[],
  { partitionKeyOf }: Surroundings,
): Permission['conditions'] {
  const attribute = partitionKeyOf(nameOf(table), undefined);
  if (attribute === undefined) return {};
  return leadingKeys(items.flatMap((item) => keyText(item[attribute]) ?? []));
}

function leadingKeys(keys: string[]): Permission['conditions'] {
  return keys.length === 0 ? {} : { 'dynamodb:LeadingKeys': [...new Set(keys)] };
}

/** A key in DynamoDB's JSON: text, a number, or bytes. */
function keyText(value: unknown): string | undefined {
  const { S, N, B } = objectOf(value);
  return textOf(S) ?? textOf(N) ?? textOf(B);
}

function queryPermission(table: string, body: RequestBody, { partitionKeyOf }: Surroundings): Permission {
  const index = textOf(body.IndexName);
  const attribute = partitionKeyOf(nameOf(table), index);
  const names = objectOf(body.ExpressionAttributeNames);
  const values = objectOf(body.ExpressionAttributeValues);
  // The partition key is always compared with one value, for equality.
  const keys = [...(textOf(body.KeyConditionExpression) ?? '').matchAll(/([#\w.-]+)\s*=\s*(:\w+)/g)].flatMap(
    ([, name = '', value = '']) => ((textOf(names[name]) ?? name) === attribute ? (keyText(values[value]) ?? []) : []),
  );
  const conditions = { ...leadingKeys(keys), ...stated(body) };
  return { action: 'dynamodb:Query', resource: arnOf(table, index), conditions };
}

/** Condition keys that repeat a member of the request. */
function stated({ Select, ReturnValues, ReturnConsumedCapacity }: RequestBody): Permission['conditions'] {
  const members = {
    'dynamodb:Select': textOf(Select),
    'dynamodb:ReturnValues': textOf(ReturnValues),
    'dynamodb:ReturnConsumedCapacity': textOf(ReturnConsumedCapacity),
  };
  return Object.fromEntries(
    Object.entries(members).filter((member): member is [string, string] => member[1] !== undefined),
  );
}
