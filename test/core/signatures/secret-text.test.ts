import { describe, expect, test } from '@jest/globals';
import { Verification } from '../../../shared/core/configuration/verification.ts';
import { parseFieldPath } from '../../../shared/core/mappings/field-path.ts';
import { basic, bearer } from '../../../shared/core/signatures/authorization.ts';
import { coverageOf } from '../../../shared/core/signatures/coverage.ts';
import { declaredVerifier } from '../../../shared/core/signatures/declared.ts';
import { readPastedSecret } from '../../../shared/core/signatures/secret-text.ts';
import { sharedHeader } from '../../../shared/core/signatures/shared-header.ts';
import { standardWebhooks } from '../../../shared/core/signatures/standard-webhooks.ts';
import type { Verifier } from '../../../shared/core/signatures/verifier.ts';
import { sourceKind } from '../../../shared/core/sources/index.ts';

/* What people paste for a secret: slips are taken away and named, what is doubtful is refused, and nothing is quoted. */

const verifierOf = (kind: string) => sourceKind(kind)?.verifier as Verifier;
const whsec = `whsec_${Buffer.from('clerk-vector-key-0123456789abcdef').toString('base64')}`;
const header = sharedHeader('x-webhook-secret');
const http = (file: object) => declaredVerifier(Verification.parse(file));
const text = http({ kind: 'hmac', header: 'x-sig' });

describe('a slip is taken away and named', () => {
  test.each([
    ['spaces, tabs and a line break', ' \tabc \r\n', header, 'abc', ['spaces around it']],
    ['a space of another script', '\u00a0abc\u3000', header, 'abc', ['spaces around it']],
    ['a byte order mark', '\ufeffabc', header, 'abc', ['invisible characters']],
    ['a zero-width space within', 'ab\u200bc', header, 'abc', ['invisible characters']],
    ['double quotes', '"abc"', header, 'abc', ['quotes around it']],
    ['single quotes', "'abc'", header, 'abc', ['quotes around it']],
    ['quotes of a word processor', '“abc”', header, 'abc', ['quotes around it']],
    ['a value out of JSON', '"abc",', header, 'abc', ['quotes around it']],
    [
      'a line of an .env file',
      'STRIPE_WEBHOOK_SECRET=whsec_abcd',
      verifierOf('stripe'),
      'whsec_abcd',
      ['the name and "=" in front of it'],
    ],
    [
      'a line of a shell',
      "export SHOPIFY_SECRET='abc'",
      verifierOf('shopify'),
      'abc',
      ['the name and "=" in front of it', 'quotes around it'],
    ],
    [
      'a line of a shell, whatever it names',
      "export HOOK='abc';",
      text,
      'abc',
      ['the name and "=" in front of it', 'quotes around it'],
    ],
    ['a line that ends as code does', 'SIGNING_SECRET=abc;', text, 'abc', ['the name and "=" in front of it']],
    ['a line of YAML', 'CLERK_SIGNING_SECRET: abc', text, 'abc', ['the name and "=" in front of it']],
    ['quotes of another language', '«abc»', text, 'abc', ['quotes around it']],
    ["Supabase's version", `v1,${whsec}`, standardWebhooks('webhook'), whsec, ['"v1," in front of it']],
    ['a word of the header', 'Bearer abc', bearer(), 'abc', ['"bearer" in front of it']],
    [
      'a whole header',
      'Authorization: Bearer abc',
      bearer(),
      'abc',
      ['"authorization:" in front of it', 'spaces around it', '"bearer" in front of it'],
    ],
    [
      'a whole header of our own',
      'X-Webhook-Secret: abc',
      header,
      'abc',
      ['"x-webhook-secret:" in front of it', 'spaces around it'],
    ],
    [
      'several at once',
      ` export SIGNING_KEY="v1,${whsec}" \n`,
      verifierOf('clerk'),
      whsec,
      ['spaces around it', 'the name and "=" in front of it', 'quotes around it', '"v1," in front of it'],
    ],
  ])('%s', (_, pasted, verifier, secret, removed) => {
    const reading = readPastedSecret(pasted, verifier);
    expect(reading).toMatchObject({ kind: 'secret', secret });
    expect([...(reading.kind === 'secret' ? reading.removed : [])].sort()).toEqual([...removed].sort());
  });
});

describe('what may be meant is kept as it is', () => {
  test.each([
    ['spaces within a passphrase', 'correct horse battery', text],
    ['an apostrophe', "it's", text],
    ['an equals sign', 'a=b', text],
    ['a name that speaks of no secret', 'FOO=bar', text],
    ['base64 that ends in "="', 'MYSECRETKEYS=', text],
    ['base64 that ends in "=="', 'SECRETKEYSA==', text],
    ['user and password', 'key:pass=word', basic()],
    ['user and password in capitals', 'API_KEY:abc', basic()],
    ['a number sign', 'a#b', text],
    ['a semicolon', 'abc;', text],
    ['v1 in front of something else', 'v1,abc', text],
    ['joiners of another script', 'می‌خواهم', text],
  ])('%s', (_, pasted, verifier) => {
    expect(readPastedSecret(pasted, verifier)).toEqual({ kind: 'secret', secret: pasted, removed: [] });
  });
});

describe('what is doubtful, or no secret of the scheme, is refused with what would be right', () => {
  test.each([
    ['nothing', ' "" ', text, /quotation mark|empty/],
    ['spaces alone', '  \n', text, /empty/],
    ['two lines', 'abc\ndef', text, /line break/],
    ['a masked one', 'whsec_••••••', verifierOf('stripe'), /whsec_|masked/],
    ['one cut short', 'abcdef...', text, /masked/],
    ['a URL', 'https://dashboard.example/secrets', text, /URL/],
    ['half a quotation', '"abc', text, /quotation/],
    ['half a single quotation', "'abc", text, /quotation/],
    ['a line of JSON', '"secret": "abc",', text, /JSON/],
    ['a value of a list', 'abc,', text, /comma/],
    ['an escaped line break', 'abc\\n', text, /line break/],
    ['a placeholder', '<abc>', text, /brackets/],
    ['a comment', 'abc # of staging', text, /comment/],
    ['a space that is none within', 'abc\u00a0def', text, /space/],
    ['any word for Stripe', 'hello-secret', verifierOf('stripe'), /whsec_/],
    ["Stripe's API key", 'sk_test_4f1b2c3d4e5f', verifierOf('stripe'), /API key/],
    ['any word for Clerk', 'hello-secret', verifierOf('clerk'), /whsec_/],
    ['a word that happens to be base64', 'hellosecret', verifierOf('clerk'), /whsec_/],
    ['whsec_ and no base64', 'whsec_hello-secret', standardWebhooks('webhook'), /base64/],
    ['whsec_ twice', `whsec_${whsec}`, standardWebhooks('webhook'), /whsec_/],
    ['half of base64', whsec.slice(0, -3), standardWebhooks('webhook'), /whsec_/],
    ['spaces in one that the vendor makes', 'abc def', verifierOf('shopify'), /spaces/],
    ['spaces in one that the vendor makes', 'abc def', verifierOf('workos'), /spaces/],
    ['what no header can carry', 'pässword', header, /ASCII/],
    ['a token of two words', 'abc def', bearer(), /spaces/],
    ['a password without a user', 'abc', basic(), /user:password/],
  ])('%s', (_, pasted, verifier, problem) => {
    const reading = readPastedSecret(pasted, verifier);
    expect(reading).toMatchObject({ kind: 'refused', problem: expect.stringMatching(problem) });
    expect(JSON.stringify(reading)).not.toMatch(/abc|dashboard\.example|4f1b/);
  });

  test('but a kind whose senders choose the secret takes any word', () => {
    for (const kind of ['rudderstack', 'segment', 'supabase', 'clay', 'posthog'])
      expect(readPastedSecret('hello-secret', verifierOf(kind))).toMatchObject({
        kind: 'secret',
        secret: 'hello-secret',
      });
  });
});

describe('what a signature covers', () => {
  const timed = http({
    kind: 'hmac',
    header: 'x-sig',
    content: '{id}.{timestamp}.{body}',
    timestamp: { header: 'x-time' },
    id_header: 'x-id',
  });
  test.each([
    ['the body of a signed request', text, 'body.id', 'signed'],
    ['what is tried under the body', text, 'event_id', 'signed'],
    ['the contents', text, 'data.id', 'signed'],
    ['an id header that is not signed', text, 'headers.x-delivery-id', 'unsigned'],
    ['an id header that is', timed, 'headers.X-Id', 'signed'],
    ['the time', timed, 'headers.x-time', 'signed'],
    ['a header beside them', timed, 'headers.x-event', 'unsigned'],
    ['all headers', timed, 'headers', 'unsigned'],
    ['what an expression makes', text, 'preprocess.key', 'computed'],
    ["Shopify's topic", verifierOf('shopify'), 'headers.x-shopify-topic', 'unsigned'],
    ["Svix' id", verifierOf('clerk'), 'headers.svix-id', 'signed'],
    ['the same by its other name', verifierOf('clerk'), 'headers.webhook-id', 'signed'],
    ["an event of Segment's batch", verifierOf('segment'), 'body.messageId', 'partly_signed'],
    ['anything behind a shared secret', header, 'body.id', 'no_signature'],
    ['anything behind a token', bearer(), 'headers.x-id', 'no_signature'],
    ['anything behind nothing', http({ kind: 'none' }), 'body.id', 'no_signature'],
  ])('%s', (_, verifier, path, coverage) => {
    expect(coverageOf(verifier, parseFieldPath(path))).toBe(coverage);
  });
});
