import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

/*
 * Stored text comes from strangers. A user id may hold an escape sequence that clears the screen,
 * or a mark that reverses the rest of the line. Neither may reach a terminal.
 */

// C0, DEL and C1 controls; line and paragraph separators; marks that change the writing direction;
// annotation marks; BOM; invisible copies of ASCII ("tags").
const unsafe =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/**
 * Text for one line of a terminal: line breaks and tabs become spaces, other control characters go.
 */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\t\r\n]+/g, ' ')
    .replace(unsafe, '');
}

// The sequences of picocolors: bold, dim, the eight colours and their ends. A stranger cannot hide
// text or move the cursor with these.
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
const colour = /(\u001b\[(?:1|2|22|3[0-7]|39|9[0-7])m)/;

/**
 * The last gate before a terminal: all output of a command passes it. Line breaks stay, and so do
 * colours if the terminal has them. Every other control character goes, also if a table or a
 * sentence forgot `printable`.
 */
export function safeForTerminal(text: string, coloured: boolean): string {
  const pieces = coloured ? text.split(colour) : [text];
  return pieces
    .map((piece, i) => (i % 2 === 1 ? piece : piece.toWellFormed().replace(unsafe, (c) => (c === '\n' ? c : ''))))
    .join('');
}

/** JSON that is safe on a terminal and still exact: it escapes what `printable` would remove. */
export function safeJson(value: unknown, indent?: number): string {
  // JSON.stringify has escaped the C0 controls inside strings; the remaining line breaks are its
  // own indentation.
  return (JSON.stringify(value, undefined, indent) ?? 'null').replace(unsafe, (c) => (c === '\n' ? c : escaped(c)));
}

/** The same for a JSON text, as one line. Its values and the digits of its numbers stay as they are. */
export function safeJsonLine(json: string): string {
  // Line breaks and tabs are between the values: in a string they would be escaped.
  return json.replace(/[\t\r\n]+/g, ' ').replace(unsafe, escaped);
}

/** Whether `printable` would change a text. */
export function isPrintable(text: string): boolean {
  return printable(text) === text;
}

/** A character as JSON and YAML escape it: `\u202e`, or two of these beyond U+FFFF. */
export function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}

const ascii = /^[\x20-\x7e]*$/;
// Characters that take one column, or two, wherever they stand. `string-width` takes half a
// millisecond for a sentence that holds any of them, and a list may have ten thousand sentences.
const narrow =
  '\\x20-\\x7e\\u00a1-\\u00ac\\u00ae-\\u02ff\\u0370-\\u0377\\u037a-\\u037f\\u0384-\\u0482\\u048a-\\u052f\\u2010-\\u2027\\u2030-\\u205e\\u20a0-\\u20bf\\u2190-\\u21ff\\u2500-\\u25a0';
const wide =
  '\\u3001-\\u3029\\u3041-\\u3096\\u309b-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uac00-\\ud7a3\\uff01-\\uff60';
const narrowOnly = new RegExp(`^[${narrow}]*$`);
const simple = new RegExp(`^[${narrow}${wide}]*$`);
const anyNarrow = new RegExp(`[${narrow}]+`, 'g');

/** Columns a text takes on a terminal. */
export function displayWidth(text: string): number {
  if (narrowOnly.test(text)) return text.length;
  if (!simple.test(text)) return stringWidth(text);
  return text.length + text.replace(anyNarrow, '').length;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * Cuts a text to `columns`; a cut text ends in `…`. It never cuts inside a character that is drawn
 * as one.
 */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  if (ascii.test(text)) return `${text.slice(0, Math.max(0, columns - 1))}…`;
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += displayWidth(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Pads a text with spaces to `columns`, like `padEnd` for text with one column per character. */
export function padTo(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, columns - displayWidth(text)));
  return align === 'left' ? text + spaces : spaces + text;
}

/**
 * A text in lines of at most `columns`, between words. Only a word that is longer than a line goes
 * on in the next one. Nothing is cut.
 */
export function wrapWords(text: string, columns: number): string[] {
  if (narrowOnly.test(text) && text.length <= columns) return [text];
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of text.split(' ').flatMap((one) => piecesOf(one, Math.max(1, columns)))) {
    const width = displayWidth(word);
    if (line !== '' && used + 1 + width > columns) {
      lines.push(line);
      line = '';
    }
    used = line === '' ? width : used + 1 + width;
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Characters as they are drawn. */
function charactersOf(text: string): string[] {
  // The same, twenty times as fast: none of these joins with the next.
  if (simple.test(text)) return text.split('');
  return [...graphemes.segment(text)].map(({ segment }) => segment);
}

/** A word in pieces of at most `columns`: one piece, unless it is longer. */
function piecesOf(word: string, columns: number): string[] {
  if (displayWidth(word) <= columns) return [word];
  const pieces: string[] = [];
  let piece = '';
  let used = 0;
  for (const segment of charactersOf(word)) {
    const width = displayWidth(segment);
    if (piece !== '' && used + width > columns) {
      pieces.push(piece);
      piece = '';
      used = 0;
    }
    piece += segment;
    used += width;
  }
  return [...pieces, piece];
}

/**
 * A text in lines of at most `columns`, broken at spaces where there are any; a last line that is
 * cut ends in `…`.
 */
export function wrap(text: string, columns: number, linesMax: number): string[] {
  const lines = wrapAnsi(text, Math.max(1, columns), { hard: true }).split('\n');
  if (lines.length <= linesMax) return lines;
  const kept = lines.slice(0, linesMax - 1);
  return [...kept, truncate(lines.slice(linesMax - 1).join(' '), columns)];
}

export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return plural(bytes, 'byte');
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
