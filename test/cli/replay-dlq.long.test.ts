import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PurgeQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { encodeRawEvent } from '../../shared/core/events/raw-event.ts';
import { readQueueDepths } from '../../shared/operations/queues/queue-depths.ts';
import { liveConfiguration, rawEvent } from '../support/build.ts';
import { startWarmCli, type WarmCli } from '../support/warm-cli.ts';
import { startEnvironment, type TestEnvironment } from './environment-for-tests.ts';
import { writeRuntimeFile } from './runtime-file.ts';

/* `replay --dlq` as people type it, over queues that no function empties meanwhile. */

let environment: TestEnvironment;
let cli: WarmCli;
let folder: string;

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration({ version: 1 }));
  folder = mkdtempSync(join(tmpdir(), 'signalbox-dlq-'));
  writeRuntimeFile(join(folder, 'runtime.json'), environment);
  cli = startWarmCli({ SIGNALBOX_RUNTIME_FILE: join(folder, 'runtime.json') });
});
afterAll(async () => {
  cli.stop();
  await environment.stop();
  rmSync(folder, { recursive: true, force: true });
});

const replay = (...args: string[]) => cli.run(['replay', ...args]);
const park = (MessageBody: string) =>
  environment.queueServer.client.send(
    new SendMessageCommand({ QueueUrl: environment.outputs.EventsDeadLetterQueueUrl, MessageBody }),
  );
async function messages(): Promise<Record<string, number>> {
  const depths = await readQueueDepths(environment);
  return Object.fromEntries(depths.map(({ queue, ready, in_flight }) => [queue, ready + in_flight]));
}
beforeEach(async () => {
  const { EventsQueueUrl, EventsDeadLetterQueueUrl } = environment.outputs;
  for (const QueueUrl of [EventsQueueUrl, EventsDeadLetterQueueUrl])
    await environment.queueServer.client.send(new PurgeQueueCommand({ QueueUrl }));
});

describe('replay --dlq', () => {
  test('--dry-run shows each dead letter and what would become of it, and moves none', async () => {
    const event = rawEvent();
    await park(encodeRawEvent(event));
    await park('no message of ours');
    const dry = await replay('--dlq', '--dry-run');
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toMatch(new RegExp(`events +${event.id} +rudderstack +replayed`));
    expect(dry.stdout).toMatch(/events +message \S+ +- +left/);
    expect(JSON.parse((await replay('--dlq', '--dry-run', '--json')).stdout)).toHaveLength(2);
    expect(await messages()).toMatchObject({ events: 0, 'events dead-letter': 2 });
  });

  test('hands each over, without a question, and is a job with author and reason', async () => {
    const event = rawEvent();
    await park(encodeRawEvent(event));
    const drained = await replay('--dlq', '-m', 'the table is back');
    expect(drained).toMatchObject({ code: 0, stdout: expect.stringContaining('done: 1 replayed, 0 row_written') });
    expect(drained.stdout).toContain(event.id);
    expect(await messages()).toMatchObject({ events: 1, 'events dead-letter': 0 });
    const [job] = JSON.parse((await cli.run(['jobs', '--json'])).stdout);
    expect(job).toMatchObject({ kind: 'drain', state: 'done', reason: 'the table is back', counts: { replayed: 1 } });
  });

  test('--json is its job alone', async () => {
    await park(encodeRawEvent(rawEvent()));
    const { code, stdout } = await replay('--dlq', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'drain', state: 'done', total: 1, counts: { replayed: 1 } });
  });

  test('ends with 1 when one is left, and leaves it where it is', async () => {
    await park('no message of ours');
    const left = await replay('--dlq');
    expect(left).toMatchObject({ code: 1, stdout: expect.stringContaining('names no event') });
    expect(await messages()).toMatchObject({ events: 0, 'events dead-letter': 1 });
  });

  test('says so when there is none', async () => {
    expect(await replay('--dlq')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('no dead letter can be had now'),
    });
  });

  test.each([
    [['--dlq', '--status', 'failed'], '--dlq takes all dead letters, and --status would choose some'],
    [['--dlq', '01KSOMEEVENT'], '--dlq takes all dead letters, and ids would choose some'],
    [['--dlq', '--force'], '--force would choose some'],
    [['--queue', 'actions'], '--queue goes with --dlq'],
    [['--dlq', '--queue', 'dead'], 'Allowed choices are events, actions'],
  ])('%j is refused before anything is looked at', async (args, words) => {
    await park(encodeRawEvent(rawEvent()));
    expect(await replay(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(words) });
    expect(await messages()).toMatchObject({ events: 0, 'events dead-letter': 1 });
  });
});
