import { describe, expect, test } from '@jest/globals';
import { jsonProblem } from '../../../shared/core/json/json-problem.ts';
import fc from '../../support/fast-check.ts';

const isJson = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('where a text stops being JSON', () => {
  test.each([
    ['a comma before the end of a list, as templates write it', '{ "users": [ {"id":"a"}, ] }', 1, 26, 'a value'],
    ['no comma between the entries', '{ "users": [\n  {"id":"a"}\n  {"id":"b"}\n] }', 3, 3, '"," or "]"'],
    ['a quote within a value', '{"name":"5" wide"}', 1, 13, '"," or "}"'],
    ['a name without quotes', '{name:1}', 1, 2, 'a name in quotes or "}"'],
    ['a value that is missing', '{"a":}', 1, 6, 'a value'],
    ['an end that is missing', '[1, 2', 1, 6, '"," or "]"'],
    ['more after the end', '{} x', 1, 4, 'the end'],
    ['a line break in a string', '{"a":"b\nc"}', 1, 6, 'a value'],
    ['characters beyond U+FFFF before it', '["\u{1F600}" x', 1, 6, '"," or "]"'],
    ['nothing', ' ', 1, 2, 'a value'],
  ])('%s', (_name, text, line, column, expected) => {
    expect(jsonProblem(text)).toEqual({ line, column, expected });
  });

  test('it agrees with JSON.parse on what is JSON', () => {
    const almost = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', ']', '0', '\\', '\u007f'))
      .map(([text, at, extra]) => {
        const position = at % (text.length + 1);
        return text.slice(0, position) + extra + text.slice(position + (at % 3 === 0 ? 1 : 0));
      });
    fc.assert(
      fc.property(almost, (text) => (jsonProblem(text) === undefined) === isJson(text)),
      { numRuns: 500 },
    );
  });

  test('depth and length do not break it', () => {
    expect(jsonProblem('['.repeat(100_000))).toMatchObject({ column: 100_001 });
    expect(jsonProblem(`["${'\\n'.repeat(1_000_000)}"}`)).toMatchObject({ expected: '"," or "]"' });
  });
});
