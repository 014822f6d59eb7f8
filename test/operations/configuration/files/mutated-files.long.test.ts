import { expect, test } from '@jest/globals';
import { readMutations } from './mutated-files.ts';

test('of 10,000 files torn apart each is told with a place, or can be committed as it is', () => {
  const { wrong, faultless } = readMutations(1, 10_000);
  expect(wrong).toEqual([]);
  expect(faultless).toBeGreaterThan(500);
}, 600_000);
