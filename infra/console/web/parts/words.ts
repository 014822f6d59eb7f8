/** The characters that the terminal's `printable` removes: controls, separators, marks of direction, invisible copies of ASCII. */
export const unsafe =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove, or to show as symbols
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** A clause as a sentence of its own. */
export const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

export const count = (value: number) => value.toLocaleString('en-US');

export function plural(value: number, noun: string, nouns = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : nouns}`;
}

export function bytesOf(bytes: number): string {
  if (bytes < 1_000) return plural(bytes, 'byte');
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/**
 * A word of a command line, quoted for a shell where it needs to be. It is pasted into a terminal, so
 * no control character and no mark of direction goes along.
 */
export function quoted(text: string): string {
  if (/^[\w./:@=,+-]+$/.test(text)) return text;
  return `'${text
    .toWellFormed()
    .replace(/[\t\r\n]+/g, ' ')
    .replace(unsafe, '')
    .replaceAll("'", `'\\''`)}'`;
}
