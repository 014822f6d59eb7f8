import { expect, test } from '@jest/globals';
import { readMutations } from './mutated-files.ts';

test('of 200 files torn apart each is told with a place, or can be committed as it is', () => {
  const { wrong, faultless } = readMutations(28, 200);
  expect(wrong).toEqual([]);
  // Mutations that break every file would try nothing but the parser.
  expect(faultless).toBeGreaterThan(10);
}, 60_000);
