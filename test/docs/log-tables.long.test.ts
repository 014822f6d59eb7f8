import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventIdTimeMs, lowestIdAt, utcDay } from '../../shared/core/ids/event-id.ts';
import { liveConfiguration } from '../support/build.ts';
import { localCredentials, startTables, type TestTables } from '../support/dynalite.ts';
import { awsCommand, runAws } from './aws-cli.ts';
import { chapter, fencesOf } from './markdown.ts';
import { commandsOf } from './shell.ts';
import { body, headers, ids, longBody, messageId, run, user, writeRows } from './written-rows.ts';

/*
 * The commands of docs/log-tables.md, taken from the page as they are, against rows that the adapters wrote: what somebody
 * pastes at night has been tried.
 */
const page = readFileSync(new URL('../../docs/log-tables.md', import.meta.url), 'utf8');
const questions = chapter(page, 'Questions').slice(1);
const preamble = fencesOf(chapter(page, 'Before you begin').flatMap(({ lines }) => lines))
  .map(({ text }) => text)
  .join('');

/** A function of the page, run by Node as the shell would. */
function helper(name: string): (argument: string, input?: string) => string {
  const [, option, code] = new RegExp(`^${name}\\(\\) \\{ node (-[ep]) '([^']+)'`, 'm').exec(preamble) ?? [];
  if (option === undefined || code === undefined) throw new Error(`the page does not define ${name}`);
  return (argument, input = '') =>
    execFileSync(process.execPath, [option, code, argument], { input, encoding: 'utf8' }).replace(/\n$/, '');
}
const functions = { since: helper('since'), place: helper('place') };
const unpack = helper('unpack');
const checkout = fileURLToPath(new URL('../../', import.meta.url));

const tableVariables = {
  EVENT_LOG: 'EventLog',
  ACTION_LOG: 'ActionLog',
  RUNS: 'WorkflowRuns',
  CLAIMS: 'Claims',
  DIRECTORY: 'Directory',
  CONFIGURATION: 'Configuration',
};

let tables: TestTables;
let client: DynamoDBClient;
beforeAll(async () => {
  tables = await startTables();
  client = new DynamoDBClient({ endpoint: tables.endpoint, ...localCredentials });
  await writeRows(tables);
});
afterAll(() => {
  client.destroy();
  return tables.stop();
});

/** What a block prints: the rows of all its commands; text where they are piped into `unpack`. */
async function answerOf(block: string, given: Record<string, string> = {}): Promise<unknown[]> {
  const variables = { ...tableVariables, SOURCE: 'rudderstack', DAY: utcDay(eventIdTimeMs(ids.order)), ...given };
  const answers: unknown[] = [];
  for (const { words, pipe } of commandsOf(block, variables, { ...functions, printf: (text) => text })) {
    const answer = await runAws(client, awsCommand(words));
    if (pipe[0] === 'unpack') answers.push(unpack(checkout, [answer].flat().join('\t')));
    else if (Array.isArray(answer) && words.includes('query')) answers.push(...answer);
    else answers.push(answer);
  }
  return answers;
}

const isDynamo = (block: string) => block.includes('aws dynamodb');
const blocksOf = (title: string) =>
  fencesOf(questions.find((question) => question.title === title)?.lines ?? []).flatMap(({ text }) =>
    isDynamo(text) ? [text] : [],
  );
const column = (rows: unknown[], index: number) => rows.map((row) => (row as unknown[])[index]);
const sorted = (...values: string[]) => values.sort();

type Check = { given?: Record<string, string>; answers: (rows: unknown[]) => void };

/** What each block of a question must answer, in the order of the page. */
const checks: Record<string, Check[]> = {
  'What came in for a source in the last hour?': [
    {
      answers: (rows) => {
        const { order, copy, failed, failedToo, rejected, discarded, held } = ids;
        expect(column(rows, 1).sort()).toEqual(sorted(order, copy, failed, failedToo, rejected, discarded, held));
        expect(rows).toContainEqual([
          expect.stringMatching(/^20\d\d-/),
          order,
          'track/order_completed',
          user,
          'processed',
          null,
        ]);
      },
    },
  ],
  'Show one event': [
    {
      given: { EVENT_ID: ids.order },
      answers: (rows) => expect(rows).toMatchObject([{ Item: { sk: { S: ids.order }, key: { S: messageId } } }]),
    },
    {
      given: { EVENT_ID: ids.order, PLACE: functions.place(ids.order) },
      answers: (rows) => expect(rows).toEqual([`${JSON.stringify(headers)}\n${body}`]),
    },
  ],
  'What failed or was rejected today, by reason?': [
    {
      answers: (rows) =>
        expect(rows).toEqual(Array(2).fill(['retries_exhausted', 'rudderstack', 'track/order_completed'])),
    },
    {
      given: { STATUS: 'rejected' },
      answers: (rows) =>
        expect(rows).toEqual([[ids.rejected, 'rudderstack', 'track/order_completed', 'payload_invalid']]),
    },
  ],
  'What came in for a user?': [
    {
      given: { USER_ID: user },
      answers: (rows) => expect(column(rows, 0).sort()).toEqual(sorted(ids.order, ids.earlier, ids.copy)),
    },
  ],
  'Which event had this message id, and until when is it remembered?': [
    {
      given: { MESSAGE_ID: messageId },
      answers: (rows) =>
        expect(rows).toEqual([
          ['rudderstack#identify', ids.earlier, ids.earlier, expect.stringMatching(/^\d{10}$/), null],
          ['rudderstack#track/order_completed', ids.order, ids.order, expect.stringMatching(/^\d{10}$/), true],
        ]),
    },
  ],
  'What did an event do?': [
    {
      given: { EXECUTION: ids.order },
      answers: ([rows]) =>
        expect(rows).toEqual([
          [
            ...['order-completed', 'workflows_trigger', 'failed', 'target_refused', '1'],
            expect.stringMatching(/Z$/),
            'the target answered 422',
          ],
        ]),
    },
    {
      given: { EXECUTION: ids.order, PLACE: functions.place(ids.order) },
      answers: ([text]) => expect(JSON.parse(String(text))).toEqual({ key: 'order-completed', recipients: user }),
    },
  ],
  'Which actions failed or were skipped today?': [
    { answers: (rows) => expect(rows).toEqual([[ids.order, ids.order, ...refused]]) },
  ],
  'What did a user get?': [
    {
      given: { RECIPIENT: user },
      answers: (rows) => {
        expect(column(rows, 1)).toEqual([run.id, expect.stringContaining(ids.earlier)]);
        expect(rows[0]).toEqual([expect.any(String), run.id, 'order-completed', 'failed', 'the target answered 422']);
      },
    },
    {
      given: { RECIPIENT: user, EXECUTION: ids.order, HASH: run.hash },
      answers: ([text]) => expect(JSON.parse(String(text))).toEqual(run.data),
    },
  ],
  'Is anything waiting, or tried again?': [
    {
      answers: (rows) =>
        expect(rows).toEqual([
          [ids.waiting, 'track/order_completed', 'target_unavailable', expect.stringMatching(/Z$/)],
        ]),
    },
  ],
  'What is stored of a user?': [
    {
      given: { USER_ID: user },
      answers: (rows) => expect(rows).toMatchObject([{ Item: { properties: { M: { plan: { S: 'team' } } } } }]),
    },
  ],
  'Who is subscribed to an object?': [
    {
      given: { OBJECT: 'projects/p1' },
      answers: (rows) => {
        expect(column(rows, 0)).toEqual(['subscriber#former', `subscriber#${user}`]);
        expect(column(rows, 1)).toEqual([true, null]);
      },
    },
  ],
  'Which audiences is a user in?': [
    { given: { USER_ID: user }, answers: (rows) => expect(rows).toEqual([['membership#beta#acme']]) },
  ],
  'Does a breaker hold calls to a target back?': [
    { answers: ([row]) => expect(row).toEqual(expect.arrayContaining(['open', 'target_busy', '429'])) },
  ],
  'Which runs can still be cancelled?': [
    { answers: (rows) => expect(rows).toEqual([['projects/p1', expect.stringContaining(ids.order)]]) },
  ],
  'Which configuration is live, and who changed it last?': [
    {
      answers: ([current, ...history]) => {
        const [version, head] = current as string[];
        expect(version).toBe('2');
        expect(history.find((entry) => (entry as string[])[1] === head)).toEqual(
          expect.arrayContaining(['2', 'state', 'Ben', 'stop']),
        );
        expect(column(history, 0)).toEqual(['2', '2', '1']);
      },
    },
  ],
  'Is there a draft, and what does it change?': [
    { answers: (rows) => expect(rows).toEqual([['2', 'Ana', expect.stringMatching(/Z$/), expect.any(String)]]) },
  ],
  'What did an older version hold?': [
    {
      given: { VERSION: '00000002' },
      answers: ([answer]) => {
        const { Items } = answer as { Items: Record<string, { S: string }>[] };
        // Two people were at it at once, and the page says how to tell them apart.
        expect(Items.map(({ author }) => author?.S).sort()).toEqual(['Ben', 'Cleo']);
        expect(JSON.stringify(Items[0]?.state)).toContain('order-completed');
        snapshot = String(Items[0]?.snapshot?.S);
      },
    },
    {
      given: {
        get SNAPSHOT() {
          return snapshot;
        },
      },
      answers: ([text]) => expect(JSON.parse(String(text))).toEqual(liveConfiguration().snapshot),
    },
  ],
  'When was a source last seen?': [{ answers: (rows) => expect(rows).toEqual([[expect.stringMatching(/Z$/), '3']]) }],
  'Which event types does a source send?': [
    {
      answers: (rows) =>
        expect(rows).toEqual([
          [expect.stringMatching(/Z$/), 'identify', ids.earlier],
          [expect.stringMatching(/Z$/), 'track/order_completed', ids.order],
        ]),
    },
  ],
};
const refused = ['rudderstack', 'track/order_completed', 'target_refused'];
let snapshot = '';

describe('the questions', () => {
  test('are all tried here', () => {
    expect(questions.map(({ title }) => title)).toEqual(Object.keys(checks));
  });

  test.each(Object.entries(checks))('%s', async (title, expected) => {
    const blocks = blocksOf(title);
    expect(blocks).toHaveLength(expected.length);
    for (const [i, { given, answers }] of expected.entries()) answers(await answerOf(blocks[i] as string, given));
  });

  test('ask for skipped actions by the same command', async () => {
    const [block = ''] = blocksOf('Which actions failed or were skipped today?');
    const rows = await answerOf(block, { STATUS: 'skipped' });
    expect(column(rows, 0)).toEqual([ids.skipped]);
  });

  test('show an event whose row is packed', async () => {
    const [, block = ''] = blocksOf('Show one event');
    const place = functions.place(ids.packed);
    const [text] = await answerOf(block, { SOURCE: 'segment', EVENT_ID: ids.packed, PLACE: place });
    const [facts = '', ...rest] = String(text).split('\n');
    expect(JSON.parse(facts)).toEqual({ key: messageId, verification: 'not_enforced:verified' });
    expect(rest.join('\n')).toBe(`${JSON.stringify(headers)}\n${longBody}`);
  });

  test('show the parameters of actions whose row is packed, with results and times', async () => {
    const [did = '', parameters = ''] = blocksOf('What did an event do?');
    const given = { EXECUTION: ids.packed, PLACE: functions.place(ids.packed) };
    const [actions] = await answerOf(did, given);
    expect(column(actions as unknown[], 2)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    const [text] = await answerOf(parameters, given);
    expect(JSON.parse(String(text))).toEqual(
      Array(3).fill({
        payload: { key: 'order-completed', recipients: user, data: JSON.parse(longBody).properties },
        result: { id: 'w', runs: 1 },
        started_at: expect.stringMatching(/Z$/),
        finished_at: expect.stringMatching(/Z$/),
      }),
    );
  });

  test('each name the command of the CLI that answers the same', () => {
    for (const { title, lines } of questions)
      expect([title, lines.join('\n')]).toEqual([title, expect.stringContaining('CLI: ')]);
  });
});

describe('the page', () => {
  test('holds no scan', () => {
    const commands = fencesOf(page.split('\n')).flatMap(({ text }) => text.match(/aws dynamodb [\w-]+/g) ?? []);
    expect(new Set(commands)).toEqual(new Set(['aws dynamodb query', 'aws dynamodb get-item']));
  });

  test('has commands nowhere but under its questions, where they are tried', () => {
    const all = fencesOf(page.split('\n')).filter(({ text }) => isDynamo(text));
    expect(all).toHaveLength(Object.values(checks).flat().length);
  });

  test('goes from an id to its key as its example says', () => {
    expect(functions.place('01M7Y1HM4GZXK8D2SHY4BX97N2')).toBe('20261121#2');
    expect(page.replaceAll('\n', ' ')).toContain('So `place` prints `20261121#2`');
  });

  test('knows where the ids of the last minutes begin', () => {
    const prefixAnHourBefore = (timeMs: number) => lowestIdAt(timeMs - 3_600_000).slice(0, 10);
    const earliest = prefixAnHourBefore(Date.now());
    const from = functions.since('60');
    expect(earliest <= from && from <= prefixAnHourBefore(Date.now())).toBe(true);
  });

  test('sets every table that its commands name, from an output of the stack', () => {
    for (const [variable, table] of Object.entries(tableVariables))
      expect(preamble).toContain(`${variable}=$(output ${table}Table)\n`);
  });
});
