import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { builtFile } from '../../infra/build/build.js';
import { decodeRawEvent } from '../../shared/core/events/raw-event.ts';
import { eventIdTimeMs, makeEventId } from '../../shared/core/ids/event-id.ts';
import { liveConfiguration, trackEvent } from '../support/build.ts';
import { actionEntry, eventEntry, outcome, run } from './entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from './environment-for-tests.ts';
import { writeRuntimeFile } from './runtime-file.ts';

/* The tool as an operator runs it: a process of its own, against an environment of emulators. */

const directory = mkdtempSync(join(tmpdir(), 'signalbox-cli-'));
const runtimeFile = join(directory, 'runtime.json');
const event = eventEntry({ userId: 'ada\u001b[2J' });
const parked = eventEntry({ status: 'failed', reason: 'retries_exhausted', actionsPlanned: 0, key: 'msg-9' });
let environment: TestEnvironment;

type Ended = { code: number; stdout: string; stderr: string };

function signalbox(...args: string[]): Promise<Ended> {
  return signalboxWith(runtimeFile, ...args);
}

function signalboxWith(file: string, ...args: string[]): Promise<Ended> {
  return node([builtFile('infra/cli/main.ts'), ...args], file);
}

function node(args: string[], file: string): Promise<Ended> {
  const env = {
    PATH: process.env.PATH,
    SIGNALBOX_RUNTIME_FILE: file,
    // Nobody's credentials, and no search for them on the network.
    AWS_EC2_METADATA_DISABLED: 'true',
    HOME: directory,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, stdout, stderr });
    }).stdin?.end();
  });
}

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration());
  await environment.eventLog.writeEach([event, parked]);
  await environment.actionLog.writeEach([actionEntry(event, [outcome(event.id)])]);
  await environment.runs.createIfAbsent(run(event));
  writeRuntimeFile(runtimeFile, environment);
});

afterAll(async () => {
  rmSync(directory, { recursive: true });
  await environment.stop();
});

describe('signalbox', () => {
  test.each([
    [['sources']],
    [['events']],
    [['actions', '--event', event.id]],
    [['runs', '--event', event.id]],
    [['users']],
    [['objects', 'list', 'projects']],
    [['tenants']],
    [['audiences']],
    [['why', event.id]],
    [['event-types', 'rudderstack']],
    [['mapping', 'test', 'rudderstack', '--event', event.id]],
  ])(
    '%j prints JSON alone on standard output',
    async (args) => {
      const { code, stdout, stderr } = await signalbox(...args, '--json');
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('error')]);
      expect(() => JSON.parse(stdout)).not.toThrow();
    },
    30_000,
  );

  test('shows rows of a list with the fields of the contract', async () => {
    const events = JSON.parse((await signalbox('events', '--json', '--since', '1h')).stdout);
    expect(events).toHaveLength(2);
    expect(events).toContainEqual(
      expect.objectContaining({
        id: event.id,
        status: 'processed',
        actions: { succeeded: 1, skipped: 0, failed: 0, pending: 0, discarded: 0 },
      }),
    );
    const [source] = JSON.parse((await signalbox('sources', '--json')).stdout);
    expect(Object.keys(source)).toEqual([
      'key',
      'kind',
      'name',
      'environment',
      'url',
      'url_generation',
      'url_rotated_at',
      'previous_url',
      'previous_key',
      'enabled',
      'paused',
      'last_event_at',
      'last_event_id',
      'verification',
      'idempotency',
      'identify',
      'retention_days',
      'mappings',
      'inactive_mappings',
    ]);
    expect(source.url).toMatch(/^http:\/\/127\.0\.0\.1:1\/v1\/sources\/rudderstack\/[\w-]{24}$/);
  });

  test('writes no control character and, away from a terminal, no colour', async () => {
    const { stdout } = await signalbox('events');
    expect(stdout).toContain('ada[2J');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the very thing that must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  test('replays a parked event into the events queue, under its own id', async () => {
    const { code, stdout } = await signalbox('replay', parked.id, '--json');
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      [expect.objectContaining({ event_id: parked.id, outcome: 'replayed', sent: 'event' })],
    ]);
    const { Messages } = await environment.queueServer.client.send(
      new ReceiveMessageCommand({ QueueUrl: environment.outputs.EventsQueueUrl }),
    );
    expect(decodeRawEvent(Messages?.[0]?.Body ?? '')).toMatchObject({
      id: parked.id,
      execution: parked.execution,
      replay: expect.any(String),
    });
  });

  test('verify: exit code 1 and where they differ as long as rows and counts do, 0 once they agree', async () => {
    const args = ['verify', '--since', new Date(eventIdTimeMs(event.id) - 3_600_000).toISOString(), '--json'];
    const differing = await signalbox(...args);
    expect(differing.code).toBe(1);
    expect(JSON.parse(differing.stdout)).toMatchObject({
      balanced: false,
      events: { lost: 0, surplus: 2 },
      differences: [expect.objectContaining({ source: 'rudderstack', accepted: 0 })],
    });
    for (const { id, source } of [event, parked]) {
      const accepted = { name: 'EventsAccepted', unit: 'Count', timeMs: eventIdTimeMs(id), values: [1] };
      environment.history.add([
        { ...accepted, dimensions: { environment: 'development', source } },
        { ...accepted, dimensions: { environment: 'development' } },
      ]);
    }
    const { code, stdout } = await signalbox(...args);
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ balanced: true, differences: [] })]);
    const table = await signalbox(...args.slice(0, -1));
    expect(table.stdout).toContain('Everything that was accepted is accounted for.');
  });

  test('verify refuses a range whose rows may have aged out', async () => {
    const { code, stderr } = await signalbox('verify', '--since', '31d');
    expect([code, stderr]).toEqual([2, expect.stringContaining('kept for 30 days')]);
  });

  test('sends nothing in a dry run', async () => {
    const { stdout } = await signalbox('replay', parked.id, '--dry-run', '--json');
    expect(JSON.parse(stdout)).toEqual([expect.objectContaining({ outcome: 'would_replay' })]);
    const { Messages } = await environment.queueServer.client.send(
      new ReceiveMessageCommand({ QueueUrl: environment.outputs.EventsQueueUrl }),
    );
    expect(Messages ?? []).toEqual([]);
  });

  test('tries a payload without effects, side by side with the files', async () => {
    const payload = join(directory, 'payload.json');
    writeFileSync(payload, JSON.stringify([trackEvent(), { type: 5 }]));
    const args = ['mapping', 'test', 'rudderstack', '--payload', payload, '--draft', 'files'];
    const { code, stdout } = await signalbox(...args, '--json');
    const [order, wrong] = JSON.parse(stdout);
    expect(order).toMatchObject({ event_id: null, batch_index: 0, live: { status: 'processed' }, changes: [] });
    expect(order.draft.mappings).toMatchObject([{ mapping: 'order-completed', outcome: { status: 'runs' } }]);
    expect(wrong).toMatchObject({ live: { status: 'rejected', reason: 'payload_invalid' } });
    // One of them would be rejected.
    expect(code).toBe(1);
  });

  test('suggests a mapping: YAML alone on standard output, what to check beside it', async () => {
    const { code, stdout, stderr } = await signalbox('mapping', 'suggest', 'rudderstack', 'track/order_completed');
    expect([code, parse(stdout)]).toEqual([
      0,
      [
        {
          id: 'order-completed-2',
          event: 'track/order_completed',
          action: 'workflows_trigger',
          parameters: { key: 'order-completed', recipients: 'user_id', data: 'data' },
        },
      ],
    ]);
    expect(stderr).toContain('paste it under "mappings:"');
  });

  test.each<[string, number, string[], string]>([
    [
      'a dry run of an event that is not there',
      3,
      ['mapping', 'test', 'rudderstack', '--event', makeEventId('rudderstack', 0, 0, randomBytes(12))],
      'no event',
    ],
    [
      'a dry run of a source that is not there',
      3,
      ['mapping', 'test', 'shop', '--event', event.id],
      'there are: rudderstack',
    ],
    ['a dry run of nothing', 2, ['mapping', 'test', 'rudderstack'], '--event ID'],
    [
      'a dry run of two things',
      2,
      ['mapping', 'test', 'rudderstack', '--event', event.id, '--type', 'page'],
      'ask one',
    ],
    ['a comparison with nothing', 2, ['mapping', 'test', 'rudderstack', '--last', '5'], '--draft files'],
    [
      'a comparison with a draft that is not there',
      1,
      ['mapping', 'test', 'rudderstack', '--last', '5', '--draft'],
      'has no draft',
    ],
    [
      'a payload that is not there',
      2,
      ['mapping', 'test', 'rudderstack', '--payload', '/no/such/file'],
      'cannot be read',
    ],
    ['a payload that would be refused', 1, ['mapping', 'test', 'rudderstack', '--payload', '-'], 'answered 400'],
    [
      'a suggestion for a type that never came',
      3,
      ['mapping', 'suggest', 'rudderstack', 'page'],
      'event-types rudderstack',
    ],
    [
      'a suggestion for an action that does not exist',
      2,
      ['mapping', 'suggest', 'rudderstack', 'page', '--action', 'user_identify'],
      'did you mean "users_identify"?',
    ],
    ['a command that does not exist', 2, ['evnts'], 'Did you mean events?'],
    ['a command that its group does not have', 2, ['events', 'shw', 'x'], 'events show'],
    [
      'an event that is not there',
      3,
      ['events', 'show', makeEventId('rudderstack', 0, Date.now(), randomBytes(12))],
      'why',
    ],
    ['a user that is not there', 3, ['users', 'subscriptions', 'nobody'], 'no user nobody'],
    ['an object that is not there', 3, ['objects', 'subscribers', 'projects', 'p1'], 'no object projects/p1'],
    ['a tenant that is not there', 3, ['tenants', 'get', 'acme'], 'no tenant acme'],
    ['an audience that is not there', 3, ['audiences', 'members', 'beta'], 'no audience beta'],
    ['a name of nothing', 3, ['why', 'no-such-thing'], 'is called "no-such-thing"'],
    ['an id to replay that is nothing', 3, ['replay', 'no-such-thing'], '1 unknown'],
    ['an ingest URL that nobody answers', 1, ['send', 'rudderstack', '--type', 'page'], 'http://127.0.0.1:1'],
    [
      'an environment that is neither here nor on AWS',
      1,
      ['events', '-e', 'staging'],
      'npm start -- --environment development,staging',
    ],
  ])(
    'explains %s in a line, without a stack trace, and exits with %d',
    async (_what, exitCode, args, text) => {
      const { code, stderr } = await signalbox(...args);
      expect([code, stderr]).toEqual([exitCode, expect.stringContaining(text)]);
      expect(stderr).not.toMatch(/\n {4}at /);
    },
    15_000,
  );

  test('takes the file of a runtime that was killed for none', async () => {
    const stale = join(directory, 'stale.json');
    writeFileSync(stale, JSON.stringify({ pid: 2 ** 22 + 1, started_at: '', environments: {} }));
    const { code, stderr } = await signalboxWith(stale, 'events');
    expect(code).toBe(1);
    expect(stderr).toContain('no local runtime is up');
    expect(stderr).toContain('npm start');
    expect(stderr).toContain('npx cdk deploy -c environment=development');
  });
});
