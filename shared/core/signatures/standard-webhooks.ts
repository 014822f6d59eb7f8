import { hmac } from './hmac.ts';
import { headerOf, type Verifier } from './verifier.ts';

/**
 * Standard Webhooks, which Svix uses with its own header names: `{id}.{timestamp}.{body}` signed
 * with the bytes after `whsec_`.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @param prefixes of the header names (`webhook` in `webhook-id`); the first one in a request
 * decides
 */
export function standardWebhooks(...prefixes: [string, ...string[]]): Verifier {
  const schemes = prefixes.map((prefix) => ({ idHeader: `${prefix}-id`, verifier: scheme(prefix) })) as [
    Scheme,
    ...Scheme[],
  ];
  const [first] = schemes;
  const signedWith = (headers: Record<string, string>) =>
    schemes.find(({ verifier }) => verifier.isSigned(headers)) ?? first;
  return {
    ...first.verifier,
    isSigned: (headers) => signedWith(headers).verifier.isSigned(headers),
    verify(request) {
      const { idHeader, verifier } = signedWith(request.headers);
      const verdict = verifier.verify(request);
      if (verdict !== 'verified') return verdict;
      // An id in another header is not signed. A different id there would make a copy of a request
      // look new.
      const id = headerOf(request.headers, idHeader);
      const others = schemes.map((other) => headerOf(request.headers, other.idHeader));
      return others.every((other) => other === undefined || other === id) ? 'verified' : 'failed';
    },
    credentialHeaders: schemes.flatMap(({ verifier }) => verifier.credentialHeaders),
    signs: { body: 'whole', headers: [...schemes.map(({ idHeader }) => idHeader), `${prefixes[0]}-timestamp`] },
    instruction: `sign it with the source's secret, per Standard Webhooks, in the header "${prefixes[0]}-signature", within ${toleranceSeconds} s of now`,
  };
}

type Scheme = { idHeader: string; verifier: Verifier };

const toleranceSeconds = 300;

function scheme(prefix: string): Verifier {
  return hmac({
    algorithm: 'sha256',
    encoding: 'base64',
    header: `${prefix}-signature`,
    format: { kind: 'versions', version: 'v1' },
    content: '{id}.{timestamp}.{body}',
    timestamp: { header: `${prefix}-timestamp`, unit: 'seconds', toleranceSeconds },
    idHeader: `${prefix}-id`,
    key: 'base64',
    secretProblem: signingSecretProblem,
  });
}

/** Signing secrets are `whsec_` and base64; a few senders leave the prefix out. */
function signingSecretProblem(secret: string): string | undefined {
  const base64 = /^(whsec_)?((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(secret);
  const [, prefix, key = ''] = base64 ?? [];
  const bytes = Buffer.from(key, 'base64').length;
  if (base64 !== null && bytes >= (prefix === undefined ? unprefixedBytesMin : 1)) return undefined;
  return 'must be whsec_ and base64 behind it, as the sender shows it; copy it whole';
}

const unprefixedBytesMin = 24;
