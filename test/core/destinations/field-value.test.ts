import { describe, expect, test } from '@jest/globals';
import { fieldValue } from '../../../shared/core/destinations/field-value.ts';

describe('a decimal, which vendors send as text', () => {
  test.each([
    ['1234.50', 1234.5],
    ['-0.10', -0.1],
    ['0012', 12],
    ['0', 0],
    ['0.1', 0.1],
    ['9007199254740991', 9007199254740991],
  ])('%s becomes the number that means the same', (text, number) => {
    expect(fieldValue(text, 'decimal')).toBe(number);
  });

  test.each(['9007199254740993', '12345678901234567890.5', '0.12345678901234567890', '1e3', 'many', '', ' 5', '.5'])(
    '%s stays text: a number would mean something else, or is not what it is',
    (text) => {
      expect(fieldValue(text, 'decimal')).toBe(text);
    },
  );
});

test.each([
  ['text that looks like a number', '1234.50', 'string'],
  ['a date', '2026-05-04', 'date'],
  ['null', null, 'decimal'],
  ['a list', ['1.50'], 'decimal'],
  ['a number', 1.5, 'decimal'],
  ['a value without a type', '1.50', undefined],
])('%s stays as it was sent', (_name, value, type) => {
  expect(fieldValue(value, type)).toBe(value);
});
