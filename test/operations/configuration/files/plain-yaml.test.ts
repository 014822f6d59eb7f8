import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseDocument } from 'yaml';
import { readPlainYaml } from '../../../../shared/operations/configuration/files/plain-yaml.ts';
import { configFolder } from '../../../support/config.ts';
import fc from '../../../support/fast-check.ts';

/** What the full parser makes of it; undefined when it refuses. */
function fully(text: string): { content: unknown } | undefined {
  const document = parseDocument(text);
  return document.errors.length > 0 ? undefined : { content: document.toJS() };
}

const shipped = readdirSync(configFolder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readFileSync(join(configFolder, name), 'utf8'));

describe('plain YAML', () => {
  test('is what the shipped files are written in', () => {
    expect(shipped.length).toBeGreaterThan(3);
    for (const text of shipped) expect(readPlainYaml(text)).toEqual(fully(text));
  });

  test.each([
    'a: 1\nb: -2.5\nc: 0x1f\nd: 1e3\ne: 007\nf: 12h\ng: ~\nh: .5\ni: +3\nj: 9007199254740993',
    'a: true\nb: yes\nc: null\nd: NULL\ne: False\nf: "true"\ng: trueish',
    'a: "x # y"\nb: \'it\'\'s\'\nc: x#y\nd: x # y\ne: "a\\nb"\nf: #nothing\ng: http://x/y?z=1',
    'a:\n- 1\n- b: 2\n  c: 3\n-\n  d: 4\n- \nb:\n  - x',
    'a: { b: [1, "two", {c: d}], e: }\nb: []\nc: {}',
    'a:\n    deep:\n      - very:\n          - x\nb:',
    '# only a comment\n\n',
    '',
    '- a\n- b: c',
  ])('is read as the full parser reads it: %j', (text) => {
    expect(readPlainYaml(text)).toEqual(fully(text));
    expect(readPlainYaml(text)).toBeDefined();
  });

  test.each([
    'a: &x 1\nb: *x',
    'a: |\n  text',
    'a: >-\n  text',
    'a: one\n  two',
    'a: !!str 1',
    'a: {\n  b: 1 }',
    '---\na: 1',
    'a: 1\n---\nb: 2',
    'a: 1\na: 2',
    'a: b: c',
    'a: 1\n  b: 2',
    '  a: 1\nb: 2',
    'a:\n\t- 1',
    '? a\n: b',
    '__proto__: { x: 1 }',
    'null: 1',
    '"quoted": 1',
    '<<: { a: 1 }',
    'text',
    'a: @x',
    '- - nested',
  ])('is not: %j', (text) => {
    expect(readPlainYaml(text)).toBeUndefined();
  });

  test('is read as the full parser reads it, or left to it, however files are torn apart', () => {
    const lines = [
      ...shipped.flatMap((text) => text.split('\n')),
      ...[
        '- ',
        '-',
        '- a',
        '  - b: c',
        'x:',
        '  y:',
        'a: [1, 2',
        'b ]',
        'c: "d',
        '"e: f',
        "g: 'h'",
        'k: *l',
        '...',
        '---',
      ],
      ...[
        'm: {n: o}',
        '  p: |',
        'q: r: s',
        't: # u',
        'v:w',
        '- x: 1',
        '    z: 1',
        '! a',
        'a: - b',
        '\ta: b',
        'a: b \\',
        'a: ,',
      ],
    ];
    const line = fc.oneof(
      fc.constantFrom(...lines),
      fc.tuple(fc.nat(6), fc.constantFrom(...lines)).map(([indent, text]) => ' '.repeat(indent) + text.trimStart()),
      fc.string({ maxLength: 12 }),
      fc.stringMatching(/^[ -]{0,4}[a-c]{0,2}:? ?[a-c0-9"'{}[\]#&*!|>~.,:-]{0,8}$/),
    );
    let plain = 0;
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (parts) => {
        const text = parts.join('\n');
        const read = readPlainYaml(text);
        if (read === undefined) return;
        plain++;
        expect(read).toEqual(fully(text));
      }),
      { numRuns: 5000 },
    );
    expect(plain).toBeGreaterThan(200);
  });
});
