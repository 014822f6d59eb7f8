import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { builtFile } from '../../infra/build/build.js';
import { type Runtime, type RuntimeEnvironment, startRuntime } from '../../infra/local/runtime.ts';
import { WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { Mapping } from '../../shared/core/mappings/schema.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { type Environment, openEnvironment, StackOutputs } from '../../shared/operations/environment.ts';
import { readSources } from '../../shared/operations/sources/known-sources.ts';
import { makeAcceptedCounts } from '../../shared/operations/verify/accepted-counts.ts';
import { verifyEvents } from '../../shared/operations/verify/verify-events.ts';
import { verifyRange } from '../../shared/operations/verify/verify-range.ts';
import { configFolder, configure } from '../support/config.ts';

/*
 * A target that takes ten runs a second, and two at a time. Its workflow says so, and the target looks whether it is kept, on the whole
 * stack with the roles of its functions.
 */

const eventsCount = 150;
const perSecond = 10;
const concurrent = 2;
const usersCount = 20;
const startedMs = Date.now();
const folder = mkdtempSync(join(tmpdir(), 'signalbox-limits-'));

let runtime: Runtime;
let local: RuntimeEnvironment;
let environment: Environment;
let target: Server;
const children: ChildProcess[] = [];

/** Requests by run, as far as the target took them. */
const taken = { receipt: new Map<string, number>(), note: new Map<string, number>() };
/** When each receipt came, and how many requests for receipts were open at most. */
const receivedMs: number[] = [];
let open = 0;
let mostOpen = 0;

beforeAll(async () => {
  target = createServer(async (request, response) => {
    const name = request.url === '/receipt' ? 'receipt' : 'note';
    if (name === 'receipt') {
      receivedMs.push(Date.now());
      mostOpen = Math.max(mostOpen, ++open);
      response.on('close', () => open--);
    }
    const body = await new Response(request as never).text();
    if (name === 'receipt') await sleep(50);
    const { data } = JSON.parse(body);
    for (const run of Array.isArray(data) ? data : [data]) {
      const key = `${run.data.order} ${run.recipient.id}`;
      taken[name].set(key, (taken[name].get(key) ?? 0) + 1);
    }
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  runtime = await startRuntime({ environments: ['development'], port: 0, configure });
  local = runtime.environments.development as RuntimeEnvironment;
  const { region, credentials, endpoints, outputs } = local;
  environment = openEnvironment(
    'development',
    'local',
    StackOutputs.parse(outputs),
    { region, credentials },
    endpoints,
  );
  writeFileSync(
    join(folder, 'runtime.json'),
    JSON.stringify({
      pid: process.pid,
      started_at: new Date().toISOString(),
      environments: { development: { region, endpoints, credentials, outputs } },
    }),
  );
  await commit();
}, 120_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  environment?.documents.destroy();
  await runtime?.stop();
  target?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Each event has a run of each of two workflows; only one of their targets is broken. */
async function commit(): Promise<void> {
  const { snapshot, environments } = readConfigurationFiles(configFolder);
  const { port } = target.address() as AddressInfo;
  for (const key of ['receipt', 'note']) {
    const type = { type: 'http', url: `http://127.0.0.1:${port}/${key}` };
    snapshot.workflows[key] = WorkflowFile.parse({
      name: key,
      target: { development: type },
      ...(key === 'receipt' && { max_per_second: perSecond, max_concurrent: concurrent }),
    });
    snapshot.sources.rudderstack?.mappings.push(
      Mapping.parse({
        id: key,
        event: 'track/paid',
        action: 'workflows_trigger',
        parameters: { key, recipients: { id: 'user_id' }, data: { order: 'data.order' } },
      }),
    );
  }
  await pushAndCommit(environment.configuration, {
    snapshot,
    seed: environments.development,
    author: 'test',
    message: 'test',
    nowMs: Date.now(),
  });
  const secret = `whsec_${Buffer.from('bulk-replay-secret-0123456789').toString('base64')}`;
  for (const key of ['receipt', 'note']) await signalbox(['secrets', 'set', `targets/${key}`], secret);
}

type Ended = { code: number | null; stdout: string; stderr: string };

function start(args: string[], input = ''): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [builtFile('infra/cli/main.ts'), ...args], {
    env: { ...process.env, NODE_OPTIONS: '', SIGNALBOX_RUNTIME_FILE: join(folder, 'runtime.json') },
  });
  children.push(child);
  child.stdin?.end(input);
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, ended };
}

async function signalbox(args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await start(args, input).ended;
  if (code !== 0) throw new Error(`signalbox ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Lists of events, some at once; the sender tries again like any other. */
async function send(events: object[]): Promise<void> {
  const [{ url } = { url: '' }] = JSON.parse(await signalbox(['sources', '--json']));
  const lists = Array.from({ length: Math.ceil(events.length / 50) }, (_, i) => events.slice(i * 50, i * 50 + 50));
  const sender = async () => {
    for (let list = lists.shift(); list !== undefined; list = lists.shift()) {
      const body = JSON.stringify(list);
      const headers = { 'content-type': 'application/json' };
      const { status } = await fetch(url, { method: 'POST', body, headers });
      if (status !== 200) lists.push(list);
    }
  };
  await Promise.all(Array.from({ length: 4 }, sender));
}

const paid = (i: number) => ({
  type: 'track',
  event: 'paid',
  userId: `u-${i % usersCount}`,
  messageId: `order-${i}`,
  properties: { order: i },
});
/** Which runs of the events the target lacks, and which it got more than once. */
function unequal(counts: Map<string, number>, count: number): { missing: string[]; twice: string[] } {
  const keys = Array.from({ length: count }, (_, i) => `${i} u-${i % usersCount}`);
  return {
    missing: keys.filter((key) => !counts.has(key)),
    twice: [...counts].flatMap(([key, times]) => (times > 1 ? [key] : [])),
  };
}
const exact = { missing: [], twice: [] };

async function verify() {
  const nowMs = Date.now();
  const { known } = await readSources(environment);
  const range = verifyRange({ since: startedMs }, { nowMs, local: true, retentionDays: 14 });
  const counts = makeAcceptedCounts(await environment.metrics(), 'development');
  return verifyEvents(environment, counts, { known, range, all: true });
}

describe(`${eventsCount} events at once, for a workflow with limits`, () => {
  beforeAll(async () => {
    await send(
      Array.from({ length: usersCount }, (_, i) => ({ type: 'identify', userId: `u-${i}`, messageId: `i-${i}` })),
    );
    await runtime.idle(60_000);
    await send(Array.from({ length: eventsCount }, (_, i) => paid(i)));
    await runtime.idle(300_000);
  }, 400_000);

  test('begin no more runs than a second’s worth beyond the rate, no more calls at a time, and each run once', () => {
    expect(unequal(taken.receipt, eventsCount)).toEqual(exact);
    for (const from of receivedMs) {
      const within = receivedMs.filter((at) => at >= from && at < from + 5000).length;
      // A second's worth at once, and the ten tokens that the process leases.
      expect(within).toBeLessThanOrEqual(5 * perSecond + perSecond + 10);
    }
    expect(mostOpen).toBeLessThanOrEqual(concurrent);
  });

  test('use up no attempt, and are accounted for', async () => {
    const rows = JSON.parse(await signalbox(['actions', '--workflow', 'receipt', '--all', '--json']));
    expect(rows.length).toBe(eventsCount);
    for (const { status, attempts } of rows) expect([status, attempts]).toEqual(['succeeded', 1]);
    expect(await verify()).toMatchObject({ balanced: true, actions: { pending: [], lost: 0 } });
  }, 120_000);
});
