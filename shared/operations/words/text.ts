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

/** Columns a text takes on a terminal. */
export function displayWidth(text: string): number {
  // A shortcut: nearly every cell is ASCII, and a table may have ten thousand.
  return ascii.test(text) ? text.length : stringWidth(text);
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
