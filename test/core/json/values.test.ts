import { describe, expect, test } from '@jest/globals';
import { parseJson } from '../../../shared/core/json/values.ts';
import fc from '../../support/fast-check.ts';

describe('parseJson', () => {
  test('keeps every digit of an integer that a number cannot hold', () => {
    expect(parseJson('{"id":820982911946154508,"list":[-9007199254740993]}')).toEqual({
      id: '820982911946154508',
      list: ['-9007199254740993'],
    });
  });

  test('leaves numbers that fit, fractions and exponents numbers', () => {
    expect(parseJson('[9007199254740991, 1777882600123, 0.12345678901234567, 1e300]')).toEqual([
      9007199254740991, 1777882600123, 0.12345678901234566, 1e300,
    ]);
  });

  test('is JSON.parse for everything else', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        // A long fraction beside it makes sure that the careful way is the one taken.
        fc.pre(!/(?<![.\d])\d{16,}(?![.\de])/i.test(text));
        const document = `[0.12345678901234567,${text}]`;
        expect(parseJson(document)).toEqual(JSON.parse(document));
      }),
    );
  });

  test('lets no key reach a prototype', () => {
    const parsed = parseJson('{"__proto__":{"polluted":1},"id":1234567890123456789}') as object;
    expect(Object.hasOwn(parsed, '__proto__')).toBe(true);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
