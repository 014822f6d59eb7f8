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
import { countHeld } from '../../shared/operations/holds/held-triggers.ts';
import { listJobs } from '../../shared/operations/jobs/jobs.ts';
import { readSources } from '../../shared/operations/sources/known-sources.ts';
import { makeAcceptedCounts } from '../../shared/operations/verify/accepted-counts.ts';
import { verifyEvents } from '../../shared/operations/verify/verify-events.ts';
import { verifyRange } from '../../shared/operations/verify/verify-range.ts';
import { configFolder, configure } from '../support/config.ts';

/*
 * A target goes down and its workflow is paused: a thousand runs are held. One command releases them; its process is killed in the middle,
 * and another one goes on while more events arrive. The target counts what it gets, and in which order.
 */

const eventsCount = 1_000;
const lateCount = 50;
const usersCount = 20;
const startedMs = Date.now();
const folder = mkdtempSync(join(tmpdir(), 'signalbox-hold-release-'));

let runtime: Runtime;
let local: RuntimeEnvironment;
let environment: Environment;
let target: Server;
const children: ChildProcess[] = [];

/** Requests by run, as far as the target took them. */
const taken = { receipt: new Map<string, number>(), note: new Map<string, number>() };
/** The numbers of the orders that each user got a receipt for, in the order in which the target took them. */
const order = new Map<string, number[]>();

beforeAll(async () => {
  target = createServer(async (request, response) => {
    const body = await new Response(request as never).text();
    const name = request.url === '/receipt' ? 'receipt' : 'note';
    const { data } = JSON.parse(body);
    for (const run of Array.isArray(data) ? data : [data]) {
      const key = `${run.data.order} ${run.recipient.id}`;
      taken[name].set(key, (taken[name].get(key) ?? 0) + 1);
      if (name === 'receipt')
        order.set(run.recipient.id, [...(order.get(run.recipient.id) ?? []), Number(run.data.order)]);
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
    snapshot.workflows[key] = WorkflowFile.parse({ name: key, target: { development: type } });
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

/** Lists of events, one after the other: events are received in the order of their numbers. */
async function send(events: object[]): Promise<void> {
  const [{ url } = { url: '' }] = JSON.parse(await signalbox(['sources', '--json']));
  for (let i = 0; i < events.length; ) {
    const body = JSON.stringify(events.slice(i, i + 50));
    const headers = { 'content-type': 'application/json' };
    const { status } = await fetch(url, { method: 'POST', body, headers });
    // Like any other sender, it tries again.
    if (status === 200) i += 50;
  }
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

const held = () => countHeld(environment, 'receipt');

describe(`${eventsCount} events of a paused workflow`, () => {
  beforeAll(async () => {
    await send(
      Array.from({ length: usersCount }, (_, i) => ({ type: 'identify', userId: `u-${i}`, messageId: `i-${i}` })),
    );
    await runtime.idle(60_000);
    await signalbox(['workflow', 'pause', 'receipt', '-m', 'its target is down']);
    await send(Array.from({ length: eventsCount }, (_, i) => paid(i)));
    await runtime.idle(600_000);
  }, 700_000);

  test('are held and counted, while another workflow of the same events runs', async () => {
    expect([unequal(taken.note, eventsCount), taken.receipt.size]).toEqual([exact, 0]);
    expect((await held()).runs).toBe(eventsCount);
    const { findings } = JSON.parse((await start(['doctor', '--json']).ended).stdout);
    expect(findings).toContainEqual(
      expect.objectContaining({ id: 'runs_held', workflow: 'receipt', count: eventsCount, severity: 'note' }),
    );
    expect(await verify()).toMatchObject({ balanced: true, actions: { lost: 0 } });
  }, 120_000);

  test('are released by one command whose process is killed in the middle: none is missing, none runs twice, and each user gets them in order', async () => {
    const first = start(['workflow', 'resume', 'receipt', '-m', 'the target is up again']);
    const job = async () => (await listJobs(environment.configuration))[0];
    while ((await held()).runs > eventsCount / 2) await sleep(20);
    first.child.kill('SIGKILL');
    expect((await first.ended).code).toBe(null);
    const killed = await job();
    expect(killed).toMatchObject({ kind: 'release', state: 'running', total: eventsCount });

    // It is paused still: what arrives is held behind the others.
    await send(Array.from({ length: lateCount }, (_, i) => paid(eventsCount + i)));
    await runtime.idle(120_000);
    expect((await held()).runs).toBeGreaterThanOrEqual(lateCount);
    const { code, stdout } = await start(['jobs', 'resume', String(killed?.id), '--json']).ended;
    const row = JSON.parse(stdout);
    expect([code, row.state, row.counts.failed]).toEqual([0, 'done', 0]);
    await runtime.idle(600_000);
    expect(unequal(taken.receipt, eventsCount + lateCount)).toEqual(exact);
    for (const numbers of order.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect((await held()).runs).toBe(0);
  }, 900_000);

  test('are accounted for, and the next event runs at once', async () => {
    await send([paid(eventsCount + lateCount)]);
    await runtime.idle(60_000);
    expect(unequal(taken.receipt, eventsCount + lateCount + 1)).toEqual(exact);
    expect(await verify()).toMatchObject({ balanced: true, actions: { pending: [], lost: 0 } });
  }, 120_000);
});
