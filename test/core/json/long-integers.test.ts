import { expect, test } from '@jest/globals';
import { markLongIntegers, restoreLongIntegers, withoutMarks } from '../../../shared/core/json/long-integers.ts';
import type { JsonValue } from '../../../shared/core/json/values.ts';

const marked = (json: string) => JSON.parse(markLongIntegers(json)) as JsonValue;

test.each([
  ['an id beyond 2^53', '[820982911946154508]', ['820982911946154508']],
  ['a negative one', '{"a":-820982911946154508}', { a: '-820982911946154508' }],
  ['a long one that a number holds', '[1234567890123456]', [1234567890123456]],
  [
    'digits inside text',
    '["820982911946154508", "\\"820982911946154508"]',
    ['820982911946154508', '"820982911946154508'],
  ],
  ['a fraction and an exponent', '[1234567890123456.5, 1234567890123456e3]', [1234567890123456.5, 1234567890123456e3]],
])('%s is read without losing a digit', (_name, json, value) => {
  expect(withoutMarks(marked(json))).toEqual(value);
});

test.each(['[820982911946154508,{"a":[-820982911946154508]}]', '["820982911946154508",1234567890123456,5]'])(
  '%s is written again as it came, types included',
  (json) => {
    expect(restoreLongIntegers(JSON.stringify(marked(json)))).toBe(json);
  },
);
