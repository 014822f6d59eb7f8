import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { builtFile } from '../../infra/build/build.js';
import { type Runtime, type RuntimeEnvironment, startRuntime } from '../../infra/local/runtime.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import type { ConfigurationTable } from '../../shared/adapters/dynamodb-configuration-table.ts';
import { WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { encodeRawEvent } from '../../shared/core/events/raw-event.ts';
import { Mapping } from '../../shared/core/mappings/schema.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { changeState, setMappingActive } from '../../shared/operations/settings/change-state.ts';
import { rawEvent, trackEvent } from '../support/build.ts';
import { configFolder, configure } from '../support/config.ts';

/*
 * The whole pipeline as it is deployed: the synthesized template and the bundles of the functions, run by the local
 * runtime, looked at through the operator's own tool.
 */

const root = join(import.meta.dirname, '..', '..');
const secret = `whsec_${Buffer.from('end-to-end-secret-0123456789').toString('base64')}`;

let runtime: Runtime;
let environment: RuntimeEnvironment;
let table: ConfigurationTable;
let directory: string;
let receiver: Server;
const received: { verified: unknown; headers: Record<string, unknown> }[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-e2e-'));
  receiver = createServer(async (request, response) => {
    const body = await new Response(request as never).text();
    const verified = new Webhook(secret).verify(body, request.headers as Record<string, string>);
    received.push({ verified, headers: request.headers });
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  runtime = await startRuntime({ environments: ['development'], port: 0, configure });
  environment = runtime.environments.development as RuntimeEnvironment;
  const client = makeDocumentClient({
    endpoint: environment.endpoints.dynamodb,
    region: environment.region,
    credentials: environment.credentials,
  });
  table = { client, table: environment.outputs.ConfigurationTable ?? '' };
  const { region, endpoints, credentials, outputs } = environment;
  const file = {
    pid: process.pid,
    started_at: new Date().toISOString(),
    environments: { development: { region, endpoints, credentials, outputs } },
  };
  writeFileSync(join(directory, 'runtime.json'), JSON.stringify(file));
  await pushExtraMappings();
});

afterAll(async () => {
  await runtime?.stop();
  table?.client.destroy();
  receiver?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** What ships, and beside it a mapping that describes its recipient, one whose target answers, and one to switch off. */
async function pushExtraMappings(): Promise<void> {
  const { snapshot, environments } = readConfigurationFiles(configFolder);
  const address = receiver.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/hook`;
  const mapping = (id: string, parameters: object) =>
    Mapping.parse({ id, event: `track/${id}`, action: 'workflows_trigger', parameters });
  const source = snapshot.sources.rudderstack;
  if (source === undefined) throw new Error('the shipped configuration has no source rudderstack');
  source.mappings.push(...directoryMappings());
  source.mappings.push(
    mapping('signed-up', { key: 'order-completed', recipients: { id: 'user_id', email: 'data.email' } }),
    mapping('shipped', { key: 'shipping' }),
    mapping('switched', { key: 'order-completed' }),
  );
  snapshot.workflows.shipping = WorkflowFile.parse({
    name: 'Shipping',
    target: { development: { type: 'http', url } },
  });
  snapshot.workflows.reminder = WorkflowFile.parse({
    name: 'Reminder',
    delay: '20s',
    target: { development: { type: 'http', url } },
  });
  source.mappings.push(
    mapping('left', { key: 'reminder', cancellation_key: 'data.cart' }),
    Mapping.parse({
      id: 'returned',
      event: 'track/returned',
      action: 'workflows_cancel',
      parameters: { key: 'reminder', cancellation_key: 'data.cart' },
    }),
  );
  await pushAndCommit(table, {
    snapshot,
    seed: environments.development,
    author: 'test',
    message: 'test',
    nowMs: Date.now(),
  });
  await signalbox(['secrets', 'set', 'targets/shipping'], secret);
  // Functions follow within 15 s or so; a request for an unknown source makes ingest look at once, the others follow.
  await untilVersion(2);
}

/** One event that makes an object and two that follow it, one that tells its followers, and one that ends it all. */
function directoryMappings(): Mapping[] {
  const on = (event: string, action: string, parameters: object) =>
    Mapping.parse({ id: `${event}-${action.replaceAll('_', '-')}`, event: `track/${event}`, action, parameters });
  const project = { collection: { value: 'projects' }, id: 'data.project' };
  return [
    on('followed', 'objects_set', { ...project, name: 'data.name' }),
    on('followed', 'objects_subscribe', { ...project, recipients: { id: 'user_id' } }),
    on('followed', 'audiences_add_member', {
      key: { value: 'followers' },
      members: 'user_id',
      create_audience: { value: true },
    }),
    on('profiled', 'users_identify', { id: 'user_id', properties: 'data' }),
    on('updated', 'workflows_trigger', { key: 'order-completed', recipients: [project] }),
    on('closed', 'objects_delete', project),
    on('closed', 'users_delete', { id: 'user_id' }),
  ];
}

async function untilVersion(version: number): Promise<void> {
  for (let i = 0; ; i++) {
    const [{ id } = { id: '' }] = await post([
      trackEvent({ event: 'probe', messageId: undefined, userId: `probe-${version}` }),
    ]);
    const { config_version } = await shown(id);
    if (config_version >= version) return;
    if (i > 60) throw new Error(`version ${version} did not become live in time`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

type Answer = { status: number; body: Record<string, unknown> };

const ingestUrl = () => environment.configuration.sources.find(({ key }) => key === 'rudderstack')?.ingestUrl ?? '';

async function send(
  body: string | Uint8Array,
  init: { url?: string; method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(init.url ?? ingestUrl(), {
    method: init.method ?? 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'RudderLabs', ...init.headers },
    ...(init.method !== 'GET' && { body }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
}

async function post(events: unknown[]): Promise<{ id: string }[]> {
  const ids: { id: string }[] = [];
  for (const event of events) {
    const { status, body } = await send(JSON.stringify(event));
    expect(status).toBe(200);
    ids.push({ id: (body.ids as string[])[0] ?? '' });
  }
  return ids;
}

function signalbox(args: string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [builtFile('infra/cli/main.ts'), ...args],
      { cwd: root, env: { ...process.env, NODE_OPTIONS: '', SIGNALBOX_RUNTIME_FILE: join(directory, 'runtime.json') } },
      (error, stdout, stderr) =>
        error ? reject(new Error(`signalbox ${args.join(' ')}: ${stderr}`)) : resolve(stdout),
    );
    child.stdin?.end(input);
  });
}

const json = async (...args: string[]) => JSON.parse(await signalbox([...args, '--json']));

/** One event once it is final. */
async function shown(id: string) {
  await runtime.idle(30_000);
  return json('events', 'show', id);
}

describe('an event', () => {
  test('goes all the way: identified, triggered, logged, and shown by three commands', async () => {
    const userId = 'e2e-user';
    const [identify] = await post([
      {
        type: 'identify',
        userId,
        messageId: 'e2e-1',
        context: { traits: { email: 'lena@orchard.example', plan: 'pro' } },
      },
    ]);
    await runtime.idle(30_000);
    const [track] = await post([trackEvent({ userId, messageId: 'e2e-2' })]);
    await runtime.idle(30_000);
    const events = await json('events', '--user', userId);
    expect(events.map(({ id, status, type }: Record<string, string>) => [id, status, type])).toEqual([
      [track?.id, 'processed', 'track/order_completed'],
      [identify?.id, 'processed', 'identify'],
    ]);
    const actions = await json('actions', '--event', track?.id ?? '');
    expect(actions).toMatchObject([{ action: 'workflows_trigger', status: 'succeeded', mapping: 'order-completed' }]);
    const runs = await json('runs', '--recipient', userId);
    expect(runs).toMatchObject([
      { workflow: 'order-completed', recipient: userId, status: 'handed_off', event_id: track?.id },
    ]);
    expect(await json('users', 'get', userId)).toMatchObject({ id: userId, email: 'lena@orchard.example' });
    const story = await signalbox(['why', track?.id ?? '']);
    expect(story).toContain('order-completed');
    expect(story).toContain(userId);
  });

  test('posted twice is idempotent the second time, without actions; under another type it is not', async () => {
    const copy = trackEvent({ messageId: 'twice', userId: 'e2e-user' });
    const [first] = await post([copy]);
    await runtime.idle(30_000);
    const [second, other] = await post([copy, { ...copy, event: 'switched' }]);
    expect(await shown(first?.id ?? '')).toMatchObject({ status: 'processed' });
    expect(await shown(second?.id ?? '')).toMatchObject({
      status: 'idempotent',
      reason: 'duplicate',
      execution: first?.id,
    });
    expect(await shown(other?.id ?? '')).toMatchObject({ status: 'processed', execution: other?.id });
    expect(await json('runs', '--event', first?.id ?? '')).toHaveLength(1);
  });

  test('about a user who was never identified starts no run, and says so', async () => {
    const [track] = await post([trackEvent({ userId: 'stranger', messageId: 'stranger-1' })]);
    await shown(track?.id ?? '');
    const [action] = await json('actions', '--event', track?.id ?? '');
    expect(action).toMatchObject({ status: 'skipped', reason: 'recipient_unknown' });
    expect(await signalbox(['why', track?.id ?? ''])).toContain('stranger');
    expect(await json('runs', '--recipient', 'stranger')).toEqual([]);
  });

  test('that describes its recipient creates the user first, then runs', async () => {
    const [track] = await post([
      trackEvent({ event: 'signed-up', userId: 'newcomer', messageId: 'new-1', properties: { email: 'n@e.example' } }),
    ]);
    await shown(track?.id ?? '');
    expect(await json('users', 'get', 'newcomer')).toMatchObject({ email: 'n@e.example' });
    expect(await json('runs', '--recipient', 'newcomer')).toMatchObject([
      { workflow: 'order-completed', event_id: track?.id },
    ]);
  });

  test('reaches an http target signed as Standard Webhooks says, once', async () => {
    await post([{ type: 'identify', userId: 'buyer', messageId: 'b-1', traits: { name: 'Bo' } }]);
    await runtime.idle(30_000);
    await post([trackEvent({ event: 'shipped', userId: 'buyer', messageId: 'b-2', properties: { parcel: 7 } })]);
    await runtime.idle(30_000);
    expect(received).toHaveLength(1);
    expect(received[0]?.verified).toMatchObject({
      type: 'workflow.run',
      data: { workflow: 'shipping', data: { parcel: 7 } },
    });
  });
});

describe('a trigger that waits for a delay', () => {
  test.each(['an event', 'an operator'])(
    'is over once %s has cancelled its run',
    async (by) => {
      const [userId, cart] = [`waiting-${by.length}`, `cart-${by.length}`];
      await post([{ type: 'identify', userId, messageId: `${cart}-1` }]);
      await runtime.idle(30_000);
      const [left] = await post([trackEvent({ event: 'left', userId, messageId: `${cart}-2`, properties: { cart } })]);
      const action = async () => (await json('actions', '--event', left?.id ?? ''))[0];
      const until = async (status: string) => {
        for (let i = 0; i < 20 && (await action())?.status !== status; i++) {
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
        return action();
      };
      expect(await until('pending')).toMatchObject({ status: 'pending', reason: 'delayed', result: { runs: 1 } });
      const [run] = await json('runs', '--recipient', userId);
      expect(run).toMatchObject({ workflow: 'reminder', status: 'pending' });
      if (by === 'an operator') await signalbox(['runs', 'cancel', run.id]);
      else await post([trackEvent({ event: 'returned', userId, messageId: `${cart}-3`, properties: { cart } })]);
      const over = await until('succeeded');
      expect(over).toMatchObject({ status: 'succeeded', result: { runs: 0, cancelled: 1 } });
      // The delayed message finds it so.
      await runtime.idle(60_000);
      expect(await action()).toEqual(over);
      expect(await json('runs', '--recipient', userId)).toMatchObject([{ status: 'cancelled' }]);
    },
    90_000,
  );
});

const characters = [
  ['emoji', '🎉 👩‍👩‍👧 🏳️‍🌈'],
  ['combining marks', 'e\u0301 n\u0303 क्षि'],
  ['text from right to left, with its marks', 'שלום \u202eabc\u202c مرحبا \u061c'],
  ['what is not a character', '\ufffe \uffff \u{1ffff}'],
  ['control characters and odd line ends', '\u0001 \u007f \u0085 \u2028 \u2029'],
  ['halves of emoji', 'a\ud83d \ude00b'],
] as const;

describe.each(characters)('%s', (_name, text) => {
  // No id may hold half of a character; everything else may, and is stored as the character that stands for it.
  const whole = text.toWellFormed();

  test('go all the way: as user id, key, type, trait, recipient and data of a workflow', async () => {
    const userId = `u ${whole}`;
    const identify = { type: 'identify', userId, messageId: `k ${text}`, traits: { name: text } };
    const [known] = await post([identify]);
    expect(await shown(known?.id ?? '')).toMatchObject({ status: 'processed', user_id: userId });
    expect(await json('actions', '--event', known?.id ?? '')).toMatchObject([{ status: 'succeeded' }]);
    const [copy, other] = await post([identify, { ...identify, messageId: `k ${text}2` }]);
    expect(await shown(copy?.id ?? '')).toMatchObject({ status: 'idempotent' });
    expect(await shown(other?.id ?? '')).toMatchObject({ status: 'processed' });
    const properties = { [`key ${text}`]: { [text]: [text] } };
    const now = { userId, messageId: undefined, timestamp: undefined };
    const [profiled] = await post([trackEvent({ ...now, event: 'profiled', properties })]);
    expect(await shown(profiled?.id ?? '')).toMatchObject({ status: 'processed' });
    expect(await json('users', 'get', userId)).toMatchObject({
      id: userId,
      name: whole,
      properties: { [`key ${whole}`]: { [whole]: [whole] } },
    });
    const [typed, shipped] = await post([
      trackEvent({ ...now, event: text }),
      trackEvent({ ...now, event: 'shipped', properties: { [text]: text } }),
    ]);
    expect(await shown(typed?.id ?? '')).toMatchObject({ status: 'no_mapping' });
    expect(await json('actions', '--event', shipped?.id ?? '')).toMatchObject([{ status: 'succeeded' }]);
    expect(await json('runs', '--recipient', userId)).toMatchObject([{ status: 'handed_off' }]);
    const last = received.at(-1) as { verified: { data: { data: Record<string, string> } } };
    const [[name, value] = []] = Object.entries(last.verified.data.data);
    expect([name?.toWellFormed(), value?.toWellFormed()]).toEqual([whole, whole]);
  });
});

describe('the directory', () => {
  test('follows events: an object, its followers, a run for each of them, and nothing left after a delete', async () => {
    const properties = { project: 'p-1', name: 'Harbour' };
    await post(
      ['ana', 'bo'].map((userId) => trackEvent({ event: 'followed', userId, messageId: `f-${userId}`, properties })),
    );
    await runtime.idle(30_000);
    const followers = async () => (await json('objects', 'subscribers', 'projects', 'p-1')).length;
    expect(await followers()).toBe(2);
    expect(await json('objects', 'get', 'projects', 'p-1')).toMatchObject({ id: 'p-1', collection: 'projects' });
    expect(await json('audiences', 'members', 'followers')).toHaveLength(2);

    await post([trackEvent({ event: 'updated', userId: 'ana', messageId: 'u-1', properties })]);
    await runtime.idle(30_000);
    for (const recipient of ['ana', 'bo', 'projects/p-1']) {
      expect(await json('runs', '--recipient', recipient)).toMatchObject([
        { workflow: 'order-completed', status: 'handed_off' },
      ]);
    }

    await post([
      trackEvent({ event: 'closed', userId: 'ana', messageId: 'c-1', properties, timestamp: new Date().toISOString() }),
    ]);
    await runtime.idle(30_000);
    expect(await followers().catch(() => 0)).toBe(0);
    expect(
      (await json('audiences', 'members', 'followers')).map(({ user_id }: { user_id: string }) => user_id),
    ).toEqual(['bo']);
    await expect(json('users', 'get', 'ana')).rejects.toThrow('no user ana');
  });
});

describe('a request that can never succeed is told so, and one that can is not', () => {
  const wrongToken = () => ingestUrl().replace(/[^/]+$/, 'A'.repeat(24));
  const unknownSource = () => ingestUrl().replace('/rudderstack/', '/nobody/');
  const nested = (depth: number) => `{"type":"track","event":"deep","a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const cases: [string, number, () => Promise<Answer>][] = [
    ['an unknown source', 404, () => send('{}', { url: unknownSource() })],
    ['a wrong token', 404, () => send('{}', { url: wrongToken() })],
    ['GET', 405, () => send('', { method: 'GET' })],
    ['PUT', 405, () => send('{}', { method: 'PUT' })],
    ['bad JSON', 400, () => send('{"type":')],
    ['an empty body', 400, () => send('')],
    ['5,000-deep nesting', 400, () => send(nested(5000))],
    ['100,000-deep nesting', 400, () => send(nested(100_000))],
    ['invalid UTF-8', 400, () => send(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]))],
    [
      '100 MB of zeros, gzipped',
      413,
      () => send(gzipSync(Buffer.alloc(100 * 1024 * 1024)), { headers: { 'content-encoding': 'gzip' } }),
    ],
    ['an unknown encoding', 415, () => send(brotliCompressSync('{}'), { headers: { 'content-encoding': 'zstd' } })],
    ['an empty list', 200, () => send('[]')],
    ['31-deep nesting', 200, () => send(nested(31))],
    [
      'a gzipped event',
      200,
      () =>
        send(gzipSync(JSON.stringify(trackEvent({ messageId: 'gz' }))), { headers: { 'content-encoding': 'gzip' } }),
    ],
    [
      'no content type',
      200,
      () => send(JSON.stringify(trackEvent({ messageId: 'ct' })), { headers: { 'content-type': 'text/plain' } }),
    ],
    [
      'a key called __proto__',
      200,
      () =>
        send(
          '{"type":"track","event":"order_completed","__proto__":{"admin":true},"properties":{"__proto__":{"x":1}}}',
        ),
    ],
  ];
  test.each(cases)('%s: %d', async (_name, status, attempt) => {
    const answer = await attempt();
    expect(answer.status).toBe(status);
    if (status >= 400)
      expect(answer.body).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
  });

  test('unknown source and wrong token cannot be told apart', async () => {
    const [a, b] = await Promise.all([send('{}', { url: unknownSource() }), send('{}', { url: wrongToken() })]);
    expect(a).toEqual(b);
  });
});

describe('operating it', () => {
  test('a mapping switched off stops within 30 s, without a deploy, and stays off through a push', async () => {
    const version = (
      await changeState(table, (state) => setMappingActive(state, 'rudderstack', 'switched', false), {
        author: 'test',
        message: 'off',
        nowMs: Date.now(),
      })
    ).version;
    const startedMs = Date.now();
    await untilVersion(version);
    expect(Date.now() - startedMs).toBeLessThan(30_000);
    const [track] = await post([trackEvent({ event: 'switched', messageId: 'off-1' })]);
    expect(await shown(track?.id ?? '')).toMatchObject({
      status: 'no_mapping',
      reason: 'mapping_inactive',
      config_version: version,
    });
  });

  test('a parked event becomes a failed row, and a replay runs it', async () => {
    const parked = rawEvent(trackEvent({ messageId: 'parked', userId: 'e2e-user' }));
    const client = new SQSClient({
      endpoint: environment.endpoints.sqs,
      region: environment.region,
      credentials: environment.credentials,
    });
    await client.send(
      new SendMessageCommand({
        QueueUrl: environment.outputs.EventsDeadLetterQueueUrl,
        MessageBody: encodeRawEvent(parked),
      }),
    );
    client.destroy();
    expect(await shown(parked.id)).toMatchObject({ status: 'failed', reason: 'retries_exhausted' });
    await signalbox(['replay', parked.id]);
    expect(await shown(parked.id)).toMatchObject({ status: 'processed', execution: parked.id });
    expect(await json('runs', '--event', parked.id)).toHaveLength(1);
    // Replayed once more there is nothing left to do.
    await signalbox(['replay', parked.id]);
    await runtime.idle(30_000);
    expect(await json('runs', '--event', parked.id)).toHaveLength(1);
  });
});

const fixtures = join(root, '..', 'shared', 'fixtures', 'rudderstack');
const files = (() => {
  try {
    return readdirSync(fixtures).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
})();

(files.length > 0 ? describe : describe.skip)('real payloads of public projects', () => {
  test('are accepted, each with one row that has a type and a user, or the reason why not', async () => {
    const ids: string[] = [];
    for (const name of files) {
      const { status, body } = await send(readFileSync(join(fixtures, name)));
      expect([name, status]).toEqual([name, 200]);
      ids.push(...(body.ids as string[]));
    }
    await runtime.idle(60_000);
    const rows = await json('events', '--since', '15m', '--limit', '1000');
    const byId = new Map(rows.map((row: { id: string }) => [row.id, row]));
    for (const [i, id] of ids.entries()) {
      const row = byId.get(id) as { status: string; type: string | null; reason: string | null } | undefined;
      expect([files[i], row?.status]).toEqual([
        files[i],
        expect.stringMatching(/processed|no_mapping|idempotent|rejected/),
      ]);
      if (row?.status === 'rejected') expect(['payload_invalid', 'event_type_missing']).toContain(row.reason);
      else expect(row?.type).toEqual(expect.any(String));
    }
  });
});
