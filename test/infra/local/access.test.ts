import { DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Permission, Surroundings } from '../../../infra/local/access/permission.ts';
import { makeRoleAccess, type Role } from '../../../infra/local/access/role-access.ts';
import { makeRoles, type RoleCaller } from '../../../infra/local/access/roles.ts';
import { services } from '../../../infra/local/access/services.ts';
import { makeCredentials } from '../../../infra/local/credentials.ts';
import { type LocalQueues, startQueues } from '../../../infra/local/queues.ts';
import type { Statement } from '../../../infra/local/resources/policy.ts';
import { openSecretStore } from '../../../infra/local/secret-store.ts';
import { type SecretsApi, startSecretsApi } from '../../../infra/local/secrets-api.ts';
import { type LocalTables, startTables } from '../../../infra/local/tables.ts';

/* What AWS would ask a role's policies before each call, what they answer, and what a caller hears that may not. */

const tableArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/Rows';
const queueArn = 'arn:aws:sqs:us-east-1:000000000000:events';
const secretPrefix = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:';
const surroundings: Surroundings = {
  partitionKeyOf: (table, index) => (table !== 'Rows' ? undefined : index === undefined ? 'pk' : 'owner'),
  secretArn: (id) => (id === 'a/ingest' ? `${secretPrefix}a/ingest-x1y2z3` : undefined),
};

const allow = (
  Action: string | string[],
  Resource: string | string[],
  Condition?: Statement['Condition'],
): Statement => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition && { Condition }),
});
const roleWith = (...Statement: Statement[]): Role => ({
  arn: 'arn:aws:iam::000000000000:role/ingest-role',
  session: 'ingest',
  policies: [{ name: 'own', document: { Version: '2012-10-17', Statement } }],
});
const key = (pk: string) => ({ pk: { S: pk }, sk: { S: 's' } });
const leading = (...keys: string[]) => ({ 'dynamodb:LeadingKeys': keys });

const asked: [string, string, string, Record<string, unknown>, Permission[]][] = [
  [
    'a read of one item',
    'DynamoDB_20120810',
    'GetItem',
    { TableName: 'Rows', Key: key('a') },
    [{ action: 'dynamodb:GetItem', resource: tableArn, conditions: leading('a') }],
  ],
  [
    'a table named by its ARN',
    'DynamoDB_20120810',
    'PutItem',
    { TableName: tableArn, Item: key('a'), ReturnValues: 'ALL_OLD' },
    [
      {
        action: 'dynamodb:PutItem',
        resource: tableArn,
        conditions: { ...leading('a'), 'dynamodb:ReturnValues': 'ALL_OLD' },
      },
    ],
  ],
  [
    'a query, by the key it compares',
    'DynamoDB_20120810',
    'Query',
    {
      TableName: 'Rows',
      KeyConditionExpression: '#p = :p AND sk < :s',
      ExpressionAttributeNames: { '#p': 'pk' },
      ExpressionAttributeValues: { ':p': { S: 'a' }, ':s': { S: 'z' } },
    },
    [{ action: 'dynamodb:Query', resource: tableArn, conditions: leading('a') }],
  ],
  [
    'a query of an index, by the key of the index',
    'DynamoDB_20120810',
    'Query',
    {
      TableName: 'Rows',
      IndexName: 'owners',
      KeyConditionExpression: 'owner = :o',
      ExpressionAttributeValues: { ':o': { S: 'ben' }, ':p': { S: 'a' } },
    },
    [{ action: 'dynamodb:Query', resource: `${tableArn}/index/owners`, conditions: leading('ben') }],
  ],
  [
    'a scan of an index',
    'DynamoDB_20120810',
    'Scan',
    { TableName: 'Rows', IndexName: 'owners' },
    [
      {
        action: 'dynamodb:Scan',
        resource: `${tableArn}/index/owners`,
        conditions: {},
      },
    ],
  ],
  [
    'a batch of writes, once per table and with all of its keys',
    'DynamoDB_20120810',
    'BatchWriteItem',
    {
      RequestItems: {
        Rows: [
          { PutRequest: { Item: key('a') } },
          { DeleteRequest: { Key: key('b') } },
          { DeleteRequest: { Key: key('a') } },
        ],
        Others: [{ PutRequest: { Item: key('c') } }],
      },
    },
    [
      { action: 'dynamodb:BatchWriteItem', resource: tableArn, conditions: leading('a', 'b') },
      { action: 'dynamodb:BatchWriteItem', resource: tableArn.replace('Rows', 'Others'), conditions: {} },
    ],
  ],
  [
    'a batch of reads',
    'DynamoDB_20120810',
    'BatchGetItem',
    { RequestItems: { Rows: { Keys: [key('a'), key('b')] } } },
    [{ action: 'dynamodb:BatchGetItem', resource: tableArn, conditions: leading('a', 'b') }],
  ],
  [
    'a transaction, by each of its items',
    'DynamoDB_20120810',
    'TransactWriteItems',
    {
      TransactItems: [
        { Put: { TableName: 'Rows', Item: key('a') } },
        { Update: { TableName: 'Rows', Key: key('b') } },
        { ConditionCheck: { TableName: 'Rows', Key: key('c') } },
        { Delete: { TableName: 'Rows', Key: key('d') } },
      ],
    },
    [
      ['PutItem', 'a'],
      ['UpdateItem', 'b'],
      ['ConditionCheckItem', 'c'],
      ['DeleteItem', 'd'],
    ].map(([operation, pk]) => ({
      action: `dynamodb:${operation}`,
      resource: tableArn,
      conditions: {
        ...leading(pk as string),
        ...(operation !== 'ConditionCheckItem' && { 'dynamodb:EnclosingOperation': 'TransactWriteItems' }),
      },
    })),
  ],
  [
    'the list of tables',
    'DynamoDB_20120810',
    'ListTables',
    {},
    [{ action: 'dynamodb:ListTables', resource: '*', conditions: {} }],
  ],
  [
    'a batch of messages, as a single one',
    'AmazonSQS',
    'SendMessageBatch',
    { QueueUrl: 'http://127.0.0.1:1/000000000000/events', Entries: [] },
    [{ action: 'sqs:SendMessage', resource: queueArn, conditions: {} }],
  ],
  [
    'a queue by its name',
    'AmazonSQS',
    'GetQueueUrl',
    { QueueName: 'events' },
    [{ action: 'sqs:GetQueueUrl', resource: queueArn, conditions: {} }],
  ],
  [
    'a secret by its name, which has six more characters in its ARN',
    'secretsmanager',
    'GetSecretValue',
    { SecretId: 'a/ingest' },
    [
      {
        action: 'secretsmanager:GetSecretValue',
        resource: `${secretPrefix}a/ingest-x1y2z3`,
        resourceName: 'a/ingest',
        conditions: {},
      },
    ],
  ],
  [
    'a secret that does not exist',
    'secretsmanager',
    'GetSecretValue',
    { SecretId: 'a/none' },
    [
      {
        action: 'secretsmanager:GetSecretValue',
        resource: `${secretPrefix}a/none`,
        resourceName: 'a/none',
        conditions: {},
      },
    ],
  ],
];

describe('AWS asks for', () => {
  test.each(asked)('%s', (_, target, operation, body, permissions) => {
    expect(services.get(target)?.permissionsOf(operation, body, surroundings)).toEqual(permissions);
  });

  // AWS's own list of actions, and of the resources and condition keys of each.
  test.each(asked)('what its own list of permissions knows: %s', async (_, _target, _operation, _body, permissions) => {
    for (const { action, resource, conditions } of permissions) {
      const identityPolicies = [{ name: 'all', policy: roleWith(allow(action, '*')).policies[0]?.document }];
      const request = {
        principal: 'arn:aws:iam::000000000000:role/r',
        action,
        resource: { resource, accountId: '000000000000' },
        contextVariables: conditions,
      };
      const none = { serviceControlPolicies: [], resourceControlPolicies: [] };
      const result = await runSimulation({ request, identityPolicies, ...none }, {});
      expect(result).toMatchObject({
        resultType: 'single',
        overallResult: 'Allowed',
        result: { ignoredContextKeys: [] },
      });
    }
  });
});

describe('the policies of a role', () => {
  const may = (role: Role, action: string, resource: string, conditions: Permission['conditions'] = {}) =>
    makeRoleAccess(role).denied([{ action, resource, conditions }]) === undefined;
  const onlyKeys = (...keys: string[]) => ({
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys },
    Null: { 'dynamodb:LeadingKeys': 'false' },
  });

  test('allow the action on the resource, and neither another action nor another resource', () => {
    const role = roleWith(allow('dynamodb:GetItem', tableArn));
    expect(may(role, 'dynamodb:GetItem', tableArn)).toBe(true);
    expect(may(role, 'dynamodb:PutItem', tableArn)).toBe(false);
    expect(may(role, 'dynamodb:GetItem', `${tableArn}2`)).toBe(false);
    // A table's permission does not reach its indexes.
    expect(may(roleWith(allow('dynamodb:Query', tableArn)), 'dynamodb:Query', `${tableArn}/index/owners`)).toBe(false);
  });

  test('six characters of a secret are those that AWS adds', () => {
    const role = roleWith(allow('secretsmanager:GetSecretValue', `${secretPrefix}a/ingest-??????`));
    expect(may(role, 'secretsmanager:GetSecretValue', `${secretPrefix}a/ingest-x1y2z3`)).toBe(true);
    expect(may(role, 'secretsmanager:GetSecretValue', `${secretPrefix}a/ingest-other-x1y2z3`)).toBe(false);
    expect(may(role, 'secretsmanager:GetSecretValue', `${secretPrefix}a/ingest`)).toBe(false);
  });

  test('keys of items limit a call: one foreign key denies it, and so does a call without any', () => {
    const role = roleWith(
      allow('dynamodb:UpdateItem', tableArn, onlyKeys('sources', 'event-types#*')),
      allow('dynamodb:GetItem', tableArn),
    );
    const update = (...keys: string[]) =>
      may(role, 'dynamodb:UpdateItem', tableArn, keys.length > 0 ? leading(...keys) : {});
    expect([update('sources'), update('event-types#http', 'sources')]).toEqual([true, true]);
    expect([update('current'), update('sources', 'current'), update()]).toEqual([false, false, false]);
    expect(may(role, 'dynamodb:GetItem', tableArn, leading('current'))).toBe(true);
  });

  test('the same access decides by the keys of each call, in any order', () => {
    const access = makeRoleAccess(roleWith(allow('dynamodb:UpdateItem', tableArn, onlyKeys('sources'))));
    const update = (pk: string) =>
      access.denied([{ action: 'dynamodb:UpdateItem', resource: tableArn, conditions: leading(pk) }]) === undefined;
    expect(['sources', 'current', 'sources', 'current'].map(update)).toEqual([true, false, true, false]);
  });

  test('a statement that denies counts more than one that allows, with and without a condition', () => {
    const everything = allow('dynamodb:*', '*');
    const deny = { ...allow('dynamodb:GetItem', tableArn), Effect: 'Deny' as const };
    const denied = makeRoleAccess(roleWith(everything, deny)).denied([
      { action: 'dynamodb:GetItem', resource: tableArn, conditions: {} },
    ]);
    expect(denied?.explicitly).toBe(true);
    const byKey = { ...deny, Condition: { 'ForAnyValue:StringEquals': { 'dynamodb:LeadingKeys': ['current'] } } };
    const role = roleWith(everything, byKey);
    expect(may(role, 'dynamodb:GetItem', tableArn, leading('a'))).toBe(true);
    expect(may(role, 'dynamodb:GetItem', tableArn, leading('current'))).toBe(false);
  });

  test('a policy that nothing here can check is refused when it is read', () => {
    const role = roleWith(allow('dynamodb:GetItem', tableArn, { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }));
    expect(() => makeRoleAccess(role)).toThrow('does not know the condition key aws:MultiFactorAuthPresent');
  });

  test('each decision is told once, however often it is asked for', () => {
    const decisions: unknown[] = [];
    const access = makeRoleAccess(roleWith(allow('dynamodb:GetItem', tableArn)), (decision) =>
      decisions.push(decision),
    );
    for (let i = 0; i < 3; i++) {
      for (const action of ['dynamodb:GetItem', 'dynamodb:PutItem'])
        access.denied([{ action, resource: tableArn, conditions: leading(String(i)) }]);
    }
    expect(decisions).toMatchObject([
      { permission: { action: 'dynamodb:GetItem' }, allowed: true },
      { permission: { action: 'dynamodb:PutItem' }, allowed: false },
    ]);
  });
});

describe('a caller with a role hears from', () => {
  const operator = makeCredentials();
  const caller: RoleCaller = {
    credentials: makeCredentials(),
    role: roleWith(
      allow(['dynamodb:GetItem', 'dynamodb:Query'], tableArn),
      allow('sqs:ReceiveMessage', queueArn),
      allow('secretsmanager:GetSecretValue', `${secretPrefix}a/ingest-??????`),
    ),
  };
  const config = { region: 'us-east-1', credentials: caller.credentials, maxAttempts: 1 };
  const user = 'User: arn:aws:sts::000000000000:assumed-role/ingest-role/ingest is not authorized to perform:';
  let tables: LocalTables;
  let queues: LocalQueues;
  let secrets: SecretsApi;
  let documents: DynamoDBClient;
  let messages: SQSClient;
  let values: SecretsManagerClient;

  beforeAll(async () => {
    const roles = makeRoles();
    roles.add([caller]);
    tables = await startTables(undefined, operator);
    await tables.admit([caller]);
    const attributes = ['pk', 'sk', 'owner'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' }));
    const keys = (pk: string) => [
      { AttributeName: pk, KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ];
    const index = { IndexName: 'owners', KeySchema: keys('owner'), Projection: { ProjectionType: 'KEYS_ONLY' } };
    const definition = {
      TableName: 'Rows',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: attributes,
      KeySchema: keys('pk'),
      GlobalSecondaryIndexes: [index],
    };
    await tables.ensure({ name: 'Rows', definition, timeToLive: undefined });
    queues = await startQueues(undefined, operator, roles);
    await queues.ensure({ name: 'events', attributes: {} });
    const store = openSecretStore(undefined, secretPrefix);
    store.create('a/ingest', 'the key');
    store.create('a/other', 'another');
    secrets = await startSecretsApi(store, operator, roles);
    documents = new DynamoDBClient({ ...config, endpoint: tables.endpoint });
    messages = new SQSClient({ ...config, endpoint: queues.endpoint });
    values = new SecretsManagerClient({ ...config, endpoint: secrets.endpoint });
  });
  afterAll(async () => {
    for (const client of [documents, messages, values]) client?.destroy();
    await Promise.all([tables?.stop(), queues?.stop(), secrets?.stop()]);
  });

  test('tables: what it asked for, or who may not do what to which table', async () => {
    await expect(documents.send(new GetItemCommand({ TableName: 'Rows', Key: key('a') }))).resolves.toMatchObject({
      $metadata: { httpStatusCode: 200 },
    });
    await expect(documents.send(new PutItemCommand({ TableName: 'Rows', Item: key('a') }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `${user} dynamodb:PutItem on resource: ${tableArn} because no identity-based policy allows the dynamodb:PutItem action`,
      $metadata: { httpStatusCode: 400 },
    });
    const { Item } = await tables.client.call<{ Item?: unknown }>('GetItem', { TableName: 'Rows', Key: key('a') });
    expect(Item).toBeUndefined();
  });

  test('tables: that an index needs a permission of its own', async () => {
    const query = new QueryCommand({
      TableName: 'Rows',
      IndexName: 'owners',
      KeyConditionExpression: '#o = :o',
      ExpressionAttributeNames: { '#o': 'owner' },
      ExpressionAttributeValues: { ':o': { S: 'ben' } },
    });
    await expect(documents.send(query)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`dynamodb:Query on resource: ${tableArn}/index/owners because`),
    });
  });

  test('queues: the action in small letters, as SQS writes it', async () => {
    const QueueUrl = queues.url('events');
    await expect(messages.send(new ReceiveMessageCommand({ QueueUrl }))).resolves.toMatchObject({
      $metadata: { httpStatusCode: 200 },
    });
    const Entries = [{ Id: '1', MessageBody: 'a' }];
    await expect(messages.send(new SendMessageBatchCommand({ QueueUrl, Entries }))).rejects.toMatchObject({
      name: expect.stringMatching(/^AccessDenied/),
      message: `${user} sqs:sendmessage on resource: ${queueArn} because no identity-based policy allows the sqs:sendmessage action`,
      $metadata: { httpStatusCode: 403 },
    });
    expect(queues.counts('events').visible).toBe(0);
  });

  test('secrets: the name that it asked with', async () => {
    const read = (SecretId: string) => values.send(new GetSecretValueCommand({ SecretId }));
    await expect(read('a/ingest')).resolves.toMatchObject({ SecretString: 'the key' });
    await expect(read('a/other')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `${user} secretsmanager:GetSecretValue on resource: a/other because no identity-based policy allows the secretsmanager:GetSecretValue action`,
    });
    // Whether a foreign secret exists, it does not learn either.
    await expect(read('a/none')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});
