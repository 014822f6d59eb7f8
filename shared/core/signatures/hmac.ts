import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { scanChildren, skipSpace } from '../json/scanner.ts';
import { sameText } from './same-text.ts';
import { secretsToTry } from './secret-text.ts';
import { randomText } from './shared-header.ts';
import { anyText, headerOf, type SignedRequest, type Verifier } from './verifier.ts';

/** An HMAC signature in a header, as data. Header names are in lower case. */
export type HmacScheme = {
  algorithm: 'sha1' | 'sha256' | 'sha512';
  encoding: 'hex' | 'base64';
  header: string;
  /** Other names of the header; the first one in a request decides. Default: none. */
  otherHeaders?: readonly string[];
  /**
   * How the header holds its signatures. One match is enough, since senders sign twice while a
   * secret is replaced.
   * - `whole`: a single signature, after `prefix`: `sha256=ab12…`
   * - `elements`: named parts between commas, one of them the time:
   *   `t=1790000000,v1=ab12…,v1=cd34…`
   * - `versions`: versions and signatures between spaces: `v1,q80S… v1,zTQ…`
   */
  format:
    | { kind: 'whole'; prefix?: string }
    | { kind: 'elements'; signature: string; timestamp?: string }
    | { kind: 'versions'; version: string };
  /** The signed text, with `{body}`, `{timestamp}` and `{id}`; other text is literal. */
  content: string;
  /**
   * The time of signing. A request that is older than the tolerance, or further ahead, does not
   * verify.
   */
  timestamp?: {
    /** Absent: the time is an element of the signature's header. */
    header?: string;
    unit: 'seconds' | 'milliseconds';
    toleranceSeconds: number;
  };
  /** The header of `{id}`. */
  idHeader?: string;
  /** The key: the secret's text, or the bytes of its base64, after an optional `whsec_`. */
  key: 'text' | 'base64';
  /**
   * Why a text cannot be the sender's secret, if its form is known. Default: any text, or any
   * base64.
   */
  secretProblem?(secret: string): string | undefined;
  /** The operator chooses the secret, not the sender. Default: false. */
  secretIsChosen?: boolean;
  /**
   * The sender signs only the first element of a list, as in the body. A list signed as a whole
   * does not verify, since no such sender makes one.
   */
  signsFirstOfList?: boolean;
};

/** Far more than senders use, and few enough to compare them all. */
const signaturesMax = 20;

type Signed = { signatures: string[]; timestamp?: string; id?: string };

/**
 * Verifies, and makes, signatures of one scheme. Signatures are compared as text, so each has only
 * one valid spelling.
 */
export function hmac(scheme: HmacScheme): Verifier {
  const { header, otherHeaders = [], timestamp, idHeader, content } = scheme;
  const headerNames = [header, ...otherHeaders];
  const copiedAlong = scheme.key === 'base64' ? ['v1,'] : undefined;
  const body = content.indexOf('{body}');
  if (body === -1) throw new Error(`the signed content "${content}" has no {body}`);
  const [before, after] = [content.slice(0, body), content.slice(body + '{body}'.length)];

  function signatureOf(rawBody: Uint8Array | string, key: Key, signed: Omit<Signed, 'signatures'>): string {
    const fill = (text: string) =>
      text.replaceAll('{timestamp}', () => signed.timestamp ?? '').replaceAll('{id}', () => signed.id ?? '');
    return createHmac(scheme.algorithm, key)
      .update(fill(before))
      .update(rawBody)
      .update(fill(after))
      .digest(scheme.encoding);
  }

  function isMatch(rawBody: Uint8Array | string, { secrets }: SignedRequest, signed: Signed): boolean {
    let matches = false;
    for (const secret of secrets.flatMap((stored) => secretsToTry(stored, copiedAlong))) {
      const key = keyOf(scheme, secret);
      if (key === undefined) continue;
      const expected = signatureOf(rawBody, key, signed);
      for (const given of signed.signatures) matches = sameText(spelled(given), expected) || matches;
    }
    return matches;
  }

  /** Hex digits may have either case, and some senders write capitals; base64 has one spelling. */
  const spelled = (given: string) => (scheme.encoding === 'hex' ? given.toLowerCase() : given);

  return {
    isSigned: (headers) => headerNames.some((name) => Object.hasOwn(headers, name)),
    verify(request) {
      const value = firstHeader(request.headers, headerNames);
      if (value === undefined) return 'skipped';
      const signed = readSigned(scheme, value, request.headers);
      if (signed === undefined || (timestamp && !isTimely(signed.timestamp, timestamp, request.nowMs))) return 'failed';
      const first = scheme.signsFirstOfList ? firstOfList(request.rawBody) : undefined;
      // An empty list has no signed part.
      if (first === 'nothing' || !isMatch(first?.text ?? request.rawBody, request, signed)) return 'failed';
      return first === undefined ? 'verified' : 'verified_first';
    },
    sign(request) {
      const time = timestamp && String(Math.floor(request.nowMs / (timestamp.unit === 'seconds' ? 1000 : 1)));
      const signed = { ...(time !== undefined && { timestamp: time }), id: request.id };
      const first = scheme.signsFirstOfList ? firstOfList(request.rawBody) : undefined;
      const text = first === 'nothing' ? '' : first?.text;
      const secret = secretsToTry(request.secret, copiedAlong).at(-1) ?? request.secret;
      const signature = signatureOf(text ?? request.rawBody, keyOf(scheme, secret) ?? '', signed);
      return {
        [header]: writeSignature(scheme, signature, time),
        ...(timestamp?.header !== undefined && time !== undefined && { [timestamp.header]: time }),
        ...(idHeader !== undefined && { [idHeader]: request.id }),
      };
    },
    secretProblem: scheme.secretProblem ?? (scheme.key === 'text' ? anyText : base64Problem),
    ...(copiedAlong && { copiedAlong }),
    ...(scheme.secretIsChosen && { newSecret: scheme.key === 'text' ? randomText : base64Secret }),
    credentialHeaders: headerNames,
    signs: {
      body: scheme.signsFirstOfList ? 'first_of_list' : 'whole',
      headers: [timestamp?.header, idHeader].filter((name) => name !== undefined),
    },
    ...(timestamp && { toleranceSeconds: timestamp.toleranceSeconds }),
    instruction: `sign it with the source's secret, as HMAC-${scheme.algorithm.toUpperCase()} in the header "${header}"${
      timestamp ? `, made within ${timestamp.toleranceSeconds} s of now` : ''
    }`,
  };
}

function firstHeader(headers: Record<string, string>, names: readonly string[]): string | undefined {
  const name = names.find((one) => Object.hasOwn(headers, one));
  return name === undefined ? undefined : headers[name];
}

/** The headers' content; undefined when they do not have the scheme's form. */
function readSigned(scheme: HmacScheme, value: string, headers: Record<string, string>): Signed | undefined {
  const { timestamp, idHeader } = scheme;
  const signed = splitHeader(scheme, value);
  if (signed === undefined || signed.signatures.length === 0 || signed.signatures.length > signaturesMax)
    return undefined;
  const time = timestamp?.header === undefined ? signed.timestamp : headerOf(headers, timestamp.header);
  const id = idHeader === undefined ? undefined : headerOf(headers, idHeader);
  if ((timestamp && time === undefined) || (idHeader !== undefined && id === undefined)) return undefined;
  return {
    signatures: signed.signatures,
    ...(time !== undefined && { timestamp: time }),
    ...(id !== undefined && { id }),
  };
}

function splitHeader({ format }: HmacScheme, value: string): Signed | undefined {
  switch (format.kind) {
    case 'whole': {
      const { prefix = '' } = format;
      return value.startsWith(prefix) ? { signatures: [value.slice(prefix.length)] } : undefined;
    }
    case 'elements': {
      // Some vendors put a space after the comma.
      const elements = value.split(/, ?/).flatMap((element) => {
        const equals = element.indexOf('=');
        return equals === -1 ? [] : [{ name: element.slice(0, equals), value: element.slice(equals + 1) }];
      });
      const named = (name: string) =>
        elements.filter((element) => element.name === name).map((element) => element.value);
      const times = format.timestamp === undefined ? [] : named(format.timestamp);
      // With two times it is unclear which one was signed.
      if (times.length > 1) return undefined;
      return { signatures: named(format.signature), ...(times[0] !== undefined && { timestamp: times[0] }) };
    }
    case 'versions': {
      const start = `${format.version},`;
      const signatures = value.split(' ').filter((part) => part.startsWith(start));
      return { signatures: signatures.map((part) => part.slice(start.length)) };
    }
  }
}

function writeSignature({ format }: HmacScheme, signature: string, time: string | undefined): string {
  switch (format.kind) {
    case 'whole':
      return (format.prefix ?? '') + signature;
    case 'elements':
      return [
        ...(format.timestamp && time ? [`${format.timestamp}=${time}`] : []),
        `${format.signature}=${signature}`,
      ].join(',');
    case 'versions':
      return `${format.version},${signature}`;
  }
}

type Timestamp = NonNullable<HmacScheme['timestamp']>;

/**
 * In whole units, like vendors' libraries: with 300 s of tolerance 300 passes and 301 does not. A
 * number must have no leading zero. Otherwise a digit that was signed as the end of an id could
 * pass for the start of the time.
 */
function isTimely(text: string | undefined, { unit, toleranceSeconds }: Timestamp, nowMs: number): boolean {
  if (text === undefined || !/^[1-9]\d{0,15}$/.test(text)) return false;
  return unit === 'seconds'
    ? Math.abs(Math.floor(nowMs / 1000) - Number(text)) <= toleranceSeconds
    : Math.abs(nowMs - Number(text)) <= toleranceSeconds * 1000;
}

/**
 * The exact text of a list's first element; undefined for any other body. It is never parsed and
 * written again: two ids beyond 2^53 would become equal, and the signature of one would hold for
 * the other.
 */
function firstOfList(rawBody: Uint8Array): { text: string } | 'nothing' | undefined {
  const text = Buffer.from(rawBody).toString('utf8');
  const open = skipSpace(text, 0);
  if (text[open] !== '[') return undefined;
  const scan = scanChildren(text, open, { depthMax: Number.POSITIVE_INFINITY, childrenMax: 1 });
  const [first] = scan.kind === 'scanned' ? scan.children : [];
  return first === undefined ? 'nothing' : { text: text.slice(first.start, first.end) };
}

type Key = string | KeyObject;

/** @returns undefined for a secret that cannot verify requests */
function keyOf({ key }: HmacScheme, secret: string): Key | undefined {
  if (key === 'base64') return base64Key(secret);
  return secret === '' ? undefined : secret;
}

/** @returns undefined for text that is not base64 */
function base64Key(secret: string): KeyObject | undefined {
  const text = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const key = Buffer.from(text, 'base64');
  // With bytes instead of a KeyObject, createHmac takes four times as long.
  return key.length === 0 ? undefined : createSecretKey(key);
}

const base64Secret = (random: Uint8Array): string => `whsec_${Buffer.from(random).toString('base64')}`;

function base64Problem(secret: string): string | undefined {
  return base64Key(secret) === undefined ? 'must be base64, usually behind whsec_; copy it whole' : undefined;
}
