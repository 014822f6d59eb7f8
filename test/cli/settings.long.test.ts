import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readLive } from '../../shared/adapters/dynamodb-configuration.ts';
import { readHistory } from '../../shared/adapters/dynamodb-configuration-history.ts';
import { SourceFile } from '../../shared/core/configuration/schema.ts';
import { liveConfiguration } from '../support/build.ts';
import { configFolder } from '../support/config.ts';
import { startCli, type TestCli } from './cli-for-tests.ts';

// Proves nothing but its URL.
const legacy = { kind: 'http-legacy', name: 'Legacy' };
let cli: TestCli;
const table = () => cli.table;

beforeAll(async () => {
  const { snapshot } = liveConfiguration();
  cli = await startCli({ ...snapshot, sources: { ...snapshot.sources, legacy: SourceFile.parse(legacy) } });
});
afterAll(() => cli.stop());

const signalbox = (...args: string[]) => cli.signalbox(args);

const settings = async () => (await readLive(table())).state.sources.rudderstack;

test('a setting is changed alone, at once, with who did it and why', async () => {
  const { code, stdout } = await signalbox(
    'settings',
    'set',
    'rudderstack',
    '--enforce',
    'on',
    '--window-hours',
    '72',
    '--key-path',
    'data.order_id',
    '--json',
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    environment: 'development',
    source: 'rudderstack',
    verification: { enforced: true },
  });
  expect(await settings()).toMatchObject({
    enabled: true,
    verification: { enforced: true },
    idempotency: { path: 'data.order_id', window_hours: 72 },
    url: { generation: 1 },
  });
  expect((await readHistory(table(), 2))?.message).toContain('verification.enforced default → on');
  await signalbox('settings', 'set', 'rudderstack', '--key-path', 'default');
  expect((await settings())?.idempotency).toEqual({ window_hours: 72 });
});

test.each([
  ['nothing named', ['rudderstack'], 2, 'nothing to set is named'],
  [
    'a window longer than the log is kept',
    ['rudderstack', '--window-hours', '999'],
    2,
    'idempotency.window_hours must be at most 168',
  ],
  ['neither on nor off', ['rudderstack', '--enforce', 'maybe'], 2, 'on or off'],
  ['a path into a prototype', ['rudderstack', '--key-path', 'data.__proto__'], 2, '__proto__'],
  ['more shards than an id can name', ['rudderstack', '--log-shards', '33'], 2, 'log_shards'],
  ['a source that is not there', ['nobody', '--enabled', 'off'], 3, 'it has legacy, rudderstack'],
])('%s is refused in one line, and changes nothing', async (_name, args, code, reason) => {
  const before = await settings();
  const answer = await signalbox('settings', 'set', ...args);
  expect(answer.code).toBe(code);
  expect(answer.stderr).toContain(reason);
  expect(answer.stderr).not.toContain('    at ');
  expect(await settings()).toEqual(before);
});

test('a mapping is switched off and on by name, and a name that is not there is told with those that are', async () => {
  expect((await signalbox('mapping', 'deactivate', 'rudderstack', 'identify')).stdout).toContain(
    'inactive in development',
  );
  expect((await settings())?.inactive_mappings).toEqual(['identify']);
  expect((await signalbox('mapping', 'deactivate', 'rudderstack', 'identify')).stdout).toContain('already');
  await signalbox('mapping', 'activate', 'rudderstack', 'identify');
  expect((await settings())?.inactive_mappings).toEqual([]);
  const unknown = await signalbox('mapping', 'activate', 'rudderstack', 'nothing');
  expect(unknown).toMatchObject({ code: 3 });
  expect(unknown.stderr).toContain('it has identify, order-completed');
});

test('a check that no request could pass is not switched on, nor on once there is a secret; off is as it was', async () => {
  for (const value of ['on', 'once-set']) {
    const answer = await signalbox('settings', 'set', 'legacy', '--enforce', value);
    expect(answer).toMatchObject({ code: 2, stderr: expect.stringContaining('verification.enforced cannot be on') });
  }
  expect((await readLive(table())).state.sources.legacy?.verification).toEqual({});
  expect((await signalbox('settings', 'set', 'legacy', '--enforce', 'off')).code).toBe(0);
});

test('config push --commit makes the shipped files live, once', async () => {
  const refused = await signalbox('config', 'push', '--dir', configFolder, '--commit', '-m', 'ship it');
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('this removes source/legacy, live in') });
  expect(refused.stderr).toContain('to remove them: --force');
  expect((await readLive(table())).snapshot.sources).toHaveProperty('legacy');
  const first = await signalbox('config', 'push', '--dir', configFolder, '--commit', '-m', 'ship it', '--force');
  expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('source/legacy  removed') });
  const { version, snapshot } = await readLive(table());
  expect(snapshot.sources.rudderstack?.mappings.map(({ id }) => id)).toEqual(['identify', 'order-completed']);
  expect((await readHistory(table(), version))?.message).toBe('ship it');
  expect((await signalbox('config', 'push', '--dir', configFolder, '--commit')).stdout).toContain('already');
  const shown = JSON.parse((await signalbox('config', 'show', '--json')).stdout);
  expect(shown).toMatchObject({
    environment: 'development',
    version,
    message: 'ship it',
    sources: { rudderstack: { kind: 'rudderstack' } },
  });
});
