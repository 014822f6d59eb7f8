import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

test('random inputs come from test/support/fast-check.ts alone, whose seed is fixed: no run differs from another', () => {
  const folder = join(import.meta.dirname, '..');
  const importing = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[jt]s$/.test(file))
    .filter((file) => file !== join('ci', 'seeds.test.ts'))
    .filter((file) => readFileSync(join(folder, file), 'utf8').includes("from 'fast-check'"));
  expect(importing).toEqual([join('support', 'fast-check.ts')]);
});
