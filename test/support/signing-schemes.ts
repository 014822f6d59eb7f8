import { basic, bearer } from '../../shared/core/signatures/authorization.ts';
import { hmac } from '../../shared/core/signatures/hmac.ts';
import { sharedHeader } from '../../shared/core/signatures/shared-header.ts';
import { standardWebhooks } from '../../shared/core/signatures/standard-webhooks.ts';
import type { Verifier } from '../../shared/core/signatures/verifier.ts';
import { clerk } from '../../shared/core/sources/clerk.ts';
import { shopify } from '../../shared/core/sources/shopify.ts';
import { stripe } from '../../shared/core/sources/stripe.ts';
import { workos } from '../../shared/core/sources/workos.ts';

/** A way of proving who sends, with what tests need to know to spoil it. */
export type SigningScheme = {
  name: string;
  verifier: Verifier;
  /** Two secrets that could both be active. */
  secrets: [string, string];
  /** Finds the proof in the value of its header: the first group. */
  proof: RegExp;
  /** Whether the proof is made of the body. */
  signsBody: boolean;
  /** How the proof is spelled; absent: it is the secret itself. */
  encoding?: 'hex' | 'base64';
  /** Headers that are signed with the body. */
  signedHeaders?: { time?: string; id?: string };
  unit?: 'seconds' | 'milliseconds';
};

const base64Secrets: [string, string] = [
  `whsec_${Buffer.from('clerk-vector-key-0123456789abcdef').toString('base64')}`,
  `whsec_${Buffer.from('another-key-0123456789abcdef').toString('base64')}`,
];
const standard = { secrets: base64Secrets, proof: /^v1,(.*)$/, encoding: 'base64', unit: 'seconds' } as const;
const elements = { proof: /v1=(.*)$/, encoding: 'hex' } as const;

/** The scheme of Segment's webhook destination: of a batch only the first event is signed. */
export const segmentScheme = hmac({
  algorithm: 'sha1',
  encoding: 'hex',
  header: 'x-signature',
  format: { kind: 'whole' },
  content: '{body}',
  key: 'text',
  signsFirstOfList: true,
});

/** Every scheme that signs the request. */
export const hmacSchemes: SigningScheme[] = [
  {
    name: 'Stripe',
    verifier: stripe.verifier,
    secrets: ['whsec_test_4f1b2c3d4e5f60718293a4b5c6d7e8f9', 'whsec_test_another'],
    unit: 'seconds',
    signsBody: true,
    ...elements,
  },
  {
    name: 'WorkOS',
    verifier: workos.verifier,
    secrets: ['wos_vec_9d8c7b6a5f4e3d2c1b0a', 'wos_another'],
    unit: 'milliseconds',
    signsBody: true,
    ...elements,
  },
  {
    name: 'Clerk, by Svix',
    verifier: clerk.verifier,
    signedHeaders: { time: 'svix-timestamp', id: 'svix-id' },
    signsBody: true,
    ...standard,
  },
  {
    name: 'Standard Webhooks',
    verifier: standardWebhooks('webhook'),
    signedHeaders: { time: 'webhook-timestamp', id: 'webhook-id' },
    signsBody: true,
    ...standard,
  },
  {
    name: 'Shopify',
    verifier: shopify.verifier,
    secrets: ['shpss_vec_0123456789abcdef', 'shpss_another'],
    proof: /^(.*)$/,
    signsBody: true,
    encoding: 'base64',
  },
  {
    name: 'Segment',
    verifier: segmentScheme,
    secrets: ['segment-vector-secret', 'another'],
    proof: /^(.*)$/,
    signsBody: true,
    encoding: 'hex',
  },
  {
    name: 'a declared one, behind a prefix',
    verifier: hmac({
      algorithm: 'sha256',
      encoding: 'hex',
      header: 'x-hub-signature-256',
      format: { kind: 'whole', prefix: 'sha256=' },
      content: '{body}',
      key: 'text',
    }),
    secrets: ['a secret with spaces and ünïcode', 'another'],
    proof: /^sha256=(.*)$/,
    signsBody: true,
    encoding: 'hex',
  },
  {
    name: 'a declared one, with time and id in headers and text after the body',
    verifier: hmac({
      algorithm: 'sha512',
      encoding: 'base64',
      header: 'x-sig',
      format: { kind: 'whole' },
      content: 'v0:{id}:{timestamp}:{body}:{id}',
      timestamp: { header: 'x-sig-time', unit: 'milliseconds', toleranceSeconds: 60 },
      idHeader: 'x-sig-id',
      key: 'base64',
    }),
    secrets: ['c2VjcmV0', 'YW5vdGhlcg=='],
    proof: /^(.*)$/,
    signsBody: true,
    encoding: 'base64',
    signedHeaders: { time: 'x-sig-time', id: 'x-sig-id' },
    unit: 'milliseconds',
  },
];

/** And those in which the secret itself, or what is made of it alone, is sent. */
export const signingSchemes: SigningScheme[] = [
  ...hmacSchemes,
  {
    name: 'a shared header',
    verifier: sharedHeader('x-webhook-secret'),
    secrets: ['vec-shared-1', 'another'],
    proof: /^(.*)$/,
    signsBody: false,
  },
  {
    name: 'Bearer',
    verifier: bearer(),
    secrets: ['tok_vec_51f0', 'another'],
    proof: /^Bearer (.*)$/,
    signsBody: false,
  },
  {
    name: 'Basic',
    verifier: basic(),
    secrets: ['user:pass:word', 'user:another'],
    proof: /^Basic (.*)$/,
    signsBody: false,
  },
];

/** The header that holds a scheme's proof. */
export function proofHeader({ verifier }: SigningScheme, headers: Record<string, string>): string {
  const name = verifier.credentialHeaders.find((one) => Object.hasOwn(headers, one));
  if (name === undefined) throw new Error('the request is not signed');
  return name;
}

/** The headers with another proof in place of theirs. */
export function withProof(
  scheme: SigningScheme,
  headers: Record<string, string>,
  change: (proof: string) => string,
): Record<string, string> {
  const name = proofHeader(scheme, headers);
  const value = headers[name] ?? '';
  const proof = scheme.proof.exec(value)?.[1];
  if (proof === undefined) throw new Error(`no proof in "${value}"`);
  return { ...headers, [name]: value.slice(0, value.length - proof.length) + change(proof) };
}
