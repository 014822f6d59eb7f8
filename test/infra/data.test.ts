import { describe, expect, test } from '@jest/globals';
import { environments } from '../../infra/environments.ts';
import { tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import { functionsOf, resource, resourcesOf, templateOf } from './templates.ts';

const production = templateOf('production');
const development = templateOf('development');

describe('tables', () => {
  test.each(Object.entries(tableDefinitions))('%s has the keys and indexes that the code uses', (name, definition) => {
    const { KeySchema, GlobalSecondaryIndexes = [] } = resource(production, name).Properties;
    const keys = (partitionKey: string, sortKey: string) => [
      { AttributeName: partitionKey, KeyType: 'HASH' },
      { AttributeName: sortKey, KeyType: 'RANGE' },
    ];
    expect(KeySchema).toEqual(keys(definition.partitionKey, definition.sortKey));
    expect(GlobalSecondaryIndexes).toEqual(
      Object.entries(definition.indexes).map(([IndexName, index]) => ({
        IndexName,
        KeySchema: keys(index.partitionKey, index.sortKey),
        Projection:
          index.projection === 'KEYS_ONLY'
            ? { ProjectionType: 'KEYS_ONLY' }
            : { ProjectionType: 'INCLUDE', NonKeyAttributes: index.projection },
      })),
    );
  });

  test.each(environments)('can be restored to any second, are encrypted and paid by request in $name', ({ name }) => {
    for (const [, { Properties }] of resourcesOf(templateOf(name), 'AWS::DynamoDB::Table')) {
      expect(Properties).toMatchObject({
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true },
        BillingMode: 'PAY_PER_REQUEST',
      });
    }
  });

  test('forget rows that age out, and nothing else: the configuration stays', () => {
    for (const [name, { Properties }] of resourcesOf(production, 'AWS::DynamoDB::Table')) {
      expect(Properties.TimeToLiveSpecification).toEqual(
        name === 'Configuration' ? undefined : { AttributeName: 'expires_at', Enabled: true },
      );
    }
  });

  test('survive the stack in production and refuse to be deleted', () => {
    for (const [, { Properties, DeletionPolicy, UpdateReplacePolicy }] of resourcesOf(
      production,
      'AWS::DynamoDB::Table',
    )) {
      expect(Properties.DeletionProtectionEnabled).toBe(true);
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['RetainExceptOnCreate', 'Retain']);
    }
  });

  test('go with the stack in development, so that it can be made anew', () => {
    for (const [, { Properties, DeletionPolicy }] of resourcesOf(development, 'AWS::DynamoDB::Table')) {
      expect(Properties.DeletionProtectionEnabled).toBe(false);
      expect(DeletionPolicy).toBe('Delete');
    }
  });

  test('the users index, which costs a write per event, exists only where it is switched on', () => {
    const indexes = (usersIndex: boolean) =>
      resource(templateOf('development', { usersIndex }), 'EventLog').Properties.GlobalSecondaryIndexes.map(
        (index: { IndexName: string }) => index.IndexName,
      );
    expect(indexes(true)).toEqual(['problems', 'users']);
    expect(indexes(false)).toEqual(['problems']);
  });

  test('functions that write event rows know whether the users index exists', () => {
    for (const usersIndex of [true, false]) {
      const functions = functionsOf(templateOf('development', { usersIndex }));
      for (const name of ['processor', 'dead-letter'])
        expect(functions[name]?.properties.Environment.Variables.USERS_INDEX).toBe(String(usersIndex));
    }
  });
});

describe('the ingest key', () => {
  // Any change of these properties makes CloudFormation generate another key: every URL pasted at a vendor would end.
  test('is generated once and never by a later deploy', () => {
    for (const { name } of environments) {
      expect(resource(templateOf(name), 'IngestKey').Properties).toMatchObject({
        Name: `signalbox/${name}/ingest`,
        GenerateSecretString: {
          SecretStringTemplate: '{}',
          GenerateStringKey: 'current',
          ExcludePunctuation: true,
          PasswordLength: 64,
        },
      });
    }
  });

  test('survives the stack in every environment, and only the rollback of its first deploy takes it away', () => {
    for (const { name } of environments) {
      const { DeletionPolicy, UpdateReplacePolicy } = resource(templateOf(name), 'IngestKey');
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['RetainExceptOnCreate', 'Retain']);
    }
  });

  test.each(environments)('no template holds or resolves a secret value in $name', ({ name }) => {
    const text = JSON.stringify(templateOf(name));
    expect(text).not.toContain('{{resolve:');
    expect(text).not.toContain('"SecretString"');
    // Functions get the prefix of the names, never the secret.
    for (const { properties } of Object.values(functionsOf(templateOf(name))))
      expect(JSON.stringify(properties.Environment)).not.toContain('IngestKey');
  });
});
