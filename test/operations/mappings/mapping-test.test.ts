import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PutCommand, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import picocolors from 'picocolors';
import { printComparison } from '../../../infra/cli/mappings/comparison.ts';
import { printMappingTest } from '../../../infra/cli/mappings/dry-run.ts';
import type { Terminal } from '../../../infra/cli/terminal/terminal.ts';
import { SourceFile } from '../../../shared/core/configuration/schema.ts';
import { type RawEvent, unpackEventText } from '../../../shared/core/events/raw-event.ts';
import { eventLogOf } from '../../../shared/operations/events/events.ts';
import { draftCandidate } from '../../../shared/operations/mappings/candidate.ts';
import { compareLast } from '../../../shared/operations/mappings/compare-last.ts';
import { type MappingTestRow, mappingTestRow } from '../../../shared/operations/mappings/dry-run-rows.ts';
import { filesCandidate } from '../../../shared/operations/mappings/files-candidate.ts';
import { type PayloadRequest, readPayload } from '../../../shared/operations/mappings/read-payload.ts';
import { testEvent } from '../../../shared/operations/mappings/test-event.ts';
import { displayWidth } from '../../../shared/operations/words/text.ts';
import type { LiveConfiguration } from '../../../shared/ports/configuration.ts';
import { eventEntry } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration, rawEvent, trackEvent } from '../../support/build.ts';

const nowMs = Date.parse('2026-11-21T12:04:05Z');
const order = (change: Record<string, unknown> = {}) => ({
  id: 'order-completed',
  event: 'track/order_completed',
  action: 'workflows_trigger',
  parameters: { key: 'order-completed', recipients: 'user_id', data: 'data' },
  ...change,
});
const live = liveConfiguration({ file: { mappings: [order()] } });
const stricter = liveConfiguration({
  file: {
    mappings: [
      order({ when: [{ path: 'data.total', gte: 100 }] }),
      order({ id: 'every-order', parameters: { key: 'order-completed', recipients: ['user_id'] } }),
    ],
  },
});

const rowOf = async (raw: RawEvent, before: LiveConfiguration, after?: LiveConfiguration): Promise<MappingTestRow> =>
  mappingTestRow(await testEvent(raw, { live: before, draft: after, environment: 'development', nowMs }), true);

/** What a terminal of so many columns gets; of undefined, what a pipe gets. */
function linesOn(columns: number | undefined, print: (terminal: Terminal) => void): string[] {
  const lines: string[] = [];
  const out = (text: string) => void lines.push(...text.split('\n'));
  const colours = picocolors.createColors(false);
  const nothing = () => undefined;
  print({ columns, interactive: false, colours, out, print: nothing, note: nothing, drained: async () => undefined });
  return lines;
}

describe('one event on a terminal', () => {
  const note = 'Ünï漢 '.repeat(60);
  const raw = rawEvent(trackEvent({ properties: { order_id: 'A-1', total: 42.5, note } }), { receivedAtMs: nowMs });

  test('alone: what it is, and every mapping with its conditions and parameters', async () => {
    const row = await rowOf(raw, stricter);
    expect(linesOn(100, (terminal) => printMappingTest(terminal, row, '')).slice(0, 14)).toEqual([
      `Event ${raw.id}, configuration 7`,
      '  type          track/order_completed',
      '  user          usr_8841',
      '  key           msg-1',
      '  occurred      2026-05-04 08:15:30Z',
      '  would end as  processed',
      '',
      'Mappings for track/order_completed',
      '  ✗ order-completed → workflows_trigger · would not run: data.total is 42.5, not gte 100',
      '      ✗ when data.total gte 100  ← 42.5',
      '      key         "order-completed"  ← as written',
      '      recipients  "usr_8841"  ← user_id',
      expect.stringMatching(/^ {6}data {8}\{"order_id":"A-1".*… {2}← data$/),
      '  ✓ every-order → workflows_trigger · would run',
    ]);
  });

  test.each([90, 120, 200])('beside another configuration: in columns that fit %d', async (columns) => {
    const row = await rowOf(raw, live, stricter);
    const lines = linesOn(columns, (terminal) => printMappingTest(terminal, row, 'files'));
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    expect(lines[1]).toMatch(/^ +live \(version 7\) +files$/);
    const marked = lines.filter((line) => line.startsWith('~')).map((line) => line.slice(2, 27).trimEnd());
    expect(marked).toEqual(['order-completed', '  when data.total gte 100', 'every-order', '  key', '  recipients']);
    expect(lines.slice(-3)).toEqual([
      '2 changes for this event',
      '  every-order: newly runs (was not there)',
      '  order-completed: no longer runs (conditions_not_met)',
    ]);
  });

  test('beside another, on a narrow terminal: one below the other, still fitting', async () => {
    const row = await rowOf(raw, live, stricter);
    const lines = linesOn(60, (terminal) => printMappingTest(terminal, row, 'files'));
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(60);
    const start = lines.indexOf('~ order-completed');
    expect(lines.slice(start, start + 4)).toEqual([
      '~ order-completed',
      '      - workflows_trigger: would run',
      '      + workflows_trigger: would not run: data.total is',
      '        42.5, not gte 100',
    ]);
  });

  test('beside another, in a pipe: nothing is cut', async () => {
    const row = await rowOf(raw, live, stricter);
    const text = linesOn(undefined, (terminal) => printMappingTest(terminal, row, 'files')).join('\n');
    expect(text).toContain(JSON.stringify(note));
    expect(text).toContain('      + workflows_trigger: would not run: data.total is 42.5, not gte 100\n');
  });

  test('says that nothing changes where nothing does', async () => {
    const row = await rowOf(raw, live, live);
    const lines = linesOn(100, (terminal) => printMappingTest(terminal, row, 'files'));
    expect(lines.at(-1)).toBe('Nothing changes for this event.');
    expect(lines.filter((line) => line.startsWith('~'))).toEqual([]);
  });

  test('never writes what a sender slipped into a value', async () => {
    const odd = rawEvent(trackEvent({ userId: 'ada\u001b[2J', properties: { 'a\u001b[1m': '\u202e' } }));
    for (const after of [undefined, stricter])
      for (const columns of [60, 120]) {
        const row = await rowOf(odd, live, after);
        const text = linesOn(columns, (terminal) => printMappingTest(terminal, row, 'files')).join('\n');
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the very thing that must not be there
        expect(text).not.toMatch(/[\u001b\u202e]/);
      }
  });
});

describe('a payload', () => {
  const file = SourceFile.parse({ kind: 'rudderstack', name: 'R', headers: ['X-Shop'] });
  const read = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    readPayload({ source: 'rs', file, headers, rawBody: Buffer.from(body), nowMs } satisfies PayloadRequest);

  test('is split as ingest does: a list, a wrapper with what its events share, one event', () => {
    const bodies = (body: string) => {
      const answer = read(body);
      return answer.kind === 'events' ? answer.events.map(({ payload }) => unpackEventText(payload).body) : answer;
    };
    expect(bodies('{"type":"page"}')).toEqual(['{"type":"page"}']);
    expect(bodies('[{"a":1},{"b":2}]')).toEqual(['{"a":1}', '{"b":2}']);
    expect(bodies('{"batch":[{"type":"page"}],"sentAt":"x"}')).toEqual(['{"sentAt":"x","type":"page"}']);
  });

  test('keeps the headers that ingest would keep, and inflates what says that it is compressed', () => {
    const headers = { 'x-shop': '7', authorization: 'Bearer x', 'content-encoding': 'gzip', 'x-webhook-secret': 's' };
    const answer = read(gzipSync('{"type":"page"}'), headers);
    const [event] = answer.kind === 'events' ? answer.events : [];
    expect(event && unpackEventText(event.payload)).toEqual({ headers: { 'x-shop': '7' }, body: '{"type":"page"}' });
  });

  test.each([
    ['not JSON', '{"a":', 'body_not_json'],
    ['empty', '', 'body_empty'],
    ['a single value', '5', 'body_not_events'],
  ])('that is %s is refused for the reason that ingest has', (_what, body, reason) => {
    expect(read(body)).toMatchObject({ kind: 'refused', reason });
  });
});

describe('with stored events', () => {
  let environment: TestEnvironment;
  let sent: jest.SpiedFunction<TestEnvironment['documents']['send']>;
  const total = (amount: number, event = 'order_completed') => trackEvent({ event, properties: { total: amount } });
  const stored = [
    ...[5, 50, 150, 250].map((amount, i) => eventEntry({ receivedAtMs: nowMs - i * 1000, body: total(amount) })),
    eventEntry({ receivedAtMs: nowMs - 9000, eventType: 'track/other', body: total(5, 'other') }),
    eventEntry({ receivedAtMs: nowMs - 9500, payload: Buffer.from('not ours') }),
  ];

  beforeAll(async () => {
    environment = await startEnvironment();
    await environment.eventLog.writeEach(stored);
    sent = jest.spyOn(environment.documents, 'send');
  });
  afterAll(() => environment.stop());

  const compare = (change: Partial<Parameters<typeof compareLast>[1]> = {}) =>
    compareLast(eventLogOf(environment), {
      source: { key: 'rudderstack', shards: 1 },
      last: 50,
      rowsMax: 100,
      sinceMs: nowMs - 3_600_000,
      untilMs: nowMs + 1000,
      live,
      draft: stricter,
      environment: 'development',
      nowMs,
      ...change,
    });

  test('counts how many outcomes would change, by kind of change, with events to look at', async () => {
    const comparison = await compare({ eventType: 'track/order_completed' });
    expect(comparison).toEqual({
      source: 'rudderstack',
      type: 'track/order_completed',
      looked_at: 6,
      compared: 4,
      changed: 4,
      unreadable: [stored[5]?.id],
      ended: 'no_more',
      groups: [
        {
          kind: 'newly_runs',
          mapping: 'every-order',
          parameters: [],
          before: 'not there',
          after: 'runs',
          count: 4,
          examples: stored.slice(0, 3).map(({ id }) => id),
        },
        {
          kind: 'no_longer_runs',
          mapping: 'order-completed',
          parameters: [],
          before: 'runs',
          after: 'conditions_not_met',
          count: 2,
          examples: stored.slice(0, 2).map(({ id }) => id),
        },
      ],
    });
    expect(linesOn(100, (terminal) => printComparison(terminal, comparison, 'the files', '--draft files'))).toEqual([
      '4 events of rudderstack, type track/order_completed: 4 would change under the files',
      '  4  every-order: newly runs (was not there)',
      `     e.g. ${stored
        .slice(0, 3)
        .map(({ id }) => id)
        .join(', ')}`,
      '  2  order-completed: no longer runs (conditions_not_met)',
      `     e.g. ${stored[0]?.id}, ${stored[1]?.id}`,
    ]);
  });

  test('takes all types of the source where none is named, and no more events than were asked for', async () => {
    expect(await compare({ last: 2 })).toMatchObject({ looked_at: 2, compared: 2, ended: 'enough' });
    const all = await compare({ draft: live });
    expect(all).toMatchObject({ compared: 5, changed: 0, groups: [] });
    expect(linesOn(100, (terminal) => printComparison(terminal, all, 'the draft', '--draft'))).toEqual([
      '5 events of rudderstack: no outcome would change under the draft',
    ]);
  });

  test('reads no more rows than it may, and says so', async () => {
    expect(await compare({ eventType: 'track/other', rowsMax: 3 })).toMatchObject({
      looked_at: 3,
      compared: 0,
      ended: 'rows_max',
    });
  });

  test('groups by what changes and not by what is each event’s own', async () => {
    const draft = liveConfiguration({ file: { mappings: [order()], idempotency_key_path: 'data.total' } });
    expect(await compare({ draft, eventType: 'track/order_completed' })).toMatchObject({
      groups: [{ kind: 'key_differs', before: null, after: null, count: 4 }],
    });
  });

  test('writes nothing and scans nothing', async () => {
    await compare();
    const commands = sent.mock.calls.map(([command]) => command as unknown);
    expect(commands.length).toBeGreaterThan(0);
    const forbidden = [PutCommand, UpdateCommand, ScanCommand];
    expect(commands.filter((command) => forbidden.some((type) => command instanceof type))).toEqual([]);
  });

  test('a draft that was never pushed is missing, and the remedy is named', async () => {
    await expect(draftCandidate(environment, live, async () => undefined)).rejects.toMatchObject({
      kind: 'failed',
      remedies: expect.arrayContaining([expect.stringContaining('--draft files')]),
    });
  });

  test('a draft is taken with the state that the environment has now', async () => {
    const off = liveConfiguration({ state: { enabled: false } });
    const { configuration } = await draftCandidate(environment, off, async () => ({ snapshot: stricter.snapshot }));
    expect(configuration).toEqual({ version: off.version, snapshot: stricter.snapshot, state: off.state });
  });

  describe('files', () => {
    let directory: string;
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'signalbox-files-'));
      for (const folder of ['sources', 'environments']) mkdirSync(join(directory, folder));
      writeFileSync(join(directory, 'sources/rudderstack.yaml'), 'kind: rudderstack\nname: R\n');
      writeFileSync(join(directory, 'sources/shop.yaml'), 'kind: rudderstack\nname: S\n');
      writeFileSync(
        join(directory, 'environments/development.yaml'),
        'sources:\n  rudderstack: { identify: false }\n  shop: { identify: false }\n',
      );
    });
    afterAll(() => rmSync(directory, { recursive: true }));

    test('keep the state that the environment has, and seed sources that are new to it', () => {
      const { configuration } = filesCandidate(environment, live, directory);
      expect(Object.keys(configuration.snapshot.sources)).toEqual(['rudderstack', 'shop']);
      expect(configuration.state.sources.rudderstack?.identify).toBeUndefined();
      expect(configuration.state.sources.shop?.identify).toBe(false);
    });

    test('with an error are not compared with: the errors are shown', () => {
      writeFileSync(join(directory, 'sources/shop.yaml'), 'kind: rudderstak\nname: S\n');
      expect(() => filesCandidate(environment, live, directory)).toThrow(
        expect.objectContaining({ kind: 'failed', remedies: [expect.stringContaining('shop.yaml:1:7')] }),
      );
    });
  });
});
