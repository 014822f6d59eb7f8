import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { holdWorkflow } from '../../shared/operations/holds/hold-workflow.ts';
import { startTestRun, type TestRunRow } from '../../shared/operations/runs/test-run.ts';
import { switchWorkflow } from '../../shared/operations/settings/switches.ts';
import { type HoldWorld, startHoldWorld } from '../operations/holds/world.ts';
import { localCredentials } from '../support/dynalite.ts';
import { startWarmCli, type WarmCli } from '../support/warm-cli.ts';

/* The command against embedded tables and queues, with workflow-trigger behind its queue. */

const folder = mkdtempSync(join(tmpdir(), 'signalbox-workflow-run-'));
let w: HoldWorld;
let cli: WarmCli;

beforeAll(async () => {
  w = await startHoldWorld();
  const { tables, queueServer, secretServer, metricsEndpoint, outputs } = w.environment;
  const endpoints = {
    dynamodb: tables.endpoint,
    sqs: queueServer.endpoint,
    secretsmanager: secretServer.endpoint,
    cloudwatch: metricsEndpoint,
  };
  const environments = { development: { ...localCredentials, endpoints, outputs } };
  const file = join(folder, 'runtime.json');
  writeFileSync(file, JSON.stringify({ pid: process.pid, started_at: '2026-11-21T00:00:00Z', environments }));
  cli = startWarmCli({ SIGNALBOX_RUNTIME_FILE: file });
});
afterAll(async () => {
  cli.stop();
  await w.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  w.world.answer = () => ({ kind: 'accepted', reference: { status: 202, response: 'begun' } });
  w.requests.length = 0;
});

const run = (...args: string[]) => w.whileConsuming(() => cli.run(['workflow', 'run', ...args]));
const rowOf = ({ stdout }: { stdout: string }): TestRunRow => JSON.parse(stdout);

describe('a test run', () => {
  test('reaches the target with its mark, its data and its actor, and shows what the target answered', async () => {
    const data = JSON.stringify({ total: 27.5 });
    const args = ['--recipient', 'user-1', '--recipient', 'user-2', '--data', data, '--actor', 'user-3'];
    const { code, stdout, stderr } = await run('order-completed', ...args);
    expect([code, stdout.trim().split('\n')]).toEqual([
      0,
      ['user-1', 'user-2'].map((user) => `${user}: handed_off, target http, answer {"status":202,"response":"begun"}`),
    ]);
    const sent = w.requests.map(({ message }) => message.data);
    expect(sent).toMatchObject([
      { test: true, recipient: { id: 'user-1' }, actor: { id: 'user-3' }, data: { total: 27.5 } },
      { test: true, recipient: { id: 'user-2' } },
    ]);
    expect(sent[0]).toMatchObject({ event: { source: 'api', type: 'workflows.test' } });
    expect(stderr).toContain(`test run ${String(sent[0]?.workflow_run_id)} of workflow order-completed in development`);
  });

  test('is in events and why like any other, by whom, under the id of its run', async () => {
    const row = rowOf(await run('order-completed', '--recipient', 'user-1', '--json'));
    expect(row).toMatchObject({ test: true, ok: true, status: 'succeeded', runs: [{ status: 'handed_off' }] });
    const why = JSON.parse((await cli.run(['why', row.workflow_run_id, '--json'])).stdout);
    expect(why).toMatchObject({
      id: row.event_id,
      event: { source: 'api', type: 'workflows.test', status: 'processed', user_id: 'user-1' },
      headers: { 'user-agent': expect.stringContaining('signalbox workflow run, a test by ') },
      runs: [{ id: row.runs[0]?.id }],
    });
    const events = JSON.parse((await cli.run(['events', '--type', 'workflows.test', '--json'])).stdout);
    expect(events.map(({ id }: { id: string }) => id)).toContain(row.event_id);
  });

  test('that its target refuses ends with 1, and says what the target said', async () => {
    w.world.answer = () => ({ kind: 'refused', detail: '422 no such template', reference: { status: 422 } });
    const { code, stdout } = await run('order-completed', '--recipient', 'user-1');
    expect([code, stdout]).toEqual([1, expect.stringContaining('422 no such template')]);
    expect(stdout).toContain('user-1: failed, target http, answer {"status":422}');
  });

  test('that waits for its target ends with 1 after the first answer, and says when it is tried again', async () => {
    w.world.answer = () => ({
      kind: 'unavailable',
      reason: 'target_unavailable',
      detail: '503 down',
      retryAfterSeconds: 900,
    });
    const { code, stdout, stderr } = await run('order-completed', '--recipient', 'user-1');
    expect([code, stdout]).toEqual([1, expect.stringMatching(/pending: target_unavailable: .*503 down; tried again /)]);
    expect(stderr).toContain('take it back with: npx signalbox runs cancel ');
    expect(w.requests).toHaveLength(1);
  });

  test('is told from the runs of events, which have no mark', async () => {
    await w.trigger('user-1');
    expect(w.requests.map(({ message }) => 'test' in message.data)).toEqual([false]);
  });
});

describe('nothing is started, and the reason is said, for', () => {
  test.each<[string, string[], number, string]>([
    ['an unknown workflow', ['order-complete', '--recipient', 'user-1'], 3, 'did you mean "order-completed"?'],
    [
      'an unknown recipient among known ones',
      ['order-completed', '--recipient', 'user-1', '--recipient', 'nope'],
      3,
      'development has no user nope',
    ],
    ['an unknown actor', ['order-completed', '--recipient', 'user-1', '--actor', 'nope'], 3, 'there is no user nope'],
    [
      'an unknown tenant, which is not made',
      ['order-completed', '--recipient', 'user-1', '--tenant', 'nope'],
      3,
      'development has no tenant nope',
    ],
    ['no recipient', ['order-completed'], 2, '--recipient'],
    [
      'data that is not JSON',
      ['order-completed', '--recipient', 'user-1', '--data', '{total:1}'],
      2,
      '--data is not JSON',
    ],
    ['data that is no object', ['order-completed', '--recipient', 'user-1', '--data', '[1]'], 2, 'not an object'],
    [
      'a file that is not there',
      ['order-completed', '--recipient', 'user-1', '--data', '@no.json'],
      2,
      'no.json cannot be read: there is no such file',
    ],
  ])('%s', async (_name, args, code, words) => {
    expect(await run(...args)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(words) });
    expect(w.requests).toEqual([]);
  });

  test('functions that would not mark it: their target would take it for real', async () => {
    const { KnownMarks: _, ...outputs } = w.environment.outputs;
    const older = { ...w.environment, outputs };
    const started = await startTestRun(older, { workflow: 'order-completed', recipients: ['user-1'], author: 'ana' });
    expect(started).toMatchObject({ reason: 'marks_unknown', detail: expect.stringContaining('deploy first') });
    expect(await w.consume()).toBe(0);
  });

  test('a workflow that is paused: its runs would be held', async () => {
    await holdWorkflow(w.environment, { workflow: 'other', ...w.asked('target is down') });
    const { code, stderr } = await run('other', '--recipient', 'user-1');
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/workflow other is paused since .* \(target is down\); npx/),
    ]);
    await switchWorkflow(w.environment.configuration, { workflow: 'log-it', active: false, ...w.asked() });
    const dropped = await run('log-it', '--recipient', 'user-1');
    expect([dropped.code, dropped.stderr]).toEqual([1, expect.stringContaining('is switched off in development')]);
    expect(w.requests).toEqual([]);
  });
});
