import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Console } from '../../infra/console/server.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { fileBasesAt } from '../../shared/operations/configuration/files/file-bases.ts';
import type { MappingFile } from '../../shared/operations/mappings/editor/mapping-file.ts';
import type { Tried } from '../../shared/operations/mappings/editor/try-text.ts';
import { eventEntry } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { trackEvent } from '../support/build.ts';
import { configFolder } from '../support/config.ts';
import { call, signIn, startConsoleOf } from './console-for-tests.ts';

type Opened = { file: MappingFile; event: string };

let environment: TestEnvironment;
let served: Console;
let reading: Console;
let headers: { cookie: string };
let folder: string;
let directory: string;
let eventId: string;

const sourceFile = () => join(directory, 'sources/rudderstack.yaml');
const shipped = readFileSync(join(configFolder, 'sources/rudderstack.yaml'), 'utf8');
const rudderstack = { kind: 'sources', key: 'rudderstack' };
const order = { source: 'rudderstack', type: 'track/order_completed' };

beforeAll(async () => {
  environment = await startEnvironment();
  folder = mkdtempSync(join(tmpdir(), 'signalbox-mappings-'));
  directory = join(folder, 'config');
  const { snapshot, environments } = readConfigurationFiles(configFolder);
  const about = { author: 'test', message: 'test', nowMs: Date.now() };
  await pushAndCommit(environment.configuration, { snapshot, seed: environments.development, ...about });
  const events = Array.from({ length: 12 }, (_, i) => {
    const id = makeEventId('rudderstack', 0, Date.now() - (i + 1) * 1_000, randomBytes(12));
    const properties = {
      order_id: `A-${i}`,
      total: 10 * i,
      'Plan Name': 'Pro',
      'a.b': 1,
      a: { b: 2 },
      list: [{ x: 1 }],
    };
    return eventEntry({ id, body: trackEvent({ messageId: `m-${i}`, userId: `user_${i}`, properties }) });
  });
  await environment.eventLog.writeEach(events);
  eventId = events[5]?.id ?? '';
  const checkout = { directory, bases: fileBasesAt(join(folder, 'bases.json')) };
  const both = { development: environment, production: { ...environment, name: 'production', local: false } };
  served = await startConsoleOf(both, { checkout });
  reading = await startConsoleOf(both, { checkout, readOnly: true });
  headers = { cookie: await signIn(served) };
});
beforeEach(() => {
  rmSync(directory, { recursive: true, force: true });
  cpSync(configFolder, directory, { recursive: true });
});
afterAll(async () => {
  await Promise.all([served.stop(), reading.stop()]);
  await environment.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(path: string, body?: unknown, name = 'development') {
  const method = body === undefined ? 'GET' : 'POST';
  return call(served.port, `/api/environments/${name}/mappings${path}`, { method, headers, body });
}

async function tried(text: string, choice: Record<string, unknown> = { ...order, event: eventId }) {
  const answer = await ask('/try/dry-run', { file: rudderstack, text, ...choice });
  expect(answer.status).toBe(200);
  return answer.json as Tried;
}

describe('the file of a mapping', () => {
  test("is its source's, or that of the workflow that has it as a trigger", async () => {
    const own = await ask('/text?source=rudderstack&id=order-completed');
    expect(own.json).toMatchObject({
      file: { ...rudderstack, text: shipped, file: sourceFile() },
      event: 'track/order_completed',
    });
    const again = await ask('/file?kind=sources&key=rudderstack');
    expect(again.json).toEqual((own.json as Opened).file);
    const workflow = join(directory, 'workflows/order-completed.yaml');
    const trigger = '\ntriggers:\n  - source: rudderstack\n    event: track/paid\n    recipients: user_id\n';
    writeFileSync(workflow, readFileSync(workflow, 'utf8') + trigger);
    const ofWorkflow = await ask('/text?source=rudderstack&id=trigger-order-completed-track-paid');
    expect(ofWorkflow.json).toMatchObject({ file: { kind: 'workflows', key: 'order-completed' }, event: 'track/paid' });
    const { text } = (ofWorkflow.json as Opened).file;
    const answer = await tried(text, { file: { kind: 'workflows', key: 'order-completed' }, ...order });
    expect(answer.mappings).toMatchObject([
      { id: 'trigger-order-completed-track-paid', source: 'rudderstack', live: 'absent', active: null },
    ]);
  });

  test('is opened also while it cannot be read, so that it can be mended', async () => {
    writeFileSync(sourceFile(), 'mappings: [');
    expect((await ask('/text?source=rudderstack&id=order-completed')).json).toMatchObject({
      file: { text: 'mappings: [' },
      event: '',
    });
  });

  test('is asked for in words when it is missing', async () => {
    expect(await ask('/text?source=rudderstack&id=no-such')).toMatchObject({ status: 404 });
    expect(await ask('/text?source=absent&id=no-such')).toMatchObject({ status: 404 });
    rmSync(directory, { recursive: true });
    expect(await ask('/text?source=rudderstack&id=identify')).toMatchObject({ status: 409 });
  });
});

describe('a text that is being written', () => {
  test('shows the verdict and the parameters of an event, beside what is live', async () => {
    const same = await tried(shipped);
    expect(same).toMatchObject({
      problems: [],
      elsewhere: [],
      mappings: [
        { id: 'identify', from: 8, to: 20, live: 'same', active: true },
        { id: 'order-completed', event: 'track/order_completed', live: 'same' },
      ],
      test: {
        event_id: eventId,
        changes: [],
        draft: { mappings: [{ mapping: 'order-completed', said: 'would run' }] },
      },
    });
    const text = `${shipped}    when:\n      - { path: data.total, gte: 100 }\n`;
    const changed = await tried(text);
    expect(changed.mappings[1]).toMatchObject({ live: 'differs' });
    expect(changed.test).toMatchObject({
      live: { mappings: [{ verdict: 'runs' }] },
      draft: { mappings: [{ verdict: 'conditions_not_met', said: expect.stringContaining('data.total') }] },
      changes: [{ kind: 'no_longer_runs' }],
    });
  });

  test('has its errors by line and column, and no verdict then', async () => {
    const text = shipped.replace('recipients: user_id', 'recipients: data..id').replace('key: order', 'kee: order');
    const answer = await tried(text);
    const line = text.split('\n').findIndex((one) => one.includes('data..id')) + 1;
    expect(answer.problems).toContainEqual(
      expect.objectContaining({
        severity: 'error',
        line,
        column: 19,
        message: expect.stringContaining('empty segment'),
      }),
    );
    expect(answer.test).toBeNull();
    const misspelt = await tried(shipped.replace('users_identify', 'users_identifi'));
    expect(misspelt.problems).toMatchObject([{ line: 10, column: 13, message: expect.stringMatching(/did you mean/) }]);
  });

  test('is tried although another file has errors, which are told', async () => {
    writeFileSync(join(directory, 'workflows/broken.yaml'), 'name: [');
    const answer = await tried(shipped);
    expect(answer.elsewhere).toEqual([expect.stringContaining('broken.yaml')]);
    expect(answer.test).not.toBeNull();
  });

  test('is tried with a sample while no event came', async () => {
    const answer = await tried(shipped, { source: 'rudderstack', type: 'identify' });
    expect(answer.test).toMatchObject({
      event_id: null,
      draft: { mappings: [{ mapping: 'identify', said: 'would run' }] },
    });
    expect(answer.test?.draft).toEqual((await tried(shipped, { source: 'rudderstack', type: 'identify' })).test?.draft);
  });

  test('is compared with what is live for the last events', async () => {
    const text = `${shipped}    when:\n      - { path: data.total, gte: 60 }\n`;
    const { json } = await ask('/compare/dry-run', { file: rudderstack, text, ...order });
    expect(json).toMatchObject({
      compared: 12,
      changed: 6,
      ended: 'no_more',
      groups: [
        { count: 6, said: expect.stringContaining('order-completed: no longer runs'), examples: expect.any(Array) },
      ],
    });
    expect((await ask('/compare/dry-run', { file: rudderstack, text: 'mappings: [', ...order })).json).toBeNull();
  });
});

describe('an event', () => {
  test('is a tree in which each value has the path that reads it', async () => {
    const { json } = await ask(`/event?source=rudderstack&type=x&event=${eventId}`);
    const { nodes } = json as { nodes: { name: string; nodes?: unknown[] }[] };
    const data = nodes.find(({ name }) => name === 'data');
    const paths = JSON.stringify(data);
    expect(data?.nodes).toEqual(
      expect.arrayContaining([
        { name: 'order_id', path: 'data.order_id', value: 'A-5' },
        { name: 'Plan Name', path: 'data["Plan Name"]', value: 'Pro' },
        { name: 'a.b', path: 'data["a.b"]', value: 1 },
        // `data.a.b` is the key with the dot.
        { name: 'a', path: 'data.a', nodes: [{ name: 'b', path: 'data["a"].b', value: 2 }] },
      ]),
    );
    expect(paths).toContain('"path":"data.list.0.x"');
  });

  test('of a stranger is bounded, and what no path reaches has none', async () => {
    const deep = JSON.parse(`${'{"d":'.repeat(60)}1${'}'.repeat(60)}`);
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, i]));
    const properties = JSON.parse('{"__proto__":{"x":1},"constructor":2}');
    const body = trackEvent({ properties: { ...properties, __proto__x: 1, deep, wide } });
    const hostile = JSON.stringify(body).replace('__proto__x', '__proto__');
    const entry = eventEntry({ body: hostile });
    await environment.eventLog.writeEach([entry]);
    const { text, json, status } = await ask(`/event?source=rudderstack&event=${entry.id}`);
    expect(status).toBe(200);
    expect(text.length).toBeLessThan(300_000);
    expect(text).toContain('"more":');
    const data = (json as { nodes: { name: string; nodes: object[] }[] }).nodes.find(({ name }) => name === 'data');
    expect(data?.nodes).toContainEqual({ name: 'constructor', path: null, value: 2 });
  });

  test('of another source, or that is none, is refused in words', async () => {
    expect(await ask('/event?source=rudderstack&event=01ABC')).toMatchObject({ status: 404 });
    expect(await ask('/event?source=absent&type=x')).toMatchObject({ status: 404 });
  });
});

test('a new mapping of an unmapped type makes its events newly run, and a save writes the workflow that it starts', async () => {
  const events = Array.from({ length: 3 }, (_, i) => {
    const id = makeEventId('rudderstack', 0, Date.now() - 5_000 - i, randomBytes(12));
    const body = trackEvent({ event: 'paid', messageId: `p-${i}` });
    return eventEntry({ id, eventType: 'track/paid', key: `p-${i}`, body });
  });
  await environment.eventLog.writeEach(events);
  const type = { source: 'rudderstack', type: 'track/paid' };
  const { json } = await ask('/new/dry-run', type);
  const { text, adds, notes, file } = json as { text: string; adds: string[]; notes: string[]; file: MappingFile };
  expect({ adds, notes }).toEqual({ adds: ['paid'], notes: [] });
  const compared = await ask('/compare/dry-run', { file: rudderstack, text, adds, ...type });
  expect(compared.json).toMatchObject({ changed: 3, groups: [{ count: 3, said: 'paid: newly runs (was not there)' }] });
  const path = join(directory, 'workflows/paid.yaml');
  expect(await tried(text, { ...type, adds })).toMatchObject({ adds: [path], startsUncommitted: ['paid'] });
  expect(existsSync(path)).toBe(false);

  // Without that file its action would fail, which is told as well.
  const failing = await ask('/compare/dry-run', { file: rudderstack, text, ...type });
  expect(failing.json).toBeNull();
  const other = text.replace('key: paid', 'key: { value: paid }');
  const literal = await ask('/compare/dry-run', { file: rudderstack, text: other, ...type });
  expect(literal.json).toMatchObject({
    changed: 3,
    groups: [{ said: 'paid: is new, and does not run (failed: workflow_missing)' }],
  });
  // A text that starts another workflow needs none.
  const elsewhere = text.replace('key: paid', 'key: order-completed');
  expect(await tried(elsewhere, { ...type, adds })).toMatchObject({ adds: [] });

  const saved = await ask('/save', { file: rudderstack, text, adds, seen: file.hash });
  expect(saved.json).toMatchObject({ kind: 'saved', files: [sourceFile(), path] });
  expect(readConfigurationFiles(directory).problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  const outside = await ask('/save', { file: rudderstack, text, adds: ['../../paid'], seen: file.hash });
  expect(outside.status).toBe(400);
});

test('a new mapping is written at the end of its file, with all else as it is', async () => {
  const { json } = await ask('/new/dry-run', { source: 'rudderstack', type: 'track/order_completed', event: eventId });
  const { text, id } = json as { text: string; id: string };
  expect(id).toBe('order-completed-2');
  expect(text.startsWith(shipped)).toBe(true);
  expect(text.slice(shipped.length)).toContain('\n  - id: order-completed-2\n    event: track/order_completed\n');
  const answer = await tried(text);
  expect(answer.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(readFileSync(sourceFile(), 'utf8')).toBe(shipped);
  writeFileSync(sourceFile(), 'kind: rudderstack\nname: R\nmappings:\n  # - id: later\n');
  const first = (await ask('/new/dry-run', { ...order, event: eventId })).json as { text: string };
  expect((await tried(first.text)).mappings).toMatchObject([{ id: 'order-completed' }]);
  expect(first.text).toContain('# - id: later');
});

test('a mapping goes back to what is live, and one that is not live goes away', async () => {
  const text = shipped
    .replace('recipients: user_id', 'recipients: data.buyer # the buyer')
    .replace('name: data.name', 'name: x');
  const back = await ask('/as-live/dry-run', { file: rudderstack, text, source: 'rudderstack', id: 'order-completed' });
  expect((back.json as { text: string }).text).toBe(
    shipped.replace('recipients: user_id', 'recipients: user_id # the buyer').replace('name: data.name', 'name: x'),
  );
  const more = `${shipped}  - id: another\n    event: x\n    action: users_delete\n    parameters: { id: user_id }\n`;
  const gone = await ask('/as-live/dry-run', { file: rudderstack, text: more, source: 'rudderstack', id: 'another' });
  expect((gone.json as { text: string }).text).toBe(shipped);
});

describe('saving', () => {
  test('writes the text to the byte', async () => {
    const { hash } = ((await ask('/text?source=rudderstack&id=identify')).json as Opened).file;
    const text = shipped.replaceAll('\n', '\r\n').replace('data.name', 'data.full_name');
    const saved = await ask('/save', { file: rudderstack, text, seen: hash });
    expect(saved.json).toMatchObject({ kind: 'saved' });
    expect(readFileSync(sourceFile(), 'utf8')).toBe(text);
  });

  test('does not write over what someone else wrote meanwhile', async () => {
    const { hash } = ((await ask('/text?source=rudderstack&id=identify')).json as Opened).file;
    const theirs = `${shipped}# mine\n`;
    writeFileSync(sourceFile(), theirs);
    const saved = await ask('/save', { file: rudderstack, text: shipped.replace('R', 'r'), seen: hash });
    expect(saved.json).toMatchObject({ kind: 'changed_on_disk', now: { text: theirs } });
    expect(readFileSync(sourceFile(), 'utf8')).toBe(theirs);
  });

  test('refuses a text with errors, a file that is not there, another folder, and who only reads', async () => {
    const { hash } = ((await ask('/text?source=rudderstack&id=identify')).json as Opened).file;
    const wrong = await ask('/save', { file: rudderstack, text: 'kind: rudderstak\nname: x\n', seen: hash });
    expect(wrong).toMatchObject({ status: 409, json: { lines: [expect.stringMatching(/yaml:1:7 error: kind/)] } });
    for (const file of [
      { kind: 'sources', key: 'absent' },
      { kind: 'sources', key: '../workflows/order-completed' },
      { kind: 'environments', key: 'development' },
    ])
      expect((await ask('/save', { file, text: shipped, seen: hash })).status).toBeGreaterThanOrEqual(400);
    const cookie = await signIn(reading);
    const body = { file: rudderstack, text: `${shipped}#\n`, seen: hash };
    const path = '/api/environments/development/mappings/save';
    const readOnly = await call(reading.port, path, { method: 'POST', headers: { cookie }, body });
    expect(readOnly).toMatchObject({ status: 403, json: { code: 'read_only' } });
    expect(await ask('/save', body, 'production')).toMatchObject({ status: 428 });
    expect(readFileSync(sourceFile(), 'utf8')).toBe(shipped);
  });
});

describe('a hostile text', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
  for (let i = 0; i < 12; i++)
    bomb.push(
      `b${i}: &b${i} [${Array(9)
        .fill(i === 0 ? '*a' : `*b${i - 1}`)
        .join(',')}]`,
    );

  test.each([
    ['aliases of aliases', bomb.join('\n'), /stand for more than/],
    ['deep nesting', `name: ${'['.repeat(200_000)}`, /nested|not YAML/],
    ['a control character', 'name: "\u0007"', /control character/],
    ['a prototype', '__proto__: { x: 1 }', /cannot be used/],
  ])('%s: is refused in words, in time', async (_name, text, why) => {
    const startedMs = performance.now();
    const { problems, test: verdict } = await tried(text);
    expect(problems.map(({ message }) => message).join('\n')).toMatch(why);
    expect(problems.length).toBeLessThanOrEqual(50);
    expect(verdict).toBeNull();
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });

  test('that is too long is refused before it is read', async () => {
    const answer = await ask('/try/dry-run', { file: rudderstack, text: 'x'.repeat(300_000), ...order });
    expect(answer).toMatchObject({ status: 400, json: { title: expect.stringContaining('256 K') } });
  });

  test('with an expression that never ends: the event says so, and the console goes on', async () => {
    const text = `${shipped}preprocess:\n  jsonata: '{ "n": $count($distinct([1..30000].{"a": $})) }'\n`;
    const answer = await tried(text);
    expect(answer.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(answer.test?.draft.mappings).toHaveLength(1);
    expect((await tried(shipped)).test).not.toBeNull();
  });
});

test('completion gets the schemas that other editors use, and the names that exist here', async () => {
  const { json } = await ask('/words?source=rudderstack');
  expect(json).toMatchObject({
    schemas: {
      sources: { properties: { mappings: expect.anything() } },
      workflows: { properties: { triggers: expect.anything() } },
    },
    sources: ['rudderstack'],
    workflows: ['order-completed'],
    naming: expect.arrayContaining([{ action: 'workflows_trigger', parameter: 'key', type: 'workflow' }]),
  });
});
