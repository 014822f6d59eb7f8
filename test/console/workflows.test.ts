import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Console } from '../../infra/console/server.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
import { call, signIn, startConsoleOf } from './console-for-tests.ts';

let environment: TestEnvironment;
let served: Console;
let reading: Console;
let headers: { cookie: string };

beforeAll(async () => {
  environment = await startEnvironment();
  const workflows = {
    'order-completed': { name: 'Order completed', target: { development: { type: 'log' }, staging: { type: 'log' } } },
    elsewhere: { name: 'Elsewhere', target: { staging: { type: 'log' } } },
  };
  await environment.commit(liveConfiguration({ workflows }));
  const afar = { ...environment, name: 'production', local: false };
  served = await startConsoleOf({ development: environment, production: afar });
  reading = await startConsoleOf({ development: environment }, { readOnly: true });
  headers = { cookie: await signIn(served) };
});
afterAll(async () => {
  await Promise.all([served.stop(), reading.stop()]);
  await environment.stop();
});

async function ask(path: string, body?: unknown, name = 'development') {
  const method = body === undefined ? 'GET' : 'POST';
  const { status, json } = await call(served.port, `/api/environments/${name}${path}`, { method, headers, body });
  return { status, json };
}

describe('workflows', () => {
  test('are listed with their targets and their state here', async () => {
    expect((await ask('/workflows')).json).toMatchObject([
      { key: 'elsewhere', target: null, targets: { staging: 'log' } },
      { key: 'order-completed', state: 'active', target: 'log', hold: null, held: null, breaker: null },
    ]);
    expect(await ask('/workflows/order-complted')).toMatchObject({
      status: 404,
      json: { code: 'not_found', title: expect.stringContaining('order-completed') },
    });
  });

  test('are held under the name and the reason of the person, and resumed', async () => {
    const paused = await ask('/workflows/order-completed/pause', { message: 'target is down' });
    expect(paused).toMatchObject({
      status: 200,
      json: {
        changed: true,
        workflow: {
          state: 'holding',
          hold: { by: 'Ada <ada@example.com>', reason: 'target is down' },
          held: { runs: 0, without_runs: 0 },
        },
      },
    });
    expect(await ask('/workflows/order-completed/resume', { per_second: 5 })).toMatchObject({
      status: 200,
      json: { kind: 'releasing' },
    });
    const state = async () => ((await ask('/workflows/order-completed')).json as { state: string }).state;
    while ((await state()) !== 'active') await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('that drop their runs say so', async () => {
    await ask('/workflows/order-completed/pause', { drop: true });
    expect((await ask('/workflows/order-completed')).json).toMatchObject({ state: 'dropping', held: null });
    expect((await ask('/workflows/order-completed/resume', {})).json).toEqual({ kind: 'changed' });
  });

  test('are not changed by wrong input, a console that only reads, or without the name of an environment on AWS', async () => {
    expect(await ask('/workflows/absent/pause', {})).toMatchObject({ status: 404 });
    expect(await ask('/workflows/order-completed/resume', { per_second: 0 })).toMatchObject({ status: 400 });
    expect(await ask('/workflows/order-completed/pause', {}, 'production')).toMatchObject({
      status: 428,
      json: { code: 'name_missing' },
    });
    const cookie = await signIn(reading);
    const path = '/api/environments/development/workflows/order-completed/pause';
    const refused = await call(reading.port, path, { method: 'POST', headers: { cookie }, body: {} });
    expect(refused).toMatchObject({ status: 403, json: { code: 'read_only' } });
    expect((await ask('/workflows/order-completed')).json).toMatchObject({ state: 'active' });
  });

  test('show how their actions ended', async () => {
    expect(await ask('/workflows/order-completed/outcomes?since=1d')).toMatchObject({
      status: 200,
      json: { groups: [], count: 0 },
    });
  });
});
