import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PurgeQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { makeEventId } from '../../../shared/core/ids/event-id.ts';
import type { EventLogEntry } from '../../../shared/core/logs/event-log-entry.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { makeAcceptedCounts } from '../../../shared/operations/verify/accepted-counts.ts';
import { checkStatement, readStatement } from '../../../shared/operations/verify/check-statement.ts';
import { hashOf, makeStatement, type Statement } from '../../../shared/operations/verify/statement.ts';
import { listStoredStatements, storeStatement } from '../../../shared/operations/verify/stored-statements.ts';
import { actionEntry, eventEntry, outcome } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { writeRuntimeFile } from '../../cli/runtime-file.ts';
import { liveConfiguration } from '../../support/build.ts';
import { startWarmCli, type WarmCli } from '../../support/warm-cli.ts';

const dayMs = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'signalbox-statement-'));
let environment: TestEnvironment;
let cli: WarmCli;
// Each test has a day of its own, so that they share the tables.
let start = Math.floor(Date.now() / dayMs - 28) * dayMs;

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration());
  const file = join(folder, 'runtime.json');
  writeRuntimeFile(file, environment);
  cli = startWarmCli({ SIGNALBOX_RUNTIME_FILE: file });
});
afterAll(async () => {
  cli.stop();
  rmSync(folder, { recursive: true });
  await environment.stop();
});
beforeEach(async () => {
  start += dayMs;
  const { EventsQueueUrl } = environment.outputs;
  await environment.queueServer.client.send(new PurgeQueueCommand({ QueueUrl: EventsQueueUrl }));
});

function count(name: string, events: number, { source = 'rudderstack', reason = '' } = {}): void {
  const of = { name, unit: 'Count', timeMs: start, values: [events] };
  const dimensions = [{}, { source }, ...(reason === '' ? [] : [{ source, reason }])];
  environment.history.add(
    dimensions.map((one) => ({
      ...of,
      dimensions: { environment: environment.name, ...one } as Record<string, string>,
    })),
  );
}

const row = (change: Partial<EventLogEntry> = {}) =>
  eventEntry({ actionsPlanned: 0, ...change, id: makeEventId('rudderstack', 0, start, randomBytes(12)) });

async function accepted(...rows: EventLogEntry[]): Promise<void> {
  count('EventsAccepted', rows.length);
  await environment.eventLog.writeEach(rows);
}

const enqueue = () =>
  environment.queueServer.client.send(
    new SendMessageCommand({ QueueUrl: environment.outputs.EventsQueueUrl, MessageBody: 'waits' }),
  );

const options = async () => ({
  directory: await readSources(environment),
  madeBy: 'ada',
  version: '1.2.3',
  nowMs: start + dayMs,
  looks: 1,
});
const counts = async () => makeAcceptedCounts(await environment.metrics(), environment.name);

async function state(): Promise<Statement> {
  const made = await options();
  const range = { sinceMs: start, untilMs: start + dayMs, periodSeconds: 60 };
  return (await makeStatement(environment, await counts(), { ...made, known: made.directory.known, range, all: true }))
    .statement;
}

describe('a statement of a day', () => {
  test('is complete when every event has its row, and has every number of every source', async () => {
    const [acted, failed] = [row({ actionsPlanned: 1 }), row({ status: 'failed', reason: 'retries_exhausted' })];
    const duplicate = row({ status: 'idempotent', reason: 'duplicate', configVersion: 2 });
    await accepted({ ...acted, execution: acted.id }, failed, duplicate);
    await environment.actionLog.writeEach([actionEntry(acted, [outcome(acted.id, { status: 'skipped' })])]);
    count('RequestsRefused', 4, { reason: 'signature_wrong' });
    expect(await state()).toMatchObject({
      environment: 'development',
      made_by: 'ada',
      made_with: { signalbox: '1.2.3', functions: null },
      window: { since: new Date(start).toISOString(), until: new Date(start + dayMs).toISOString() },
      verdict: 'complete',
      summary: expect.stringMatching(
        /^3 accepted events, and each is accounted for: .* 1 event or execution ended as failed/,
      ),
      sources: [
        {
          source: 'rudderstack',
          accepted: 3,
          rows: { processed: 1, failed: 1, idempotent: 1, no_mapping: 0, rejected: 0 },
          without_row: 0,
          executions: { skipped: 1, no_row: 0 },
          requests_refused: { signature_wrong: 4 },
          configuration_versions: { 1: 2, 2: 1 },
        },
      ],
      waiting: { events: 0, executions: {} },
      unexplained: [],
    });
  });

  test('is not yet complete while something waits, and says so among what it cannot show', async () => {
    const delayed = row({ actionsPlanned: 1 });
    await accepted({ ...delayed, execution: delayed.id });
    const pending = outcome(delayed.id, { status: 'pending', reason: 'delayed' });
    await environment.actionLog.writeEach([actionEntry(delayed, [pending], { next: 2 })]);
    count('EventsAccepted', 1);
    await enqueue();
    const { verdict, waiting, cannot_show } = await state();
    expect({ verdict, waiting }).toEqual({
      verdict: 'not_yet_complete',
      waiting: { events: 1, executions: { delayed: 1 } },
    });
    expect(cannot_show.join()).toContain('What waits may still fail');
  });

  test('differs when an event is lost, and names where', async () => {
    count('EventsAccepted', 2);
    expect(await state()).toMatchObject({
      verdict: 'differs',
      sources: [{ accepted: 2, without_row: 2 }],
      unexplained: [{ what: 'events_lost', source: 'rudderstack', since: new Date(start).toISOString(), count: 2 }],
    });
  });

  test('has what was in force in it, and no configuration from after it', async () => {
    const before = await state();
    // Committed now, so after the window.
    await environment.commit(liveConfiguration());
    expect((await state()).configuration).toEqual(before.configuration);
  });

  test('is refused for a source whose rows may be gone', async () => {
    const made = await options();
    const { live } = made.directory;
    const state = { ...live.state, sources: { rudderstack: { enabled: true, retention_days: 1 } } };
    const directory = { ...made.directory, live: { ...live, state } } as unknown as typeof made.directory;
    const range = { sinceMs: start - dayMs, untilMs: start, periodSeconds: 60 };
    const making = makeStatement(environment, await counts(), {
      ...made,
      directory,
      known: directory.known,
      range,
      all: true,
    });
    await expect(making).rejects.toThrow('rows of rudderstack are kept for 1 day');
  });
});

describe('its hash', () => {
  test('is of the canonical JSON of all the rest, which any program can compute', async () => {
    const { sha256, ...rest } = await state();
    const sorted = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(sorted)
        : value !== null && typeof value === 'object'
          ? Object.fromEntries(
              Object.entries(value)
                .sort(([a], [b]) => (a < b ? -1 : 1))
                .map(([name, one]) => [name, sorted(one)]),
            )
          : value;
    expect(
      createHash('sha256')
        .update(JSON.stringify(sorted(rest)))
        .digest('hex'),
    ).toBe(sha256);
  });

  test('orders the numbers of configuration versions as text, as other programs do', () => {
    const statement = { sources: [{ configuration_versions: { 9: 1, 10: 2, 100: 3 }, source: 'a' }], made_by: 'ü"' };
    const text = '{"made_by":"ü\\"","sources":[{"configuration_versions":{"10":2,"100":3,"9":1},"source":"a"}]}';
    expect(hashOf(statement as never)).toBe(createHash('sha256').update(text).digest('hex'));
  });

  test.each<[string, (statement: Statement) => Statement]>([
    ['a count', (one) => ({ ...one, unknown_accepted: one.unknown_accepted + 1 })],
    ['the verdict', (one) => ({ ...one, verdict: 'differs' })],
    ['the time of its making', (one) => ({ ...one, made_at: '2026-01-01T00:00:00.000Z' })],
    ['a sentence', (one) => ({ ...one, cannot_show: one.cannot_show.slice(1) })],
  ])('is wrong after a change of %s', async (_, change) => {
    const check = async (statement: Statement) =>
      (await checkStatement(environment, await counts(), statement, await options())).isUnchanged;
    const statement = await state();
    expect([await check(statement), await check(change(statement))]).toEqual([true, false]);
  });
});

describe('a check', () => {
  const check = async (statement: Statement) =>
    checkStatement(environment, await counts(), readStatement(JSON.stringify(statement)), await options());

  test('confirms a window that is as it was', async () => {
    await accepted(row());
    expect(await check(await state())).toMatchObject({
      isUnchanged: true,
      stored: 'none',
      changes: [],
      contradictions: [],
    });
  });

  test('tells what waited and ended since, which contradicts nothing', async () => {
    count('EventsAccepted', 1);
    await enqueue();
    const statement = await state();
    await environment.eventLog.writeEach([row()]);
    const { changes, contradictions } = await check(statement);
    expect(contradictions).toEqual([]);
    expect(changes).toEqual([
      { source: 'rudderstack', what: 'without_row', stated: 1, now: 0 },
      { source: 'rudderstack', what: 'rows.processed', stated: 0, now: 1 },
    ]);
  });

  test('contradicts it when a row is gone, or another number was accepted', async () => {
    await accepted(row(), row());
    const statement = await state();
    count('EventsAccepted', 1);
    expect((await check(statement)).contradictions).toEqual([
      'rudderstack: 2 events were accepted, and now 3 are counted',
      expect.stringContaining('not all are accounted for'),
    ]);
  });

  test('tells a document with a right hash from the one that the environment keeps', async () => {
    const statement = await state();
    await storeStatement(environment.configuration, statement);
    expect((await check(statement)).stored).toBe('same');
    const other = await state();
    await storeStatement(environment.configuration, { ...other, sha256: '0'.repeat(64) });
    expect((await check(other)).stored).toBe('different');
    expect((await listStoredStatements(environment.configuration))[0]?.window).toEqual(other.window);
  });

  test('of another environment, or of a text that is no statement, is refused', async () => {
    await expect(check({ ...(await state()), environment: 'production' })).rejects.toThrow(
      'the statement is of production',
    );
    expect(() => readStatement('{}')).toThrow('is not a statement');
    expect(() => readStatement('COMPLETENESS')).toThrow('not JSON');
  });
});

describe('the command', () => {
  const day = () => new Date(start).toISOString().slice(0, 10);

  test('writes JSON and text, and checks what it wrote', async () => {
    await accepted(row());
    const file = join(folder, 'out');
    const made = await cli.run(['verify', '--statement', '--day', day(), '--output', file]);
    expect(made).toMatchObject({ code: 0 });
    expect(made.stdout).toContain('COMPLETENESS STATEMENT');
    expect(made.stdout).toContain('COMPLETE. 1 accepted event, and each is accounted for: 1 row');
    expect(readFileSync(`${file}.txt`, 'utf8')).toBe(made.stdout);
    const { sha256 } = JSON.parse(readFileSync(`${file}.json`, 'utf8'));
    expect(made.stdout).toContain(sha256);
    const checked = await cli.run(['verify', '--statement', '--check', `${file}.json`]);
    expect(checked).toMatchObject({ code: 0, stdout: expect.stringContaining('the environment confirms it') });
    writeFileSync(`${file}.json`, readFileSync(`${file}.json`, 'utf8').replace('"accepted": 1', '"accepted": 2'));
    const changed = await cli.run(['verify', '--statement', '--check', `${file}.json`, '--json']);
    expect([changed.code, JSON.parse(changed.stdout)]).toMatchObject([1, { unchanged: false }]);
    expect(await cli.run(['verify', '--statement', '--day', day(), '--output', file])).toMatchObject({
      stderr: expect.stringContaining('exists already'),
    });
  });

  test('names the events that differ, ten of a list unless all are asked for', async () => {
    await accepted(...Array.from({ length: 11 }, () => row()));
    await environment.eventLog.writeEach([row()]);
    const some = await cli.run(['verify', '--day', day()]);
    expect(some.code).toBe(1);
    expect(some.stdout).toMatch(/rows_not_counted rudderstack .* 1 row that ingest did not count, among these:/);
    expect(some.stderr).toContain('and 2 more; --all shows them');
    const all = await cli.run(['verify', '--day', day(), '--all']);
    expect(all.stdout.match(/^ {4}\w{20,}$/gm)).toHaveLength(12);
  });

  test('lists what the schedule kept, the newest of each day, and shows one', async () => {
    const [statement] = await listStoredStatements(environment.configuration);
    const listed = JSON.parse((await cli.run(['statements', '--json'])).stdout);
    expect(listed[0]).toEqual(statement);
    const shown = await cli.run(['statements', 'show', String(statement?.window.since.slice(0, 10))]);
    expect(shown.stdout).toContain(`SHA-256 of the document: ${statement?.sha256}`);
    expect(await cli.run(['statements', 'show', '2020-01-01'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no statement of 2020-01-01'),
    });
  });

  test.each<[string[], string]>([
    [['verify', '--until', '5m'], '--until needs --since'],
    [['verify', '--since', '1h', '--output', 'x'], '--output is for statements'],
    [['verify', '--since', '1h', '--day', 'yesterday'], 'name two windows'],
    [['verify', '--statement', '--check', 'x', '--since', '1h'], 'takes its window from the statement'],
    [['verify', '--day', '2h'], 'is not a day'],
  ])('%j is refused with what would be right', async (args, words) => {
    expect(await cli.run(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
  });
});
