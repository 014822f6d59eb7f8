import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import Knock from '@knocklabs/node';
import { builtFile } from '../../infra/build/build.js';
import { writeConfiguration } from '../soak/configuration.ts';
import { type SoakStack, startStack } from '../soak/stack.ts';

/* Bulk operations in the local runtime, while workflow-trigger is killed in the middle of its work. */

const folder = mkdtempSync(join(tmpdir(), 'signalbox-bulk-'));
let stack: SoakStack;
let client: Knock;

beforeAll(async () => {
  writeConfiguration(join(folder, 'config'), 'http://127.0.0.1:9/');
  stack = await startStack(folder, { port: 0, hurry: true, onSample: () => undefined });
  const { key } = JSON.parse((await signalbox('keys', 'create', 'test', '--json')).stdout);
  const baseURL = new URL(Object.values(stack.ingestUrls)[0] ?? '').origin;
  client = new Knock({ apiKey: key, baseURL });
});
afterAll(() => {
  stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function signalbox(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH, SIGNALBOX_RUNTIME_FILE: stack.runtimeFile, HOME: folder };
  return new Promise((resolve) => {
    execFile(process.execPath, [builtFile('infra/cli/main.ts'), ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** Asks until it ends; counts must never fall, and none may be above the total. */
async function ended(id: string): Promise<Knock.BulkOperation> {
  let processed = 0;
  for (;;) {
    const operation = await client.bulkOperations.get(id);
    expect(operation.processed_rows).toBeGreaterThanOrEqual(processed);
    expect(operation.processed_rows).toBeLessThanOrEqual(operation.estimated_total_rows);
    expect(operation.success_count + (operation.error_count ?? 0)).toBe(operation.processed_rows);
    processed = operation.processed_rows;
    if (operation.status === 'completed' || operation.status === 'failed') return operation;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('end with exact counts, every item done once, and an account that balances', async () => {
  const { bulk } = client.users;
  const ids = Array.from({ length: 300 }, (_, i) => `u${String(i).padStart(3, '0')}`);
  const users = ids.map((id) => ({ id, name: `Name of ${id}`, plan: 'pro' }));
  const identify = await bulk.identify({ users: [...users, { id: 'a/b' }, { id: '' }] }).withResponse();
  // Described, so that none waits for an identify that a kill delays by more than its patience.
  const recipients = ids.slice(0, 10).map((id) => ({ id }));
  const subscriptions = ids.slice(0, 20).map((id) => ({ id: `p-${id}`, recipients, properties: {} }));
  const subscribe = await client.objects.bulk.addSubscriptions('projects', { subscriptions });
  const gone = await bulk.delete({ user_ids: ids.slice(250) });
  // The second strikes what the first left, or what came after it.
  const trigger = Object.keys(stack.memoryMb).find((name) => name.includes('WorkflowTrigger')) ?? '';
  for (let kill = 0; kill < 2; kill++) expect(await stack.killFunction(trigger, 40_000)).toBe(true);

  const done = await Promise.all([identify.data.id, subscribe.id, gone.id].map(ended));
  expect(done).toMatchObject([
    { status: 'completed', processed_rows: 302, success_count: 300, error_items: [{ id: 'a/b' }, { id: '' }] },
    { status: 'completed', processed_rows: 20, success_count: 20, error_items: [] },
    { status: 'completed', processed_rows: 50, success_count: 50, error_items: [] },
  ]);
  const found: string[] = [];
  for await (const { id, name } of client.users.list()) if (name === `Name of ${id}`) found.push(id);
  expect(found).toEqual(ids.slice(0, 250));
  expect((await client.objects.listSubscriptions('projects', 'p-u019')).entries).toHaveLength(10);

  const verified = await signalbox('verify', '--since', '1h', '--wait', '60', '--json');
  expect(verified).toMatchObject({ code: 0, stderr: '' });
  // Each execution is accounted for, not only the request: 13 of identify, 2 of each of the others.
  expect(JSON.parse(verified.stdout).actions).toMatchObject({ expected: 17, pending: [], waiting: [], lost: 0 });

  const request = identify.response.headers.get('x-request-id') ?? '';
  for (const id of [request, identify.data.id]) {
    const { stdout } = await signalbox('why', id);
    expect(stdout).toContain('✗ users_identify of a/b by api-300: failed');
    expect(stdout).toContain('users_identify of a blank id by api-301: skipped');
    expect(stdout).toContain('and 300 succeeded:');
    expect(stdout).toContain('Over: 1 of 302 actions failed for good.');
  }
  const replayed = JSON.parse((await signalbox('replay', request, '--json')).stdout);
  expect(replayed).toMatchObject([{ outcome: 'replayed', detail: 'runs again what is missing in 1 of 13 executions' }]);
});
