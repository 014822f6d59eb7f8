import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
import { listJobs } from '../../shared/operations/jobs/jobs.ts';
import { readSources } from '../../shared/operations/sources/known-sources.ts';
import { makeAcceptedCounts } from '../../shared/operations/verify/accepted-counts.ts';
import { verifyEvents } from '../../shared/operations/verify/verify-events.ts';
import { verifyRange } from '../../shared/operations/verify/verify-range.ts';
import { configFolder, configure } from '../support/config.ts';

/*
 * The night of a broken target: thousands of events fail, their target is mended, and one command replays them. Its process is killed in the
 * middle, and another one goes on. The target counts what it gets.
 */

// Ten thousand take five minutes: SIGNALBOX_EVENTS=10000 npm run test:long -- test/end-to-end/bulk-replay-kill.
const eventsCount = Number(process.env.SIGNALBOX_EVENTS ?? 3000);
const startedMs = Date.now();
const folder = mkdtempSync(join(tmpdir(), 'signalbox-bulk-replay-'));

let runtime: Runtime;
let local: RuntimeEnvironment;
let environment: Environment;
let target: Server;
const children: ChildProcess[] = [];

/** Requests by run, as far as the target took them. */
const taken = { receipt: new Map<string, number>(), note: new Map<string, number>() };
let isBroken = true;

beforeAll(async () => {
  target = createServer(async (request, response) => {
    const body = await new Response(request as never).text();
    const name = request.url === '/receipt' ? 'receipt' : 'note';
    if (name === 'receipt' && isBroken) return response.writeHead(410).end('gone');
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

/** The most memory that a process has had, as Linux tells it; 0 elsewhere. */
function peakMegabytes({ pid }: ChildProcess): number {
  const file = `/proc/${pid}/status`;
  const line = existsSync(file) ? /VmHWM:\s+(\d+) kB/.exec(readFileSync(file, 'utf8')) : undefined;
  return Math.round(Number(line?.[1] ?? 0) / 1024);
}

const order = (i: number) => ({
  type: 'track',
  event: 'paid',
  userId: `u-${i % 200}`,
  messageId: `order-${i}`,
  properties: { order: `order-${i}` },
});
/** Which runs of the events the target lacks, and which it got more than once. */
function unequal(counts: Map<string, number>): { missing: string[]; twice: string[] } {
  const keys = Array.from({ length: eventsCount }, (_, i) => `order-${i} u-${i % 200}`);
  return {
    missing: keys.filter((key) => !counts.has(key)),
    twice: [...counts].flatMap(([key, count]) => (count > 1 ? [key] : [])),
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

describe(`${eventsCount} events that failed`, () => {
  beforeAll(async () => {
    await send(Array.from({ length: 200 }, (_, i) => ({ type: 'identify', userId: `u-${i}`, messageId: `i-${i}` })));
    await runtime.idle(60_000);
    await send(Array.from({ length: eventsCount }, (_, i) => order(i)));
    await runtime.idle(900_000);
    expect([unequal(taken.note), taken.receipt.size]).toEqual([exact, 0]);
    isBroken = false;
  }, 1_000_000);

  test('are replayed by one command whose process is killed in the middle: none is missing, and none runs twice', async () => {
    const beganMs = performance.now();
    const filter = ['--status', 'failed', '--workflow', 'receipt', '--since', '2h'];
    const first = start(['replay', ...filter, '--yes', '-m', 'the target is mended']);
    const job = async () => (await listJobs(environment.configuration))[0];
    const done = async () => Object.values((await job())?.counts ?? {}).reduce((sum, count) => sum + count, 0);
    while ((await done()) < eventsCount / 2) await sleep(20);
    const peaks = [peakMegabytes(first.child)];
    first.child.kill('SIGKILL');
    expect((await first.ended).code).toBe(null);
    const killed = await job();
    expect(killed).toMatchObject({ state: 'running', total: eventsCount });

    const resumedMs = performance.now();
    const second = start(['jobs', 'resume', String(killed?.id), '--json']);
    const watching = setInterval(() => peaks.push(peakMegabytes(second.child)), 200);
    const { code, stdout } = await second.ended;
    clearInterval(watching);
    expect(code).toBe(0);
    // Not one is counted as skipped that the dead process had sent.
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'done',
      counts: { replayed: eventsCount, skipped: 0, failed: 0 },
    });
    const seconds = (performance.now() - resumedMs) / 1000;
    await runtime.idle(900_000);
    expect(unequal(taken.receipt)).toEqual(exact);
    expect(unequal(taken.note)).toEqual(exact);
    console.log(
      `${eventsCount} events: half in ${((resumedMs - beganMs) / 1000).toFixed(1)} s, the rest in ${seconds.toFixed(1)} s with the wait for the dead process, all runs after ${((performance.now() - beganMs) / 1000).toFixed(1)} s; at most ${Math.max(...peaks)} MB`,
    );
  }, 1_800_000);

  test('are accounted for: verify balances, and nothing is left to replay', async () => {
    expect(await verify()).toMatchObject({ balanced: true, actions: { lost: 0 } });
    const preview = await signalbox(['replay', '--status', 'failed', '--since', '2h', '--dry-run', '--json']);
    expect(JSON.parse(preview)).toMatchObject({ matching: 0, would_replay: 0 });
  }, 120_000);
});
