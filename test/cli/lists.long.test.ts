import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { time } from '../../infra/cli/command.ts';
import { addPaging, commandAgain } from '../../infra/cli/paging.ts';
import { makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import { makeWorkflowRuns } from '../../shared/adapters/dynamodb-workflow-runs.ts';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { runKey } from '../../shared/core/ids/run-id.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import { cursorOfName, nameOfCursor } from '../../shared/operations/tables/cursors.ts';
import { liveConfiguration } from '../support/build.ts';
import { object, user } from '../support/directory-world.ts';
import fc from '../support/fast-check.ts';
import { startCli, type TestCli } from './cli-for-tests.ts';
import { actionEntry, eventEntry, outcome, run } from './entries-for-tests.ts';

// Each list is read page by page, and the machine may be busy.

const count = 7;
const numbers = Array.from({ length: count }, (_, i) => i);
const nowMs = Date.now();
/** Ids that a shell, a URL or a reader of options would take for something else. */
const names = ['-n', '~root', "it's $(me)", 'Zoë 日本', 'plain_1', 'a.b@c', '"quoted"'];

let cli: TestCli;
let parts: { eventLog: ReturnType<typeof makeEventLog>; actionLog: ReturnType<typeof makeActionLog> };
let many: EventLogEntry;

/** A failed event, one failed action with it, received so many seconds ago. */
async function addEvent(secondsAgo: number): Promise<EventLogEntry> {
  const id = makeEventId('rudderstack', 0, nowMs - secondsAgo * 1000, randomBytes(12));
  const event = eventEntry({ id, status: 'failed', reason: 'retries_exhausted' });
  await parts.eventLog.writeEach([event]);
  const failed = outcome(id, { status: 'failed', reason: 'target_refused', payload: { recipients: [] } });
  await parts.actionLog.writeEach([actionEntry(event, [failed])]);
  return event;
}

beforeAll(async () => {
  const live = liveConfiguration().snapshot;
  const audiences = Object.fromEntries(numbers.map((i) => [`audience-${i}`, { name: `Audience ${i}` }]));
  cli = await startCli({ ...live, audiences });
  const { client, names: tables } = cli.tables;
  const options = { client, retentionDays: 14 };
  const directory = makeDirectory(client, tables.Directory);
  parts = {
    eventLog: makeEventLog({ ...options, table: tables.EventLog, usersIndex: true }),
    actionLog: makeActionLog({ ...options, table: tables.ActionLog }),
  };
  for (const i of numbers) await addEvent(100 + i);

  // One event with many actions, of which one started many runs.
  many = eventEntry({ id: makeEventId('rudderstack', 0, nowMs - 300_000, randomBytes(12)), userId: 'other' });
  const actions = numbers.map((i) => outcome(many.id, { mapping: `m${i}`, payload: { recipients: names } }));
  await parts.eventLog.writeEach([many]);
  await parts.actionLog.writeEach([actionEntry(many, actions)]);
  const runs = makeWorkflowRuns({ ...options, table: tables.WorkflowRuns });
  await runs.writeEach(names.map((name) => run(many, { key: runKey(user(name), many.id, 'm0') })));
  await runs.writeEach(numbers.map((i) => run(many, { key: runKey(user('usr_8841'), many.id, `of-one-${i}`) })));

  const entities = names.flatMap((name) => [user(name), object('projects', name), object('$tenants', name)]);
  await upsertEntities(
    entities.map((ref) => ({ ref, attributes: { name: 'N' }, sourceTimeMs: 1 })),
    directory,
    1,
  );
  const wish = { sourceTimeMs: 1, nowMs: 1 };
  const subscriptions = makeSubscriptions(client, tables.Directory);
  await subscriptions.subscribe(object('projects', 'plain_1'), names.map(user), wish);
  for (const name of names) await subscriptions.subscribe(object('projects', name), [user('plain_1')], wish);
  const members = names.flatMap((userId) => [null, 'acme'].map((tenant) => ({ userId, tenant })));
  await makeAudiences(client, tables.Directory).add('audience-0', members, { ...wish, by: 'test' });
  for (let i = 0; i < count; i++)
    await cli.signalbox(['settings', 'set', 'rudderstack', '--window-hours', String(20 + i)]);
});
afterAll(() => cli.stop());

/** The arguments of the command that a list names when there is more, as a shell would read them. */
function nextIn(stderr: string): string[] | undefined {
  const line = /there are more: npx signalbox (.*?) {3}\(--all/.exec(stderr)?.[1];
  return line
    ?.match(/'(?:[^']|'\\'')*'|\S+/g)
    ?.map((word) => (word.startsWith("'") ? word.slice(1, -1).replaceAll(`'\\''`, "'") : word));
}

/** All rows, page by page, as the list itself says where to go on. */
async function pages(args: string[], between: () => Promise<void> = async () => undefined): Promise<unknown[][]> {
  const found: unknown[][] = [];
  for (let next: string[] | undefined = [...args, '--limit', '3', '--json']; next !== undefined; ) {
    const { code, stdout, stderr } = await cli.signalbox(next);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('error')]);
    found.push(JSON.parse(stdout));
    next = nextIn(stderr);
    await between();
  }
  return found;
}

describe('a list that is longer than a page', () => {
  const lists: [string[], number][] = [
    [['events'], count + 1],
    [['events', '--status', 'failed'], count],
    [['events', '--user', 'usr_8841'], count],
    [['actions'], 2 * count],
    [['actions', '--status', 'failed'], count],
    [['runs'], count],
    [['runs', '--recipient', 'usr_8841'], count],
    [['users'], count],
    [['users', 'subscriptions', 'plain_1'], count],
    [['objects', 'list', 'projects'], count],
    [['objects', 'subscribers', 'projects', 'plain_1'], count],
    [['tenants'], count],
    [['audiences'], count],
    [['audiences', 'members', 'audience-0'], 2 * count],
    [['config', 'log'], count + 1],
  ];

  test.each(lists)(
    '%j says so and how to go on; its pages are all rows once, as --all gives them',
    async (args, all) => {
      const found = await pages(args);
      expect(found.slice(0, -1).map(({ length }) => length)).toEqual(found.slice(0, -1).map(() => 3));
      const { stdout, stderr } = await cli.signalbox([...args, '--all', '--json']);
      const whole = JSON.parse(stdout);
      expect(whole).toHaveLength(all);
      expect(found.flat()).toEqual(whole);
      expect(stderr).not.toContain('there are more');
    },
  );

  test.each([['actions'], ['runs']])('%s of one event are paged alike', async (list) => {
    const found = await pages([list, '--event', many.id]);
    expect(found.map(({ length }) => length)).toEqual([3, 3, 1]);
    expect(new Set(found.flat().map((row) => (row as { id: string }).id)).size).toBe(count);
  });

  test('shifts no page when rows come in between', async () => {
    const before = JSON.parse((await cli.signalbox(['events', '--all', '--json'])).stdout);
    const found = await pages(['events'], async () => void (await addEvent(1)));
    expect(found.flat()).toEqual(before);
  });

  test('says nothing of more rows where there are none', async () => {
    const { stderr } = await cli.signalbox(['users', '--limit', String(count), '--json']);
    expect(stderr).toBe('');
  });

  test('is a table in the same way', async () => {
    const { stdout, stderr } = await cli.signalbox(['users', '--limit', '3']);
    expect(stdout.trim().split('\n')).toHaveLength(4);
    expect(stderr).toContain('3 users shown, and there are more: npx signalbox users --limit 3 --after ');
  });

  test.each([['events'], ['actions'], ['runs'], ['config', 'log']])(
    '%j refuses a cursor that it never printed',
    async (...args) => {
      const { code, stderr } = await cli.signalbox([...args, '--after', 'page-2']);
      expect([code, stderr]).toEqual([2, expect.stringContaining('"page-2" is not a cursor of this list')]);
    },
  );
});

describe('the command that goes on', () => {
  function parsed(args: string[]): Command {
    const program = new Command('signalbox').option('--json');
    const list = addPaging(program.command('events').option('--since <t>', '', time).option('--type <t>'));
    list.action(() => undefined);
    program.parse(args, { from: 'user' });
    return list;
  }

  test('is the one that was typed, with the new cursor in place of an old one', () => {
    const list = parsed(['--json', 'events', '--after', 'OLD', '--type', "it's", '--limit=2']);
    expect(commandAgain(list, { after: 'NEW' })).toBe(
      `npx signalbox --json events --type 'it'\\''s' --limit=2 --after NEW`,
    );
  });

  test('has a fixed beginning where the typed one moves with the clock', () => {
    for (const typed of [['--since', '1h'], ['--since=60m']]) {
      const list = parsed(['events', ...typed]);
      const [, since = ''] =
        /^npx signalbox events --since (\S+) --after X$/.exec(commandAgain(list, { after: 'X' })) ?? [];
      expect(Math.abs(Date.now() - 3_600_000 - Date.parse(since))).toBeLessThan(60_000);
    }
    const fixed = parsed(['events', '--since=2026-11-21']);
    expect(commandAgain(fixed, { after: 'X' })).toBe('npx signalbox events --since=2026-11-21 --after X');
  });
});

test('a cursor holds any name, and only characters that need no quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
      const cursor = cursorOfName(name);
      expect(cursor).toMatch(/^[\w@.:/+=~][\w@.:/+=-]*$/);
      expect(nameOfCursor(cursor)).toBe(name);
    }),
  );
});
