import { describe, expect, test } from '@jest/globals';
import picocolors from 'picocolors';
import stringWidth from 'string-width';
import { openTable, renderTable } from '../../../infra/cli/terminal/table.ts';
import {
  displayWidth,
  printable,
  safeForTerminal,
  safeJson,
  truncate,
  wrap,
  wrapWords,
} from '../../../shared/operations/words/text.ts';
import { formatAgo, formatTime, parseTime } from '../../../shared/operations/words/times.ts';

const now = Date.parse('2026-11-21T03:04:05Z');

describe('times on the command line', () => {
  test.each([
    ['90s', '2026-11-21T03:02:35.000Z'],
    ['15m', '2026-11-21T02:49:05.000Z'],
    ['2h', '2026-11-21T01:04:05.000Z'],
    ['3d', '2026-11-18T03:04:05.000Z'],
    ['1w', '2026-11-14T03:04:05.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20T10:30', '2026-11-20T10:30:00.000Z'],
    ['2026-11-20 10:30:15', '2026-11-20T10:30:15.000Z'],
    ['2026-11-20T10:30:15.250Z', '2026-11-20T10:30:15.250Z'],
    ['2026-11-20T10:30:15+02:00', '2026-11-20T08:30:15.000Z'],
  ])('%s is read, as UTC where it names no zone', (text, iso) => {
    expect(new Date(parseTime(text, now)).toISOString()).toBe(iso);
  });

  test.each(['yesterday', '15', '15y', '', '-5m', '2026-13-01', '2026-02-31', '2026-11-20T25:00', '20261120'])(
    '"%s" is refused with what would be right',
    (text) => {
      expect(() => parseTime(text, now)).toThrow('write 15m, 2h, 3d (ago), 2026-11-21 or 2026-11-21T03:04:05Z');
    },
  );

  test.each([
    [0, 'just now'],
    [40_000, '40 s ago'],
    [150_000, '2 min ago'],
    [3 * 3_600_000, '3 h ago'],
    [5 * 86_400_000, '5 days ago'],
    [-40_000, 'in 40 s'],
  ])('a distance of %d ms reads "%s"', (distance, text) => {
    expect(formatAgo(now - distance, now)).toBe(text);
  });

  test('a time is written in UTC and says so', () => {
    expect(formatTime(now)).toBe('2026-11-21 03:04:05Z');
  });
});

describe('text of strangers on a terminal', () => {
  test.each([
    ['an escape sequence', 'a\u001b[2Jb', 'a[2Jb'],
    ['an 8-bit control', 'a\u009b31mb', 'a31mb'],
    ['a bell and a delete', 'a\u0007\u007fb', 'ab'],
    ['line breaks and tabs', 'a\r\n\tb', 'a b'],
    ['a mark that turns the line around', 'a\u202eb', 'ab'],
    ['a line separator', 'a\u2028b', 'ab'],
  ])('%s never reaches it', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  test('JSON keeps such characters exactly, escaped', () => {
    const value = { name: 'a\u009b\u202e\u007f\u001bb' };
    const text = safeJson(value);
    expect(text).toBe('{"name":"a\\u009b\\u202e\\u007f\\u001bb"}');
    expect(JSON.parse(text)).toEqual(value);
    expect(JSON.parse(safeJson(value, 2))).toEqual(value);
  });

  test('the last gate lets colours and line breaks through where there are colours, and nothing else', () => {
    const painted = picocolors.createColors(true).red('a\u001b[8mb\u001b]0;title\u0007');
    expect(safeForTerminal(painted, true)).toBe('\u001b[31ma[8mb]0;title\u001b[39m');
    expect(safeForTerminal(`${painted}\n\u202ec`, false)).toBe('[31ma[8mb]0;title[39m\nc');
  });

  test('a text is cut and wrapped between characters as they are drawn', () => {
    const family = '👩‍👩‍👧';
    expect(displayWidth(family)).toBe(2);
    expect(truncate(`${family}${family}${family}`, 5)).toBe(`${family}${family}…`);
    expect(wrap('one two three four', 9, 2)).toEqual(['one two', 'three fo…']);
    expect(wrap('one two', 9, 2)).toEqual(['one two']);
  });

  test('the width of common characters is that of the library, which is slower', () => {
    const differing: string[] = [];
    let characters: string[] = [];
    // Few of the twenty thousand ideographs are as good as all.
    for (let code = 0x20; code < 0x10000; code += code > 0x3400 && code < 0xd700 ? 61 : 1) {
      if (code >= 0x7f && code < 0xa0) continue;
      characters.push(String.fromCharCode(code));
      if (characters.length < 16 && code < 0xfff0) continue;
      // The library takes most of its time per call. Only marks that join with the "x" before them need calls of their own.
      const ours = characters.reduce((sum, character) => sum + displayWidth(character), characters.length - 1);
      if (ours !== stringWidth(characters.join('x'))) {
        differing.push(...characters.filter((character) => displayWidth(character) !== stringWidth(character)));
      }
      characters = [];
    }
    expect(differing).toEqual([]);
    expect(displayWidth('注文 · a\u0301')).toBe(8);
  });

  test('words are kept whole on lines, unless one is longer than a line', () => {
    expect(wrapWords('one two three', 8)).toEqual(['one two', 'three']);
    expect(wrapWords('a abcdefgh b', 3)).toEqual(['a', 'abc', 'def', 'gh', 'b']);
    expect(wrapWords('', 3)).toEqual(['']);
    expect(wrapWords('日本語', 4)).toEqual(['日本', '語']);
  });

  test('wide characters count two columns, marks none', () => {
    expect(displayWidth('日本')).toBe(4);
    expect(displayWidth('e\u0301')).toBe(1);
    expect(truncate('日本語', 5)).toBe('日本…');
    expect(truncate('abc', 3)).toBe('abc');
  });
});

describe('tables', () => {
  const colours = picocolors.createColors(false);
  const rows = [{ id: '01M7Y31J12ZXK1GTCH8KCC0QT0', text: 'x'.repeat(200), at: 'a very long time ago' }];
  const columns = [
    { title: 'AT', value: ({ at }: (typeof rows)[number]) => at, short: () => 'short' },
    { title: 'ID', value: ({ id }: (typeof rows)[number]) => id, whole: true },
    { title: 'TEXT', value: ({ text }: (typeof rows)[number]) => text },
  ];

  const id = '01M7Y31J12ZXK1GTCH8KCC0QT0';
  const widthOf = (text: string) => Math.max(...text.split('\n').map(displayWidth));
  /** What a table says, without where its lines end. */
  const wordsOf = (text: string) => text.replace(/\s+/g, ' ');

  test('show shorter texts before they break any', () => {
    const text = renderTable(columns, [{ id, text: 'refused', at: 'a very long time ago' }], { columns: 46, colours });
    expect(text).toBe(`AT         ID                          TEXT\nshort      ${id}  refused`);
  });

  test('continue a text on further lines between its words, and never an id', () => {
    const words = 'the target answered 400: unknown template';
    const text = renderTable(columns, [{ id, text: words, at: '' }], { columns: 60, colours });
    expect(text).toBe(
      [
        'AT         ID                          TEXT',
        `short      ${id}  the target answered`,
        `${' '.repeat(39)}400: unknown template`,
      ].join('\n'),
    );
  });

  test('become blocks where a row would take many lines, with every word and the id on one line', () => {
    const words = 'one two three four five six seven eight nine ten '.repeat(5).trim();
    const text = renderTable(columns, [{ id, text: words, at: 'a while ago' }], { columns: 50, colours });
    expect(text.split('\n').slice(0, 3)).toEqual([
      `id ${id}`,
      '  at a while ago',
      '  text one two three four five six seven eight',
    ]);
    expect(widthOf(text)).toBeLessThanOrEqual(50);
    expect(wordsOf(text)).toContain(words);
  });

  test.each([20, 40, 60, 80, 120, 200])('lose nothing in %d columns, and only an id may be wider', (width) => {
    const text = renderTable(columns, rows, { columns: width, colours });
    expect(widthOf(text.replaceAll(id, ''))).toBeLessThanOrEqual(width);
    expect(text).toContain(id);
    expect(text.replace('text', '').match(/x/g)).toHaveLength(200);
  });

  test('keep the layout of their first piece, which alone has the heading', () => {
    const table = openTable(
      [
        { title: 'U', value: (text: string) => text },
        { title: 'V', value: () => 'v' },
      ],
      {
        columns: undefined,
        colours,
      },
    );
    expect(table.text(['abc'])).toBe('U    V\nabc  v');
    expect(table.text(['d', 'longer'])).toBe('d    v\nlonger  v');
  });

  test('are whole where standard output is not a terminal', () => {
    const text = renderTable(columns, rows, { columns: undefined, colours });
    expect(text).toContain('x'.repeat(200));
    expect(text).toContain('a very long time ago');
  });

  test('hold no control characters, whatever a cell holds', () => {
    const text = renderTable([{ title: 'U', value: () => 'a\u001b[31mb\nc' }], [{}], { columns: 80, colours });
    expect(text).toBe('U\na[31mb c');
  });
});
