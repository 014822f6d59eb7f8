import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openSecretStore, type SecretStore } from '../../../infra/local/secret-store.ts';
import { GenerateSecretString, generateSecretString } from '../../../infra/local/secret-string.ts';
import { type SecretsApi, startSecretsApi } from '../../../infra/local/secrets-api.ts';
import { localCredentials } from '../../support/dynalite.ts';

const directory = mkdtempSync(join(tmpdir(), 'signalbox-secrets-'));
const file = join(directory, 'secrets.json');
const arnPrefix = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:';
let store: SecretStore;
let api: SecretsApi;
let client: SecretsManagerClient;

beforeAll(async () => {
  store = openSecretStore(file, arnPrefix);
  api = await startSecretsApi(store, localCredentials.credentials);
  client = new SecretsManagerClient({
    endpoint: api.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
});
afterAll(async () => {
  client.destroy();
  await api.stop();
  rmSync(directory, { recursive: true });
});

describe("Secrets Manager's API", () => {
  test('a secret that was created can be read by name, by ARN and by the ARN without its ending', async () => {
    const { ARN } = await client.send(new CreateSecretCommand({ Name: 'signalbox/test/a', SecretString: 'one' }));
    for (const SecretId of ['signalbox/test/a', ARN as string, `${arnPrefix}signalbox/test/a`]) {
      const value = await client.send(new GetSecretValueCommand({ SecretId }));
      expect(value).toMatchObject({ SecretString: 'one', Name: 'signalbox/test/a', VersionStages: ['AWSCURRENT'] });
    }
  });

  test('a new value makes the old one the previous', async () => {
    await client.send(new CreateSecretCommand({ Name: 'signalbox/test/b', SecretString: 'one' }));
    await client.send(new PutSecretValueCommand({ SecretId: 'signalbox/test/b', SecretString: 'two' }));
    await client.send(new UpdateSecretCommand({ SecretId: 'signalbox/test/b', Description: 'only described' }));
    const read = (VersionStage: string) =>
      client.send(new GetSecretValueCommand({ SecretId: 'signalbox/test/b', VersionStage }));
    expect((await read('AWSCURRENT')).SecretString).toBe('two');
    expect((await read('AWSPREVIOUS')).SecretString).toBe('one');
  });

  test('an unknown secret is refused by the name that clients know', async () => {
    for (const command of [
      new GetSecretValueCommand({ SecretId: 'nobody' }),
      new PutSecretValueCommand({ SecretId: 'nobody', SecretString: 'x' }),
      new DescribeSecretCommand({ SecretId: 'constructor' }),
    ]) {
      await expect(client.send(command as GetSecretValueCommand)).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
      });
    }
  });

  test('one that is scheduled for deletion can only be described and restored, and is listed where it is asked for', async () => {
    const SecretId = 'signalbox/test/going';
    await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'one' }));
    const { DeletionDate } = await client.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
    expect(Math.round(((DeletionDate?.getTime() ?? 0) - Date.now()) / 86_400_000)).toBe(7);
    const marked = { name: 'InvalidRequestException', message: expect.stringContaining('marked for deletion') };
    await expect(client.send(new GetSecretValueCommand({ SecretId }))).rejects.toMatchObject(marked);
    await expect(client.send(new UpdateSecretCommand({ SecretId, SecretString: 'x' }))).rejects.toMatchObject(marked);
    await expect(client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'x' }))).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
    expect(await client.send(new DescribeSecretCommand({ SecretId }))).toMatchObject({ DeletedDate: DeletionDate });
    const listed = async (IncludePlannedDeletion?: boolean) => {
      const filter = { Filters: [{ Key: 'name' as const, Values: [SecretId] }] };
      const { SecretList } = await client.send(new ListSecretsCommand({ ...filter, IncludePlannedDeletion }));
      return SecretList?.map(({ DeletedDate }) => DeletedDate);
    };
    expect(await listed()).toEqual([]);
    expect(await listed(true)).toEqual([DeletionDate]);
    await client.send(new RestoreSecretCommand({ SecretId }));
    expect(await client.send(new GetSecretValueCommand({ SecretId }))).toMatchObject({ SecretString: 'one' });
    expect(await listed()).toEqual([undefined]);
  });

  test('one is gone after its recovery window, or at once where no recovery was wanted, and its name is free', async () => {
    const SecretId = 'signalbox/test/gone';
    const create = () => client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'one' }));
    const absent = { name: 'ResourceNotFoundException' };
    await create();
    const secret = store.get(SecretId);
    if (secret === undefined) throw new Error('it was created above');
    store.scheduleDeletion(secret, Date.now() - 1);
    await expect(client.send(new DescribeSecretCommand({ SecretId }))).rejects.toMatchObject(absent);
    await create();
    await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
    await expect(client.send(new RestoreSecretCommand({ SecretId }))).rejects.toMatchObject(absent);
    await create();
  });

  test('a version that does not exist is refused, though the secret does', async () => {
    await client.send(new CreateSecretCommand({ Name: 'signalbox/test/c', SecretString: 'one' }));
    const read = client.send(new GetSecretValueCommand({ SecretId: 'signalbox/test/c', VersionStage: 'AWSPREVIOUS' }));
    await expect(read).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('a name that exists cannot be created again', async () => {
    await client.send(new CreateSecretCommand({ Name: 'signalbox/test/d', SecretString: 'one' }));
    const again = client.send(new CreateSecretCommand({ Name: 'signalbox/test/d', SecretString: 'two' }));
    await expect(again).rejects.toMatchObject({ name: 'ResourceExistsException' });
    expect(store.get('signalbox/test/d')?.current.text).toBe('one');
  });

  test('lists page by page, by prefix, and without any value', async () => {
    for (const name of ['list/1', 'list/2', 'list/3']) {
      await client.send(new CreateSecretCommand({ Name: name, SecretString: 'hidden' }));
    }
    const Filters = [{ Key: 'name' as const, Values: ['list/'] }];
    const first = await client.send(new ListSecretsCommand({ Filters, MaxResults: 2 }));
    const second = await client.send(new ListSecretsCommand({ Filters, MaxResults: 2, NextToken: first.NextToken }));
    const names = [first, second].map(({ SecretList }) => SecretList?.map(({ Name }) => Name));
    expect(names).toEqual([['list/1', 'list/2'], ['list/3']]);
    expect(second.NextToken).toBeUndefined();
    expect(JSON.stringify([first, second])).not.toContain('hidden');
  });

  test('a version has the id that its client gave it, and the same request twice makes one version', async () => {
    const SecretId = 'signalbox/test/ids';
    const [one, two] = [randomUUID(), randomUUID()];
    await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'one', ClientRequestToken: one }));
    const change = { SecretId, SecretString: 'two', Description: 'd', ClientRequestToken: two };
    for (let i = 0; i < 2; i++) await client.send(new UpdateSecretCommand(change));
    const Filters = [{ Key: 'name' as const, Values: [SecretId] }];
    const { SecretList } = await client.send(new ListSecretsCommand({ Filters }));
    const stages = { [two]: ['AWSCURRENT'], [one]: ['AWSPREVIOUS'] };
    expect(SecretList).toMatchObject([{ Description: 'd', SecretVersionsToStages: stages }]);
    expect(await client.send(new DescribeSecretCommand({ SecretId }))).toMatchObject({ VersionIdsToStages: stages });
    await expect(client.send(new UpdateSecretCommand({ ...change, SecretString: 'three' }))).rejects.toMatchObject({
      name: 'ResourceExistsException',
    });
    expect(store.get(SecretId)?.current.text).toBe('two');
  });

  test('the day of the last read is told, and descriptions and lists are no reads', async () => {
    const SecretId = 'signalbox/test/read';
    await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'one' }));
    const day = async () => (await client.send(new DescribeSecretCommand({ SecretId }))).LastAccessedDate;
    expect(await day()).toBeUndefined();
    await client.send(new ListSecretsCommand({}));
    expect(await day()).toBeUndefined();
    await client.send(new GetSecretValueCommand({ SecretId }));
    const read = await day();
    expect(read?.toISOString()).toMatch(/T00:00:00.000Z$/);
    expect(Date.now() - Number(read)).toBeLessThan(2 * 86_400_000);
  });

  test('the file is for its owner alone and brings every secret back', () => {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(openSecretStore(file, arnPrefix).list()).toEqual(store.list());
    expect(readFileSync(file, 'utf8')).toContain('list/1');
  });
});

describe('generated secrets', () => {
  test('have the length and the characters that were asked for', () => {
    const wanted = GenerateSecretString.parse({
      PasswordLength: 64,
      ExcludePunctuation: true,
      ExcludeCharacters: 'abc',
    });
    expect(generateSecretString(wanted)).toMatch(/^[A-Z0-9d-z]{64}$/);
    expect(generateSecretString(wanted)).not.toBe(generateSecretString(wanted));
  });

  test('have a character of each kind', () => {
    const wanted = GenerateSecretString.parse({ PasswordLength: 4 });
    for (let i = 0; i < 20; i++) {
      expect(generateSecretString(wanted)).toMatch(/^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?=.*[^a-zA-Z0-9]).{4}$/);
    }
  });

  test('go into the template under their key', () => {
    const wanted = GenerateSecretString.parse({ SecretStringTemplate: '{"user":"me"}', GenerateStringKey: 'current' });
    expect(JSON.parse(generateSecretString(wanted))).toEqual({ user: 'me', current: expect.stringMatching(/^.{32}$/) });
  });
});
