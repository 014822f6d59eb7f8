import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
import { everythingIn } from '../operations/persons/person-world.ts';
import { configFolder, configure } from '../support/config.ts';

/*
 * A person with hundreds of events is erased on a running stack, by a process that is killed in the middle, and another that goes on.
 * The tables are searched whole before and after, and the counts of what came in still add up.
 */

// `.ci/nightly` has 600: SIGNALBOX_PERSON_EVENTS=600 npm run test:long -- test/end-to-end/person-erase-kill.
const eventsCount = Number(process.env.SIGNALBOX_PERSON_EVENTS ?? 200);
const lena = 'usr_lena_8841';
const ivo = 'usr_ivo_9000';
const address = 'lena.orchard@orchard.example';
const startedMs = Date.now();
const folder = mkdtempSync(join(tmpdir(), 'signalbox-person-'));

let runtime: Runtime;
let environment: Environment;
const children: ChildProcess[] = [];

beforeAll(async () => {
  runtime = await startRuntime({ environments: ['development'], port: 0, configure });
  const { region, credentials, endpoints, outputs } = runtime.environments.development as RuntimeEnvironment;
  const parsed = StackOutputs.parse(outputs);
  environment = openEnvironment('development', 'local', parsed, { region, credentials }, endpoints);
  const environments = { development: { region, endpoints, credentials, outputs } };
  const content = { pid: process.pid, started_at: new Date().toISOString(), environments };
  writeFileSync(join(folder, 'runtime.json'), JSON.stringify(content));
  const { snapshot, environments: seeds } = readConfigurationFiles(configFolder);
  snapshot.workflows.paid = WorkflowFile.parse({ name: 'Paid', target: { development: { type: 'log' } } });
  snapshot.sources.rudderstack?.mappings.push(
    Mapping.parse({
      id: 'paid',
      event: 'track/paid',
      action: 'workflows_trigger',
      parameters: { key: 'paid', recipients: 'data.people', data: 'data' },
    }),
  );
  const by = { author: 'test', message: 'test', nowMs: Date.now() };
  await pushAndCommit(environment.configuration, { snapshot, seed: seeds.development, ...by });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  environment?.documents.destroy();
  await runtime?.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Ended = { code: number | null; stdout: string; stderr: string };

function start(args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [builtFile('infra/cli/main.ts'), ...args], {
    env: { ...process.env, NODE_OPTIONS: '', SIGNALBOX_RUNTIME_FILE: join(folder, 'runtime.json') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, ended };
}

/** Lists of events, some at once; the sender tries again like any other. */
async function send(events: object[]): Promise<void> {
  const [{ url } = { url: '' }] = JSON.parse((await start(['sources', '--json']).ended).stdout);
  const lists = Array.from({ length: Math.ceil(events.length / 50) }, (_, i) => events.slice(i * 50, i * 50 + 50));
  const sender = async () => {
    for (let list = lists.shift(); list !== undefined; list = lists.shift()) {
      const headers = { 'content-type': 'application/json' };
      const { status } = await fetch(url, { method: 'POST', body: JSON.stringify(list), headers });
      if (status !== 200) lists.push(list);
    }
  };
  await Promise.all(Array.from({ length: 4 }, sender));
  await runtime.idle(900_000);
}

const identify = (userId: string, email: string) => ({
  type: 'identify',
  userId,
  messageId: `i-${userId}`,
  traits: { email },
});
const paid = (userId: string, i: number, people: unknown) => ({
  type: 'track',
  event: 'paid',
  userId,
  messageId: `${userId}-${i}`,
  properties: { people, note: `paid by ${userId}`, amount: i },
});

async function verify() {
  const { known } = await readSources(environment);
  const range = verifyRange({ since: startedMs }, { nowMs: Date.now(), local: true, retentionDays: 14 });
  const counts = makeAcceptedCounts(await environment.metrics(), 'development');
  return verifyEvents(environment, counts, { known, range, all: true });
}

async function leftOf(...texts: string[]): Promise<string[]> {
  const { outputs, documents } = environment;
  const tables = Object.entries(outputs).flatMap(([name, value]) => (name.endsWith('Table') ? [String(value)] : []));
  expect(tables).toHaveLength(6);
  const all = await everythingIn(documents, tables);
  return all
    .filter(({ text }) => texts.some((one) => text.includes(one)))
    .map(({ table, text }) => `${table}: ${text}`);
}

function linesOf(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
const countOf = (lines: Record<string, unknown>[], kind: string) => lines.filter((line) => line.kind === kind).length;

async function exported(id: string, name: string): Promise<{ lines: Record<string, unknown>[]; stderr: string }> {
  const file = join(folder, name);
  const { code, stderr } = await start(['person', 'export', id, '--output', file]).ended;
  expect([code, stderr]).toEqual([0, expect.stringContaining('complete: ')]);
  // Only its owner may read it.
  expect(statSync(file).mode & 0o077).toBe(0);
  return { lines: linesOf(file), stderr };
}

describe(`a person with ${eventsCount} events`, () => {
  let ofIvo: Record<string, unknown>[];

  beforeAll(async () => {
    await send([identify(lena, address), identify(ivo, 'ivo@orchard.example')]);
    await send([
      ...Array.from({ length: eventsCount }, (_, i) => paid(lena, i, [lena])),
      ...Array.from({ length: 100 }, (_, i) => paid(ivo, i, [ivo])),
      ...Array.from({ length: 50 }, (_, i) => paid(ivo, 100 + i, [ivo, { id: lena, email: address }])),
    ]);
  }, 1_000_000);

  test('is exported whole', async () => {
    const { lines } = await exported(lena, 'lena.ndjson');
    expect(['user', 'event', 'action', 'run'].map((kind) => countOf(lines, kind))).toEqual([
      1,
      eventsCount + 1,
      eventsCount + 1,
      eventsCount + 50,
    ]);
    ofIvo = (await exported(ivo, 'ivo.ndjson')).lines;
    expect(await verify()).toMatchObject({ balanced: true, actions: { lost: 0 } });
  }, 300_000);

  test('is erased though the process is killed in the middle: no table holds the id or the address', async () => {
    expect((await leftOf(lena)).length).toBeGreaterThan(3 * eventsCount);
    const began = performance.now();
    const first = start(['person', 'erase', lena, '--reason', 'ticket 4711', '--yes']);
    const job = async () => (await listJobs(environment.configuration))[0];
    while (((await job())?.counts.events ?? 0) < eventsCount / 3) await sleep(20);
    first.child.kill('SIGKILL');
    expect((await first.ended).code).toBe(null);
    const killed = await job();
    expect(killed).toMatchObject({ kind: 'erase', state: 'running', secret: expect.anything() });
    expect((await leftOf(lena)).length).toBeGreaterThan(eventsCount);

    const { code, stdout, stderr } = await start(['jobs', 'resume', String(killed?.id), '--json']).ended;
    expect([code, stderr]).toEqual([0, expect.not.stringContaining(lena)]);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'done', counts: { failed: 0 }, reason: 'ticket 4711' });
    console.log(`${eventsCount} events: erased in ${((performance.now() - began) / 1000).toFixed(1)} s, with a kill`);
    expect(await leftOf(lena, address)).toEqual([]);
    expect((await exported(lena, 'nothing.ndjson').catch(() => ({ lines: [] }))).lines).toEqual([]);
  }, 600_000);

  test('stays away: late events and copies are refused, and everything that came in is still accounted for', async () => {
    await send([
      identify(lena, address),
      ...Array.from({ length: 50 }, (_, i) => paid(lena, i, [lena])),
      ...Array.from({ length: 50 }, (_, i) => paid(lena, eventsCount + i, [lena])),
    ]);
    expect(await leftOf(lena, address)).toEqual([]);
    const listed = await start(['events', '--reason', 'person_erased', '--all', '--json']).ended;
    expect(JSON.parse(listed.stdout)).toHaveLength(101);
    expect(await verify()).toMatchObject({ balanced: true, actions: { lost: 0 } });
    const doctor = await start(['doctor', '--json']).ended;
    expect(JSON.stringify(JSON.parse(doctor.stdout).findings)).not.toContain('person_erased');
  }, 300_000);

  test('was no one else: what others have is as it was, but for the name', async () => {
    const { lines } = await exported(ivo, 'ivo-after.ndjson');
    const without = (line: Record<string, unknown>) =>
      JSON.stringify(line).replaceAll(`{"id":"${lena}","email":"${address}"}`, '{"id":"[erased]"}');
    const kept = (all: Record<string, unknown>[]) => all.filter(({ kind }) => kind !== 'action').map(without);
    expect(kept(lines).map(withoutChange)).toEqual(kept(ofIvo).map(withoutChange));
    expect(countOf(lines, 'action')).toBe(countOf(ofIvo, 'action'));
  });
});

/** A row that was changed says when. */
const withoutChange = (line: string) => line.replace(/"updated_at":"[^"]*"/, '');
