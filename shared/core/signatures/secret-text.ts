import type { Verifier } from './verifier.ts';

/**
 * The result of reading a pasted secret. `removed` and `problem` are for people and never quote the
 * secret.
 */
export type SecretReading =
  /** `removed`: the removed parts, such as `spaces around it`; empty when the text was clean. */
  { kind: 'secret'; secret: string; removed: readonly string[] } | { kind: 'refused'; problem: string };

type Form = Pick<Verifier, 'secretProblem' | 'copiedAlong'> & {
  /** The secret is an address. Default: a URL was pasted by mistake. */
  isUrl?: boolean;
};

/**
 * Reads a secret as people paste it. It removes obvious slips, and refuses doubtful text and text
 * that cannot be a secret of the scheme. Store the result, and tell the person what was removed.
 * @param form of the scheme that will check requests; a verifier is one
 */
export function readPastedSecret(text: string, form: Form): SecretReading {
  const { secret, removed } = cleaned(text, form.copiedAlong ?? []);
  const problem = form.secretProblem(secret) ?? doubtIn(secret, form.isUrl);
  return problem === undefined ? { kind: 'secret', secret, removed } : { kind: 'refused', problem };
}

/**
 * The possible texts of a stored secret: unchanged, and without slips. So secrets that were stored
 * before pasted text was cleaned still verify requests.
 */
export function secretsToTry(stored: string, copiedAlong: readonly string[] = []): readonly string[] {
  const { secret, removed } = cleaned(stored, copiedAlong);
  return removed.length === 0 || secret === '' ? [stored] : [stored, secret];
}

const quotes = [
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['“', '”'],
  ['‘', '’'],
  ['«', '»'],
] as const;

// Invisible marks: zero-width spaces and joiners, direction marks, byte order marks, soft hyphens.
const invisible = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
const invisibleAtEnds =
  /^[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+|[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+$/g;

// A line of an .env file, of a shell, or of YAML. Base64 has `=` only at its end. Only names for
// secrets are cut off, or any name after a shell's keyword.
const assignment =
  /^(?:(?:export|set)\s+[A-Za-z_]\w*\s*=|(?=[A-Z0-9_]*(?:SECRET|TOKEN|KEY|PASSWORD|SIGNING|WEBHOOK))[A-Z][A-Z0-9_]*(?:\s*=|:\s))\s*(?=[^=\s])/;

// A text without any sign of a slip: no space, quote, comma or colon, and "=" only at its end.
// Checked for every request.
const surelyClean = /^[A-Za-z0-9+/_-]+={0,2}$/;

function cleaned(text: string, copiedAlong: readonly string[]): { secret: string; removed: readonly string[] } {
  if (surelyClean.test(text)) return { secret: text, removed: [] };
  const removed = new Set<string>();
  let secret = text;
  const take = (rest: string, what: string) => {
    if (rest === secret) return;
    removed.add(what);
    secret = rest;
  };
  // Slips nest: `export KEY="v1,whsec_…" `. Each round removes one layer and shortens the text.
  for (let before: string | undefined; before !== secret; ) {
    before = secret;
    take(secret.replace(invisibleAtEnds, ''), 'invisible characters');
    take(secret.trim(), 'spaces around it');
    take(withoutAssignment(secret), 'the name and "=" in front of it');
    take(withoutQuotes(secret), 'quotes around it');
    for (const start of copiedAlong) take(withoutStart(secret, start), `"${start.trim()}" in front of it`);
  }
  // Inside a text, invisible marks may belong to a passphrase in another script; among ASCII they
  // are a slip.
  const visible = secret.replace(invisible, '');
  if (/^[\x20-\x7e]*$/.test(visible)) take(visible, 'invisible characters');
  return { secret, removed: [...removed] };
}

function withoutAssignment(text: string): string {
  const [start] = assignment.exec(text) ?? [];
  return start === undefined ? text : text.slice(start.length).replace(/;$/, '');
}

function withoutQuotes(text: string): string {
  // As copied from JSON or a list: "…",
  const inner = /["'`”’][,;]$/.test(text) ? text.slice(0, -1) : text;
  const isQuoted = quotes.some(([open, close]) => inner.length > 2 && inner.startsWith(open) && inner.endsWith(close));
  return isQuoted ? inner.slice(1, -1) : text;
}

function withoutStart(text: string, start: string): string {
  return text.length > start.length && text.slice(0, start.length).toLowerCase() === start
    ? text.slice(start.length)
    : text;
}

/** Why a text that could be a secret is probably not one. */
function doubtIn(secret: string, isUrl = false): string | undefined {
  if (/[\r\n]/.test(secret)) return 'holds a line break; paste the secret alone';
  if (/\p{Cc}/u.test(secret)) return 'holds a control character; copy it again';
  if (/[•●∙]|\*{4}|(\.{3}|…)$/.test(secret)) return 'is masked, as dashboards show it; reveal it first, then copy it';
  if (!isUrl && /^https?:\/\//i.test(secret)) return 'is a URL; paste the secret';
  if (/^<.*>$/.test(secret)) return 'is in angle brackets, as guides show where a secret belongs; paste the secret';
  if (/["']\s*:\s*["']/.test(secret))
    return 'holds more than the secret, as a line of JSON does; paste the secret alone';
  if (/\s#(\s|$)/.test(secret)) return 'holds a comment behind the secret; paste the secret alone';
  if (/(,|\\[nr])$/.test(secret)) return 'ends in a comma or an escaped line break; paste the secret alone';
  if (/^[\x20-\x7e\u00a0]*\u00a0/.test(secret))
    return 'holds a space of another kind than a keyboard makes; copy it again';
  const isHalfQuoted = (text: string, marks: string) =>
    marks.includes(text.at(0) ?? ' ') || marks.includes(text.at(-1) ?? ' ');
  if (isHalfQuoted(secret, '"`“”') || secret.startsWith("'"))
    return 'begins or ends with a quotation mark that has no partner; copy it again';
  return undefined;
}
