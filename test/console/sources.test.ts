import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Console } from '../../infra/console/server.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
import { localCredentials } from '../support/dynalite.ts';
import { call, signIn, startConsoleOf } from './console-for-tests.ts';

let environment: TestEnvironment;
let served: Console;
let headers: { cookie: string };
/** What ingest got. */
let ingest: Server;
const posts: { url: string; headers: IncomingHttpHeaders }[] = [];

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration());
  environment.secretServer.secrets.set(
    'signalbox/development/sources/rudderstack',
    JSON.stringify({ values: ['a-secret'] }),
  );
  const secrets = new SecretsManagerClient({ endpoint: environment.secretServer.endpoint, ...localCredentials });
  ingest = createServer((request, response) => {
    posts.push({ url: request.url ?? '', headers: request.headers });
    request.resume().on('end', () => {
      const isSigned = Object.values(request.headers).some((value) => String(value).includes('a-secret'));
      response.writeHead(isSigned ? 202 : 401, { 'content-type': 'application/json' });
      const id = makeEventId('rudderstack', 0, Date.now(), new Uint8Array(12));
      response.end(JSON.stringify(isSigned ? { ids: [id] } : { title: 'the proof is missing' }));
    });
  });
  await new Promise<void>((resolve) => ingest.listen(0, '127.0.0.1', resolve));
  const address = ingest.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const outputs = { ...environment.outputs, IngestUrl: `http://127.0.0.1:${port}` };
  const whole = { ...environment, outputs, secrets: async () => secrets };
  served = await startConsoleOf({
    development: whole,
    production: { ...whole, name: 'production', local: false },
  });
  headers = { cookie: await signIn(served) };
});
afterAll(async () => {
  await served.stop();
  ingest.closeAllConnections();
  await new Promise((resolve) => ingest.close(resolve));
  await environment.stop();
});

async function ask(path: string, body?: unknown, name = 'development') {
  const method = body === undefined ? 'GET' : 'POST';
  return call(served.port, `/api/environments/${name}${path}`, { method, headers, body });
}

describe('sources', () => {
  test('are listed without their URLs, which are answered only to who asks for one', async () => {
    const list = await ask('/sources');
    expect(list.json).toMatchObject([
      {
        key: 'rudderstack',
        enabled: true,
        has_url: true,
        last_event_at: null,
        verification: { secrets: 1 },
        mappings: 2,
      },
    ]);
    const { url } = (await ask('/source/rudderstack/url')).json as { url: string };
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\/.*rudderstack/);
    const one = await ask('/source/rudderstack');
    for (const { text } of [list, one]) expect(text).not.toContain(new URL(url).pathname);
  });

  test('show their event types, mappings and the last day by the hour', async () => {
    expect((await ask('/source/rudderstack')).json).toMatchObject({
      event_types: expect.arrayContaining([expect.objectContaining({ type: 'identify', seen: false, mapped: true })]),
      mappings: expect.arrayContaining([expect.objectContaining({ event: 'identify', active: true })]),
      samples: expect.arrayContaining(['identify']),
    });
    const counts = (await ask('/sources/counts')).json as { sources: Record<string, number[]>; refusals: unknown[] };
    expect(counts.sources.rudderstack).toEqual(Array(24).fill(0));
    expect(counts.refusals).toEqual([]);
    expect((await ask('/source/rudderstack/refusals')).json).toEqual([]);
    expect(await ask('/source/absent')).toMatchObject({ status: 404 });
  });

  test('and mappings are switched, here alone', async () => {
    expect((await ask('/source/rudderstack/switch', { enabled: false, message: 'flood' })).json).toMatchObject({
      changed: true,
    });
    expect((await ask('/source/rudderstack')).json).toMatchObject({ source: { enabled: false } });
    await ask('/source/rudderstack/switch', { enabled: true });
    const { mappings } = (await ask('/source/rudderstack')).json as { mappings: { id: string }[] };
    const mapping = mappings[0]?.id;
    expect(await ask('/source/rudderstack/switch-mapping', { mapping, active: false })).toMatchObject({ status: 200 });
    expect((await ask('/source/rudderstack')).json).toMatchObject({
      mappings: expect.arrayContaining([expect.objectContaining({ id: mapping, active: false })]),
    });
    expect(await ask('/source/rudderstack/switch-mapping', { mapping: 'no-such', active: false })).toMatchObject({
      status: 404,
    });
    expect(await ask('/source/rudderstack/switch', { enabled: false }, 'production')).toMatchObject({ status: 428 });
  });

  test('get samples as their sender would send them, and forged ones, with what ingest answered', async () => {
    expect((await ask('/source/rudderstack/send', { type: 'identify' })).json).toMatchObject({
      sent: 1,
      accepted: 1,
      refused: [],
    });
    expect((await ask('/source/rudderstack/send', { type: 'identify', mode: 'duplicate' })).json).toMatchObject({
      sent: 2,
      accepted: 2,
    });
    expect((await ask('/source/rudderstack/send', { type: 'identify', mode: 'unsigned' })).json).toMatchObject({
      accepted: 0,
      refused: [{ status: 401, problem: 'the proof is missing', count: 1 }],
    });
    expect(posts).toHaveLength(4);
    expect(await ask('/source/rudderstack/send', { mode: 'stale' })).toMatchObject({ status: 409 });
    expect(await ask('/source/rudderstack/send', {}, 'production')).toMatchObject({ status: 428 });
    expect(posts).toHaveLength(4);
  });
});
