/** Markup that is safe as it is. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

export type Part = Html | string | number | undefined | readonly Part[];

/** Markup with values in it. A value that is not `Html` is text, and stays text. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(strings.reduce((markup, text, i) => markup + (i === 0 ? '' : markupOf(parts[i - 1])) + text, ''));
}

function markupOf(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.markup;
  if (typeof part === 'string' || typeof part === 'number') return escapeText(shown(String(part)));
  return part.map(markupOf).join('');
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}

// Controls but tab and line feed; line and paragraph separators; marks that change the writing direction;
// characters without width, annotation marks, BOM; invisible copies of ASCII.
const unseen =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to show
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/**
 * Text in which each character that would change how others are read, or that cannot be seen, is a
 * symbol: `␛` for an escape, `⟨U+202E⟩` for a mark that reverses what follows.
 */
export function shown(text: string): string {
  return text.toWellFormed().replace(unseen, (character) => {
    const code = character.codePointAt(0) as number;
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return '␡';
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

/** Text as it was written by us, with `code` in backticks and examples of several lines between three. */
export function withCode(text: string): Html {
  const parts = text
    .split(/```\w*\n([\s\S]*?)\n```/)
    .map((part, i) =>
      i % 2 === 1
        ? html`<pre tabindex="0">${part}</pre>`
        : html`${part.split('`').map((one, j) => (j % 2 === 1 ? html`<code>${one}</code>` : html`${one}`))}`,
    );
  return html`${parts}`;
}

/** A stranger's text within a line: as long as a line can bear, and in its own writing direction. */
export function foreign(text: string, charactersMax = 120): Html {
  const characters = Array.from(text.length > 4 * charactersMax ? text.slice(0, 4 * charactersMax) : text);
  const cut = characters.length > charactersMax;
  return html`<bdi>${cut ? `${characters.slice(0, charactersMax - 1).join('')}…` : text}</bdi>`;
}
