import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { handlerOptions, savings } from '../../infra/build/bundle-function.js';
import { awsJson, startWireServer } from '../support/wire-server.ts';

// biome-ignore lint/suspicious/noExplicitAny: five clients, of which only `send` is used
type Client = { [name: string]: any };

/** A call that functions make of each client. */
const calls = [
  ['dynamodb', 'DynamoDBClient', 'GetItemCommand', { TableName: 't', Key: {} }],
  ['sqs', 'SQSClient', 'SendMessageBatchCommand', { QueueUrl: 'http://127.0.0.1/q', Entries: [] }],
  ['secrets-manager', 'SecretsManagerClient', 'GetSecretValueCommand', { SecretId: 's' }],
  ['sfn', 'SFNClient', 'StartExecutionCommand', { stateMachineArn: 'a' }],
  ['eventbridge', 'EventBridgeClient', 'PutEventsCommand', { Entries: [] }],
] as const;

const folder = mkdtempSync(join(tmpdir(), 'signalbox-sdk-errors-'));
let server: Awaited<ReturnType<typeof startWireServer>>;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

test.each(calls)(
  'an error of %s tells a function what the whole client tells',
  async (name, client, command, input) => {
    const outfile = join(folder, `${name}.mjs`);
    const contents = `export { ${client}, ${command} } from '@aws-sdk/client-${name}';`;
    const entry = { contents, resolveDir: import.meta.dirname };
    await build({ ...handlerOptions, write: true, stdin: entry, outfile, plugins: savings });
    const whole: Client = await import(`@aws-sdk/client-${name}`);
    const bundled: Client = await import(outfile);
    const isError = (key: string) => whole[key].prototype instanceof Error && `${key}$` in whole;
    const errors = Object.keys(whole).filter((key) => isError(key) && !key.endsWith('ServiceException'));
    expect(errors.length).toBeGreaterThan(5);
    const answers = [...errors.map((error) => [error, whole[`${error}$`][3]] as const), ['NotInAnyModel', {}] as const];
    server.world.answer = ({ path }, response) => {
      const [shape, traits] = answers[Number(path.split('/')[1])] ?? ['', {}];
      const { httpError, error, awsQueryError } = traits as Client;
      const code = awsQueryError && name === 'sqs' ? { 'x-amzn-query-error': `${awsQueryError[0]};Sender` } : {};
      const status = httpError ?? (error === 'server' ? 500 : 400);
      awsJson(
        response,
        status,
        { __type: `x#${shape}`, message: `${shape}!`, Item: { id: { S: 'k' }, at: { N: '7' }, bytes: { B: 'AAE=' } } },
        code,
      );
    };
    const caught = async (from: Client, at: number) => {
      const sender = new from[client]({
        endpoint: `${server.url}/${at}`,
        region: 'eu-central-1',
        credentials: { accessKeyId: 'a', secretAccessKey: 's' },
        useQueueUrlAsEndpoint: false,
        maxAttempts: 2,
      });
      const error = await sender.send(new from[command](input)).catch((thrown: unknown) => thrown);
      const { totalRetryDelay: _random, ...metadata } = error.$metadata;
      const { message, $fault, Item } = error;
      return { name: error.name, message, $fault, metadata, Item, isError: Object.prototype.toString.call(error) };
    };
    const pairs = await Promise.all(answers.map((_, at) => Promise.all([caught(whole, at), caught(bundled, at)])));
    for (const [is, [wholly, made]] of pairs.entries()) {
      const [shape, traits] = answers[is] ?? ['', {}];
      // SQS answers with the codes of its old protocol; a class maps them to its name.
      const code = name === 'sqs' ? (traits as Client).awsQueryError?.[0] : undefined;
      const renamed = code !== undefined && made.name === code && shape !== 'QueueDoesNotExist';
      expect(made).toEqual(renamed ? { ...wholly, name: code } : wholly);
      expect(wholly).toMatchObject({ name: shape, message: `${shape}!`, isError: '[object Error]' });
    }
    // Errors without a class are most of them.
    expect(errors.filter((error) => bundledTextHas(outfile, error)).length).toBeLessThan(4);
  },
);

const bundledTextHas = (file: string, error: string) => readFileSync(file, 'utf8').includes(`#${error}"`);
