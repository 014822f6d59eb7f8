import { expect, test } from '@jest/globals';
import { clip } from '../../shared/core/text.ts';

test.each([
  ['as long as it may be', 'abcde', 'abcde'],
  ['a character longer', 'abcdef', 'abcd…'],
  ['an emoji that would be cut in two', 'abc🎉f', 'abc…'],
  ['an emoji that just fits', 'ab🎉ef', 'ab🎉…'],
  ['half an emoji from the sender', 'a\ud83db', 'a\ufffdb'],
  ['empty', '', ''],
])('text that is %s is cut to what a row can hold', (_name, text, expected) => {
  expect(clip(text, 5)).toBe(expected);
});
