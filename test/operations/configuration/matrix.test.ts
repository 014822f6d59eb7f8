import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ConfigurationTable } from '../../../shared/adapters/dynamodb-configuration-table.ts';
import {
  configurationMatrix,
  environmentColumn,
  type MatrixColumn,
} from '../../../shared/operations/configuration/matrix.ts';
import { switchMapping, switchSource, switchWorkflow } from '../../../shared/operations/settings/switches.ts';
import { ana, ben, commit, content, emptyMemoryEnvironment, promoteAll } from './world.ts';

let lower: ConfigurationTable;
let upper: ConfigurationTable;
beforeEach(() => {
  lower = emptyMemoryEnvironment();
  upper = emptyMemoryEnvironment();
});

const one = content({ shop: ['flow'] }, { flow: 'Flow' });
const two = content({ shop: ['flow', 'flow'] }, { flow: 'Flow' });
const promoteUp = () =>
  promoteAll({ lower: { name: 'development', table: lower }, upper: { name: 'staging', table: upper } });

/** The rows as text: `source/shop same behind`. */
async function matrix(...before: MatrixColumn[]): Promise<string[]> {
  const columns = [...before, await environmentColumn('development', lower), await environmentColumn('staging', upper)];
  const rows = await configurationMatrix(columns);
  return rows.map(({ type, key, mapping, cells }) =>
    [
      mapping === null ? `${type}/${key}` : `  ${mapping}`,
      ...columns.map(({ name }) => `${cells[name]?.state}${cells[name]?.off ? ',off' : ''}`),
    ].join(' '),
  );
}

describe('a resource compares with the column to its left', () => {
  test('absent, until it is promoted; then the same', async () => {
    await commit(lower, one);
    expect(await matrix()).toEqual(['source/shop same absent', '  mapping-0 same absent', 'workflow/flow same absent']);
    await promoteUp();
    expect(await matrix()).toEqual(['source/shop same same', '  mapping-0 same same', 'workflow/flow same same']);
  });

  test('behind, when the left went on; only what differs of it is', async () => {
    await commit(lower, one);
    await promoteUp();
    await commit(lower, two, { ...ana, nowMs: ana.nowMs + 1 });
    expect(await matrix()).toEqual([
      'source/shop same behind',
      '  mapping-0 same same',
      '  mapping-1 same absent',
      'workflow/flow same same',
    ]);
  });

  test('ahead, when it went on by itself from what the left still has', async () => {
    await commit(lower, one);
    await promoteUp();
    await commit(upper, two, ben);
    expect((await matrix())[0]).toBe('source/shop same ahead');
  });

  test('differs, when both went on', async () => {
    await commit(lower, one);
    await promoteUp();
    await commit(upper, two, ben);
    await commit(lower, content({ shop: ['flow', 'flow', 'flow'] }, { flow: 'Flow' }));
    expect((await matrix())[0]).toBe('source/shop same differs');
  });

  test('behind, when the left removed it, and ahead of a left that never had it', async () => {
    await commit(lower, content({ shop: ['flow'], app: [] }, { flow: 'Flow' }));
    await promoteUp();
    await commit(lower, one);
    await commit(upper, content({ shop: ['flow'], app: [], own: [] }, { flow: 'Flow' }), ben);
    const rows = await matrix();
    expect(rows.filter((row) => row.startsWith('source'))).toEqual([
      'source/app absent behind',
      'source/own absent ahead',
      'source/shop same same',
    ]);
  });

  test('with files to the left: behind what is new in them, ahead of what was live before', async () => {
    await commit(lower, one);
    await commit(lower, two);
    const files = (snapshot: typeof one) => ({ name: 'files', snapshot });
    expect((await matrix(files(one)))[0]).toBe('source/shop same ahead absent');
    const edited = content({ shop: [] }, { flow: 'Flow' });
    expect((await matrix(files(edited)))[0]).toBe('source/shop same behind absent');
    expect((await matrix(files(two)))[0]).toBe('source/shop same same absent');
  });
});

test('what is switched off says so, whatever its content', async () => {
  await commit(lower, one);
  await promoteUp();
  const by = { author: 'Ana', nowMs: ana.nowMs, message: undefined };
  await switchSource(upper, { source: 'shop', enabled: false, ...by });
  await switchMapping(lower, { source: 'shop', mapping: 'mapping-0', active: false, ...by });
  await switchWorkflow(upper, { workflow: 'flow', active: false, ...by });
  expect(await matrix()).toEqual([
    'source/shop same same,off',
    '  mapping-0 same,off same',
    'workflow/flow same same,off',
  ]);
});

test('nothing anywhere is no row', async () => {
  expect(await matrix()).toEqual([]);
});
