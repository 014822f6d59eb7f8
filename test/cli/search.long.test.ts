import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import picocolors from 'picocolors';
import { addPaging, printPages } from '../../infra/cli/paging.ts';
import { csvLines } from '../../infra/cli/terminal/csv.ts';
import { sparkline } from '../../infra/cli/terminal/sparkline.ts';
import { makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { lowestIdAt, makeEventId } from '../../shared/core/ids/event-id.ts';
import { liveConfiguration, trackEvent } from '../support/build.ts';
import { startCli, type TestCli } from './cli-for-tests.ts';
import { actionEntry, type EntryChange, eventEntry, outcome } from './entries-for-tests.ts';

// Each command reads several tables, and the machine may be busy.

const nowMs = Date.now();
const folder = mkdtempSync(join(tmpdir(), 'signalbox-search-'));
let cli: TestCli;
let lonelyId: string;

const entry = (secondsAgo: number, change: EntryChange = {}) =>
  eventEntry({ id: makeEventId('rudderstack', 0, nowMs - secondsAgo * 1000, randomBytes(12)), ...change });

beforeAll(async () => {
  const mappings = [
    {
      id: 'order-completed',
      event: 'track/order_completed',
      action: 'workflows_trigger',
      parameters: { key: 'order-completed', recipients: 'user_id' },
      when: [{ path: 'data.total', gte: 100 }],
    },
  ];
  cli = await startCli(liveConfiguration({ file: { mappings } }).snapshot);
  const { client, names } = cli.tables;
  const eventLog = makeEventLog({ client, table: names.EventLog, retentionDays: 14, usersIndex: true });
  const actionLog = makeActionLog({ client, table: names.ActionLog, retentionDays: 14 });
  const small = entry(10, {
    status: 'no_mapping',
    reason: 'conditions_not_met',
    actionsPlanned: 0,
    body: trackEvent({ properties: { total: 34 } }),
  });
  const lonely = entry(20, { userId: '=HYPERLINK("http://x")' });
  lonelyId = lonely.id;
  const failed = [30, 40, 50].map((age) => entry(age, { status: 'failed', reason: 'retries_exhausted' }));
  await eventLog.writeEach([small, lonely, ...failed]);
  await actionLog.writeEach([actionEntry(lonely, [outcome(lonely.id, { result: { id: 'x', runs: 0 } })])]);
});
afterAll(async () => {
  await cli.stop();
  rmSync(folder, { recursive: true });
});

describe('events', () => {
  test('--did-nothing says which mapping, path and value decided', async () => {
    const { stdout } = await cli.signalbox(['events', '--did-nothing']);
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain('order-completed: data.total is 34, not gte 100');
    expect(lines[2]).toContain('1 ok, no runs');
    const rows = JSON.parse((await cli.signalbox(['events', '--did-nothing', '--json'])).stdout);
    expect(rows[0].decided_by).toMatchObject([{ mapping: 'order-completed', path: 'data.total', found: 34 }]);
  });

  test('show a trigger that began no run as a warning, which finds it', async () => {
    const rows = JSON.parse((await cli.signalbox(['events', '--warnings', 'no_runs', '--json'])).stdout);
    expect(rows).toMatchObject([{ id: lonelyId, warnings: [{ mapping: 'order-completed', code: 'no_runs' }] }]);
    const actions = JSON.parse((await cli.signalbox(['actions', '--warnings', '--json'])).stdout);
    expect(actions).toMatchObject([{ event_id: lonelyId, status: 'succeeded', warnings: [{ code: 'no_runs' }] }]);
    expect((await cli.signalbox(['events', '--warnings', 'email_malformed', '--json'])).stdout).toBe('[]\n');
  });

  test('--group-by counts, with an example and the course of the number', async () => {
    const { stdout, stderr } = await cli.signalbox(['events', '--group-by', 'reason', '--since', '1h']);
    const [heading, most] = stdout.split('\n');
    expect(heading).toMatch(/^REASON +COUNT +FIRST +LAST +EXAMPLE +TREND/);
    expect(most).toMatch(/^retries_exhausted +3 .* [0-9A-Z]{26} +·+[▁-█]+·*$/);
    expect(stderr).toBe('');
    const groups = JSON.parse((await cli.signalbox(['actions', '--group-by', 'workflow', '--json'])).stdout);
    expect(groups).toMatchObject([{ value: 'order-completed', count: 1, example: lonelyId }]);
  });

  test('--csv is a line for each row, in which nothing is a formula', async () => {
    const { stdout } = await cli.signalbox(['events', '--csv', '--warnings']);
    const [head, row, end] = stdout.split('\n');
    expect(head).toContain('id,source,type,user_id,');
    expect(head).toContain(
      'actions.succeeded,actions.skipped,actions.failed,actions.pending,actions.discarded,warnings',
    );
    expect(row).toContain(`${lonelyId},rudderstack,track/order_completed,"'=HYPERLINK(""http://x"")",`);
    expect(end).toBe('');
  });

  test('export writes every event with its payload, into a new file of its owner', async () => {
    const file = join(folder, 'events.ndjson');
    const { code, stdout, stderr } = await cli.signalbox(['events', 'export', '--out', file]);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain(`5 events written to ${file}`);
    const rows = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(5);
    expect(rows[0]).toMatchObject({ status: 'no_mapping', event: { properties: { total: 34 } } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await cli.signalbox(['events', 'export', '--out', file]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('exists already')]);
    const piped = await cli.signalbox(['events', 'export', '--status', 'failed', '--after', rows[2].id]);
    expect(piped.stdout.trim().split('\n')).toHaveLength(2);
  });

  test.each<[string[], string]>([
    [['events', '--json', '--csv'], 'two forms of the same list'],
    [['events', '--follow', '--group-by', 'type'], '--follow has no end'],
    [['events', '--follow', '--all'], '--all is for lists that end'],
    [['events', '--reason', 'retry_exhausted'], 'did you mean "retries_exhausted"?'],
    [['events', '--config-version', 'latest'], '"latest" is not a version'],
    [['events', '--text', 'x'.repeat(1001)], 'text: '],
    [['actions', '--after', 'page-2'], '"page-2" is not a cursor'],
  ])('%j is refused with what would be right', async (args, sentence) => {
    const { code, stdout, stderr } = await cli.signalbox(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(sentence);
  });
});

describe('a search that stopped before its end', () => {
  test('says how far it looked and how it goes on, also if it found nothing', async () => {
    const program = new Command('signalbox');
    const list = addPaging(program.command('events').option('--text <t>')).action(() => undefined);
    program.parse(['events', '--text', 'x', '--after', 'OLD'], { from: 'user' });
    const notes: string[] = [];
    const next = lowestIdAt(Date.parse('2026-11-21T00:00:00Z'));
    const terminal = {
      columns: undefined,
      interactive: false,
      colours: picocolors.createColors(false),
      out: () => undefined,
      print: () => undefined,
      note: (text: string) => void notes.push(text),
      drained: async () => undefined,
    };
    const rows = (async function* () {})();
    const listed = {
      rows,
      cursorOf: () => '',
      looked: () => ({ rows: 10_000, next, back_to: '2026-11-21T00:00:00.000Z' }),
    };
    const view = { columns: [], none: () => 'no events', noun: 'event' };
    expect(await printPages(terminal, listed, view, { limit: 20 }, list)).toEqual({ count: 0, isMore: true });
    expect(notes).toEqual([
      `looked at 10,000 rows, back to 2026-11-21 00:00:00Z, and found 0 events. To look further: npx signalbox events --text x --after ${next}   (--all looks at all)`,
    ]);
  });
});

describe('CSV', () => {
  const cell = (value: unknown) => csvLines([{ value }], { maps: [], isFirst: false });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '\t=1', '\r\n=1', '\u0000=1', '\u200e=1', '\uff1d1', '\u00a0@x'])(
    'has no formula in %j',
    (text) => {
      expect(cell(text).replace(/^"/, '')).toMatch(/^'/);
    },
  );

  test.each<[unknown, string]>([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "so"', '"say ""so"""'],
    ['two\nlines', 'two lines'],
    [' blanks ', '" blanks "'],
    [-5, '-5'],
    [true, 'true'],
    [null, ''],
    [[{ a: 1 }], '"[{""a"":1}]"'],
    ['a=b', 'a=b'],
  ])('writes %j as %s', (value, text) => {
    expect(cell(value)).toBe(text);
  });
});

test.each([
  ['replay', '--workflow', 'order-complete', 'no workflow "order-complete" is live; did you mean "order-completed"?'],
  ['discard', '--mapping', 'order-complete', 'no mapping "order-complete" is live; did you mean "order-completed"?'],
])('%s says that a %s that matches nothing is not known', async (command, flag, name, note) => {
  const reason = command === 'discard' ? ['--reason', 'x'] : [];
  const asked = async (value: string) =>
    (await cli.signalbox([command, '--since', '1h', flag, value, '--dry-run', ...reason])).stderr;
  expect(await asked(name)).toContain(note);
  expect(await asked('order-completed')).not.toContain('is live');
});

test('a sparkline shows the largest number full, and tells zero from little', () => {
  expect(sparkline([0, 1, 50, 100])).toBe('·▁▄█');
  expect(sparkline([0, 0])).toBe('··');
});
