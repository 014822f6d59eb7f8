import { describe, expect, test } from '@jest/globals';
import { hmac } from '../../../shared/core/signatures/hmac.ts';
import { readPastedSecret } from '../../../shared/core/signatures/secret-text.ts';
import type { Verdict } from '../../../shared/core/signatures/verifier.ts';
import fc, { anyCharacter } from '../../support/fast-check.ts';
import {
  hmacSchemes,
  proofHeader,
  type SigningScheme,
  signingSchemes,
  withProof,
} from '../../support/signing-schemes.ts';

/* What every scheme has to refuse, and the little that it may forgive. */

const nowMs = Date.parse('2026-05-04T12:00:00.500Z');
const body = '{"id":"evt_1","type":"order.paid","total":42.5,"note":"ünïcode 🍊"}';
type Headers = Record<string, string>;
const change = (letter: string) => (letter === 'a' ? 'b' : 'a');

const signed = ({ verifier, secrets: [secret] }: SigningScheme, rawBody = body, atMs = nowMs): Headers =>
  verifier.sign({ rawBody: Buffer.from(rawBody), secret, nowMs: atMs, id: 'msg_1' });

function verdictOf(
  { verifier, secrets: [secret] }: SigningScheme,
  headers: Headers,
  { rawBody = body as string | Uint8Array, secrets = [secret], atMs = nowMs } = {},
): Verdict {
  return verifier.verify({ rawBody: Buffer.from(rawBody as string), headers, secrets, nowMs: atMs });
}

describe.each(signingSchemes.map((scheme) => [scheme.name, scheme] as const))('%s', (_, scheme) => {
  const { secrets } = scheme;

  test('verifies what it signed', () => {
    expect(verdictOf(scheme, signed(scheme))).toBe('verified');
    expect(scheme.verifier.isSigned(signed(scheme))).toBe(true);
  });

  test('has nothing to check without its header, whatever else is there', () => {
    const { [proofHeader(scheme, signed(scheme))]: _, ...others } = signed(scheme);
    expect(verdictOf(scheme, others)).toBe('skipped');
    expect(verdictOf(scheme, {})).toBe('skipped');
    expect(scheme.verifier.isSigned(others)).toBe(false);
  });

  test('takes no header from the prototype of the map', () => {
    expect(verdictOf(scheme, Object.create(signed(scheme)))).toBe('skipped');
  });

  test('takes either of two active secrets, and none that is not active', () => {
    const [newer, older] = secrets;
    const byOlder = scheme.verifier.sign({ rawBody: Buffer.from(body), secret: older, nowMs, id: 'msg_1' });
    expect(verdictOf(scheme, byOlder, { secrets: [newer, older] })).toBe('verified');
    expect(verdictOf(scheme, signed(scheme), { secrets: [newer, older] })).toBe('verified');
    expect(verdictOf(scheme, byOlder, { secrets: [newer] })).toBe('failed');
    expect(verdictOf(scheme, signed(scheme), { secrets: [] })).toBe('failed');
  });

  test('an empty secret verifies no request, not even one signed with it', () => {
    const byNothing = scheme.verifier.sign({ rawBody: Buffer.from(body), secret: '', nowMs, id: 'msg_1' });
    expect(verdictOf(scheme, byNothing, { secrets: [''] })).toBe('failed');
    expect(verdictOf(scheme, signed(scheme), { secrets: [''] })).toBe('failed');
    expect(verdictOf(scheme, signed(scheme), { secrets: ['', secrets[0]] })).toBe('verified');
    expect(scheme.verifier.secretProblem('')).toBeDefined();
  });

  test('takes its secrets, and never quotes one that it cannot take', () => {
    for (const secret of secrets) expect(scheme.verifier.secretProblem(secret)).toBeUndefined();
    expect(scheme.verifier.secretProblem('canary \n canary') ?? '').not.toContain('canary');
  });

  test('a secret that was stored with spaces, quotes or an invisible mark around it verifies what the sender signs', () => {
    const [secret] = secrets;
    for (const stored of [` ${secret}  \n`, `"${secret}"`, `\u200b${secret}\ufeff`, `SIGNING_SECRET='${secret}'`]) {
      expect(verdictOf(scheme, signed(scheme), { secrets: [stored] })).toBe('verified');
      const bySlip = scheme.verifier.sign({ rawBody: Buffer.from(body), secret: stored, nowMs, id: 'msg_1' });
      expect(verdictOf(scheme, bySlip, { secrets: [secret] })).toBe('verified');
      expect(verdictOf(scheme, signed(scheme), { secrets: [stored.replace(secret, secrets[1])] })).toBe('failed');
      expect(readPastedSecret(stored, scheme.verifier)).toMatchObject({ kind: 'secret', secret });
    }
    expect(readPastedSecret(secret, scheme.verifier)).toEqual({ kind: 'secret', secret, removed: [] });
  });

  test('in upper case the proof of a secret itself is another secret', () => {
    if (scheme.signsBody) return;
    expect(
      verdictOf(
        scheme,
        withProof(scheme, signed(scheme), (proof) => proof.toUpperCase()),
      ),
    ).toBe('failed');
  });

  test.each([
    ['of the right length but wrong in its first letter', (proof: string) => change(proof[0] ?? '') + proof.slice(1)],
    ['wrong in its last letter', (proof: string) => proof.slice(0, -1) + change(proof.at(-1) ?? '')],
    ['of zeros', (proof: string) => '0'.repeat(proof.length)],
    ['a letter short', (proof: string) => proof.slice(0, -1)],
    ['a letter long', (proof: string) => `${proof}a`],
    ['empty', () => ''],
    ['twice', (proof: string) => proof + proof],
    ['of letters that no encoding has', (proof: string) => '!'.repeat(proof.length)],
    ['of letters beyond ASCII', (proof: string) => 'é'.repeat(proof.length)],
    ['with a NUL behind it', (proof: string) => `${proof}\u0000`],
  ])('refuses a proof %s', (_case, spoil) => {
    expect(verdictOf(scheme, withProof(scheme, signed(scheme), spoil))).toBe('failed');
  });

  test('refuses a header that was sent twice, which gateways join with a comma; lists of signatures may be long', () => {
    const header = proofHeader(scheme, signed(scheme));
    const value = signed(scheme)[header] ?? '';
    const expected = value.startsWith('v1,') ? 'verified' : 'failed';
    expect(verdictOf(scheme, { ...signed(scheme), [header]: `${value}, ${value}` })).toBe(expected);
  });

  test('never throws, and never verifies, whatever stands in its headers', () => {
    const names = [...new Set([...scheme.verifier.credentialHeaders, ...Object.keys(signed(scheme))])];
    const piece = fc.oneof(
      fc.string({ unit: anyCharacter, maxLength: 20 }),
      fc.constantFrom(
        't=',
        'v1=',
        'v1,',
        ',',
        ' ',
        '=',
        'Bearer ',
        'Basic ',
        'sha256=',
        '1790000000',
        '\u0000',
        '[',
        '{',
      ),
    );
    const value = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.array(value, { minLength: names.length, maxLength: names.length }), (values) => {
        const headers = Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']));
        expect(verdictOf(scheme, headers)).toBe('failed');
      }),
      { numRuns: 300 },
    );
  });
});

describe.each(hmacSchemes.map((scheme) => [scheme.name, scheme] as const))('%s', (_, scheme) => {
  test('refuses a body of which any byte was changed, added or taken away', () => {
    const headers = signed(scheme);
    const bytes = Buffer.from(body);
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes);
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(verdictOf(scheme, headers, { rawBody: changed })).toBe('failed');
      const shorter = Buffer.concat([bytes.subarray(0, i), bytes.subarray(i + 1)]);
      expect(verdictOf(scheme, headers, { rawBody: shorter })).toBe('failed');
    }
    expect(verdictOf(scheme, headers, { rawBody: `${body}\n` })).toBe('failed');
    expect(verdictOf(scheme, headers, { rawBody: '' })).toBe('failed');
  });

  test('refuses a body that was parsed and written again', () => {
    const pretty = JSON.stringify(JSON.parse(body), undefined, 2);
    expect(verdictOf(scheme, signed(scheme, pretty), { rawBody: pretty })).toBe('verified');
    expect(verdictOf(scheme, signed(scheme, pretty))).toBe('failed');
    expect(verdictOf(scheme, signed(scheme), { rawBody: pretty })).toBe('failed');
  });

  test('verifies bytes that are no text, an empty body, and a large one', () => {
    for (const rawBody of [Buffer.from([0xff, 0xfe, 0x00, 0x7b]), Buffer.alloc(0), Buffer.alloc(1_000_000, 'x')]) {
      const headers = scheme.verifier.sign({ rawBody, secret: scheme.secrets[0], nowMs, id: 'msg_1' });
      expect(verdictOf(scheme, headers, { rawBody })).toBe('verified');
    }
  });

  test(`takes its proof ${scheme.encoding === 'hex' ? 'in upper case too: digits of hex have no case' : 'in its own case alone'}`, () => {
    const upper = withProof(scheme, signed(scheme), (proof) => proof.toUpperCase());
    expect(verdictOf(scheme, upper)).toBe(scheme.encoding === 'hex' ? 'verified' : 'failed');
    const mixed = withProof(scheme, signed(scheme), (proof) => proof.replace(/[a-f]/, (digit) => digit.toUpperCase()));
    expect(verdictOf(scheme, mixed)).toBe(scheme.encoding === 'hex' ? 'verified' : 'failed');
    const wrong = withProof(scheme, signed(scheme), (proof) => change(proof[0] ?? '') + proof.slice(1).toUpperCase());
    expect(verdictOf(scheme, wrong)).toBe('failed');
  });

  test('has one spelling of a signature, but for the case of hex', () => {
    const spellings =
      scheme.encoding === 'hex'
        ? [(proof: string) => `0x${proof}`, (proof: string) => Buffer.from(proof, 'hex').toString('base64')]
        : [
            (proof: string) => proof.replace(/=+$/, ''),
            (proof: string) => `${proof}=`,
            (proof: string) => Buffer.from(proof, 'base64').toString('hex'),
            // Bits beyond the last byte, which decoders drop.
            (proof: string) => proof.replace(/(.)(=+)$/, (_all, last, pad) => nextInBase64(last) + pad),
          ];
    for (const spelling of spellings) {
      expect(verdictOf(scheme, withProof(scheme, signed(scheme), spelling))).toBe('failed');
    }
  });

  test('compares no more signatures than senders use', () => {
    const header = proofHeader(scheme, signed(scheme));
    const value = signed(scheme)[header] ?? '';
    const proof = scheme.proof.exec(value)?.[1] ?? '';
    const others = (count: number, separator: string, start: string) =>
      `${value}${`${separator}${start}${'0'.repeat(proof.length)}`.repeat(count)}`;
    if (value.startsWith('t=')) {
      expect(verdictOf(scheme, { ...signed(scheme), [header]: others(19, ',', 'v1=') })).toBe('verified');
      expect(verdictOf(scheme, { ...signed(scheme), [header]: others(20, ',', 'v1=') })).toBe('failed');
    } else if (value.startsWith('v1,')) {
      expect(verdictOf(scheme, { ...signed(scheme), [header]: others(19, ' ', 'v1,') })).toBe('verified');
      expect(verdictOf(scheme, { ...signed(scheme), [header]: others(20, ' ', 'v1,') })).toBe('failed');
    } else {
      expect(verdictOf(scheme, { ...signed(scheme), [header]: others(1, ',', '') })).toBe('failed');
    }
  });
});

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const nextInBase64 = (letter: string) => alphabet[alphabet.indexOf(letter) + 1] ?? 'A';

const timed = hmacSchemes.filter(({ unit }) => unit !== undefined);

describe.each(timed.map((scheme) => [scheme.name, scheme] as const))('the time of %s', (_, scheme) => {
  const toleranceMs = (scheme.verifier.toleranceSeconds ?? 0) * 1000;
  const unitMs = scheme.unit === 'seconds' ? 1000 : 1;
  const at = (change: (time: string) => string): Headers => {
    const headers = signed(scheme);
    const name = scheme.signedHeaders?.time;
    if (name !== undefined) return { ...headers, [name]: change(headers[name] ?? '') };
    const header = proofHeader(scheme, headers);
    return { ...headers, [header]: (headers[header] ?? '').replace(/(?<=t=)\d+/, change) };
  };

  test('may differ from ours by the tolerance, before and behind, and by no unit more', () => {
    for (const sign of [-1, 1]) {
      expect(verdictOf(scheme, signed(scheme), { atMs: nowMs + sign * toleranceMs })).toBe('verified');
      expect(verdictOf(scheme, signed(scheme), { atMs: nowMs + sign * (toleranceMs + unitMs) })).toBe('failed');
      expect(verdictOf(scheme, signed(scheme), { atMs: nowMs + sign * 365 * 86_400_000 })).toBe('failed');
    }
  });

  test('has one spelling: with a zero in front it is refused, even where the digits before it were signed as an id', () => {
    const verifier = hmac({
      algorithm: 'sha256',
      encoding: 'hex',
      header: 'x-sig',
      format: { kind: 'whole' },
      content: '{id}{timestamp}{body}',
      timestamp: { header: 'x-time', unit: 'seconds', toleranceSeconds: 300 },
      idHeader: 'x-id',
      key: 'text',
    });
    const rawBody = Buffer.from(body);
    const headers = verifier.sign({ rawBody, secret: 's', nowMs, id: 'order-10' });
    const request = { rawBody, secrets: ['s'], nowMs };
    expect(verifier.verify({ ...request, headers })).toBe('verified');
    const moved = { ...headers, 'x-id': 'order-1', 'x-time': `0${headers['x-time']}` };
    expect(verifier.verify({ ...request, headers: moved })).toBe('failed');
  });

  test('is signed', () => {
    expect(
      verdictOf(
        scheme,
        at((time) => String(Number(time) + 1)),
      ),
    ).toBe('failed');
    expect(
      verdictOf(
        scheme,
        at((time) => `0${time}`),
      ),
    ).toBe('failed');
  });

  test.each([
    ['missing', () => ''],
    ['no number', () => 'now'],
    ['negative', (time: string) => `-${time}`],
    ['a fraction', (time: string) => `${time}.0`],
    ['in hex', (time: string) => `0x${Number(time).toString(16)}`],
    ['with an exponent', (time: string) => `${time}e0`],
    ['with a space before it', (time: string) => ` ${time}`],
    ['endless', () => '9'.repeat(400)],
    ['of another script', () => '١٧٩٠٠٠٠٠٠٠'],
  ])('is refused when it is %s, even when that is what was signed', (_case, change) => {
    // Signed with a clock that answers nonsense is what no sender can do; what counts is that nothing is read into it.
    expect(verdictOf(scheme, at(change))).toBe('failed');
  });

  test('is refused when there are two of them', () => {
    if (scheme.signedHeaders?.time !== undefined) {
      expect(
        verdictOf(
          scheme,
          at((time) => `${time}, ${time}`),
        ),
      ).toBe('failed');
      return;
    }
    const header = proofHeader(scheme, signed(scheme));
    const value = signed(scheme)[header] ?? '';
    const [time = '', proof = ''] = value.split(',');
    for (const doubled of [`${time},${value}`, `${time},${proof},t=1`, `t=1,${value}`, `${value}, ${value}`]) {
      expect(verdictOf(scheme, { [header]: doubled })).toBe('failed');
    }
    expect(verdictOf(scheme, { [header]: proof })).toBe('failed');
    // Without "=" it is not an element, so it takes nobody's place.
    expect(verdictOf(scheme, { [header]: `tx,${value},v1x,` })).toBe('verified');
  });
});

describe.each(
  hmacSchemes
    .filter(({ signedHeaders }) => signedHeaders !== undefined)
    .map((scheme) => [scheme.name, scheme] as const),
)('the id of %s', (_, scheme) => {
  const { id = '', time = '' } = scheme.signedHeaders ?? {};

  test('is signed, and has to be there', () => {
    const headers = signed(scheme);
    expect(verdictOf(scheme, { ...headers, [id]: 'msg_2' })).toBe('failed');
    expect(verdictOf(scheme, { ...headers, [id]: '' })).toBe('failed');
    expect(verdictOf(scheme, { ...headers, [id]: 'msg_1, msg_1' })).toBe('failed');
    const { [id]: _id, ...withoutId } = headers;
    const { [time]: _time, ...withoutTime } = headers;
    expect(verdictOf(scheme, withoutId)).toBe('failed');
    expect(verdictOf(scheme, withoutTime)).toBe('failed');
  });

  test('may hold the words that stand for other parts', () => {
    const rawBody = Buffer.from('{body}{id}');
    const headers = scheme.verifier.sign({ rawBody, secret: scheme.secrets[0], nowMs, id: '{timestamp}{body}$&' });
    expect(verdictOf(scheme, headers, { rawBody })).toBe('verified');
    expect(verdictOf(scheme, { ...headers, [id]: `${headers[time]}{body}$&` }, { rawBody })).toBe('failed');
  });
});
