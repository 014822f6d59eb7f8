import { expect, test } from '@jest/globals';
import { makeRandom } from '../../support/random.ts';
import { type SigningScheme, signingSchemes } from '../../support/signing-schemes.ts';

/* Many requests of a fixed seed, so that a failure is the same one the next time. */

const requests = 10_000;

/** Whole numbers from 0 up to, and without, `below`. */
function randomNumbers(seed: number): (below: number) => number {
  const random = makeRandom(seed);
  return (below) => Math.floor(random() * below);
}

type Random = ReturnType<typeof randomNumbers>;
type Sent = { scheme: SigningScheme; rawBody: Buffer; headers: Record<string, string>; signedAtMs: number };

function send(random: Random, schemes: SigningScheme[]): Sent {
  const scheme = schemes[random(schemes.length)] as SigningScheme;
  const signedAtMs = 1.6e12 + random(4e11);
  const rawBody = bodyOf(random);
  const secret = scheme.secrets[random(2)] as string;
  const id = `msg_${random(2 ** 32).toString(36)}`;
  return { scheme, rawBody, signedAtMs, headers: scheme.verifier.sign({ rawBody, secret, nowMs: signedAtMs, id }) };
}

const words = ['order.paid', 'ünïcode', '🍊', '\\u0000', '', '"\\', '820982911946154508', '[', '}', '\u2028'];

/** JSON as senders write it, compact or indented, at times a list, and at times no JSON at all. */
function bodyOf(random: Random): Buffer {
  if (random(10) === 0) return Buffer.from(Array.from({ length: random(200) }, () => random(256)));
  const event = () =>
    Object.fromEntries(
      Array.from({ length: 1 + random(5) }, (_, i) => [`k${i}`, random(2) ? random(1e9) : words[random(words.length)]]),
    );
  const body = random(4) === 0 ? Array.from({ length: 1 + random(3) }, event) : event();
  return Buffer.from(JSON.stringify(body, undefined, random(3) === 0 ? 2 : undefined));
}

function verdictOf({ scheme, rawBody, headers, signedAtMs }: Sent, arrivesAfterMs = 0) {
  const { verifier, secrets } = scheme;
  return verifier.verify({ rawBody, headers, secrets: [...secrets], nowMs: signedAtMs + arrivesAfterMs });
}

test('of 10,000 valid requests none is refused', () => {
  const random = randomNumbers(20260504);
  const refused: Sent[] = [];
  for (let i = 0; i < requests; i++) {
    const sent = send(random, signingSchemes);
    // Whole seconds are what some schemes sign, so the last one of the tolerance may be lost to rounding.
    const leewayMs = Math.max(0, (sent.scheme.verifier.toleranceSeconds ?? 1e6) * 1000 - 1000);
    const verdict = verdictOf(sent, random(2 * leewayMs + 1) - leewayMs);
    if (verdict !== 'verified' && verdict !== 'verified_first') refused.push(sent);
  }
  expect(refused).toEqual([]);
});

test('of 10,000 requests with one byte changed none is accepted', () => {
  const random = randomNumbers(4052026);
  const accepted: Sent[] = [];
  let inHeaders = 0;
  for (let i = 0; i < requests; i++) {
    // Schemes that send the secret itself say nothing about the body: there only the header counts.
    const sent = send(random, signingSchemes);
    const inBody = sent.scheme.signsBody && sent.rawBody.length > 0 && random(2) === 0;
    const changed = inBody ? changeBody(sent, random) : changeHeader(sent, random);
    if (!inBody) inHeaders++;
    const verdict = verdictOf(changed);
    if (verdict === 'verified' || verdict === 'verified_first') accepted.push(changed);
  }
  expect(accepted).toEqual([]);
  expect(inHeaders).toBeGreaterThan(requests / 3);
  expect(requests - inHeaders).toBeGreaterThan(requests / 3);
});

function changeBody(sent: Sent, random: Random): Sent {
  const rawBody = Buffer.from(sent.rawBody);
  const at = random(signedBytes(sent));
  rawBody[at] = ((rawBody[at] ?? 0) + 1 + random(255)) % 256;
  return { ...sent, rawBody };
}

/** Segment signs a batch's first event and nothing behind it, which is why such a batch is `verified_first` at most. */
function signedBytes({ scheme, rawBody, headers, signedAtMs }: Sent): number {
  const verdict = scheme.verifier.verify({ rawBody, headers, secrets: [...scheme.secrets], nowMs: signedAtMs });
  if (verdict !== 'verified_first') return rawBody.length;
  const [first] = JSON.parse(rawBody.toString()) as object[];
  const indented = JSON.stringify([first], undefined, 2).slice(0, -2);
  const compact = JSON.stringify([first]).slice(0, -1);
  return Buffer.byteLength(rawBody.toString().startsWith(indented) ? indented : compact);
}

function changeHeader(sent: Sent, random: Random): Sent {
  const { headers } = sent;
  const names = Object.keys(headers);
  const name = names[random(names.length)] as string;
  const value = headers[name] ?? '';
  const from = unsignedPrefix(sent, name);
  const at = from + random(value.length - from);
  const isHex = sent.scheme.encoding === 'hex' && sent.scheme.verifier.credentialHeaders.includes(name);
  const letter = otherLetter(value[at] ?? '', random, isHex);
  return { ...sent, headers: { ...headers, [name]: value.slice(0, at) + letter + value.slice(at + 1) } };
}

/** The word before a credential may be in any case: `bearer` proves as much as `Bearer`. Everything else counts. */
function unsignedPrefix({ headers }: Sent, name: string): number {
  return name === 'authorization' ? (headers[name] ?? '').indexOf(' ') : 0;
}

/** Any letter that a header can hold, a space included. A digit of hex is the same one in either case. */
function otherLetter(letter: string, random: Random, isHex: boolean): string {
  const other = String.fromCharCode(0x20 + random(0x5f));
  const isSame = isHex && /[a-f]/i.test(letter) ? other.toLowerCase() === letter.toLowerCase() : other === letter;
  return isSame ? '\u0000' : other;
}
