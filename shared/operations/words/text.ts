/*
 * Stored text comes from strangers: a user id may hold an escape sequence that clears the screen, or a mark that writes
 * the rest of the line backwards. Nothing of the kind reaches a terminal.
 */

// C0, DEL and C1 controls; line and paragraph separators; marks that change the writing direction; BOM.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Text for a terminal: line breaks and tabs become spaces, other control characters go. */
export function printable(text: string): string {
  return text.replace(/[\t\r\n]+/g, ' ').replace(unsafe, '');
}

/** JSON that is safe on a terminal and still exact: what `printable` would remove is escaped. */
export function safeJson(value: unknown, indent?: number): string {
  // JSON.stringify has escaped the C0 controls inside strings; the line breaks left are its own indentation.
  return (JSON.stringify(value, undefined, indent) ?? 'null').replace(unsafe, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

// Wide in every terminal: CJK, Hangul, full-width forms, emoji.
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u;
const combining = /^(?:\p{Mark}|\u200d|\ufe0f)$/u;

/** Columns a text takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (combining.test(character)) continue;
    width += wide.test(character) ? 2 : 1;
  }
  return width;
}

/** Cuts a text to `columns`, ending in `…` when something was cut. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const character of text) {
    width += displayWidth(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** A text in lines of at most `columns`, broken at spaces where there are any; a last line that is cut ends in `…`. */
export function wrap(text: string, columns: number, linesMax: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (displayWidth(rest) > columns && lines.length < linesMax - 1) {
    // What fits; at least one character, so that a width of nothing ends too.
    const whole = truncate(rest, columns + 1).slice(0, -1) || (rest[0] ?? '');
    const space = whole.lastIndexOf(' ');
    const line = space > 0 && rest[whole.length] !== ' ' ? whole.slice(0, space) : whole;
    lines.push(line);
    rest = rest.slice(line.length).trimStart();
  }
  return [...lines, truncate(rest, columns)];
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
