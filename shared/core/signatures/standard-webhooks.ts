import { hmac } from './hmac.ts';
import type { Verifier } from './verifier.ts';

/**
 * Standard Webhooks, which Svix uses under names of its own: `{id}.{timestamp}.{body}` signed with the bytes behind
 * `whsec_`. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @param prefixes of the header names (`webhook` in `webhook-id`); a request is judged by the first that it signs with
 */
export function standardWebhooks(...prefixes: [string, ...string[]]): Verifier {
  const [first, ...others] = prefixes.map(scheme) as [Verifier, ...Verifier[]];
  const of = (headers: Record<string, string>) => others.find((other) => other.isSigned(headers)) ?? first;
  return {
    ...first,
    isSigned: (headers) => first.isSigned(headers) || of(headers).isSigned(headers),
    verify: (request) => (first.isSigned(request.headers) ? first : of(request.headers)).verify(request),
    credentialHeaders: [first, ...others].flatMap(({ credentialHeaders }) => credentialHeaders),
    instruction: `sign it with the source's secret, per Standard Webhooks, in the header "${prefixes[0]}-signature"`,
  };
}

function scheme(prefix: string): Verifier {
  return hmac({
    algorithm: 'sha256',
    encoding: 'base64',
    header: `${prefix}-signature`,
    format: { kind: 'versions', version: 'v1' },
    content: '{id}.{timestamp}.{body}',
    timestamp: { header: `${prefix}-timestamp`, unit: 'seconds', toleranceSeconds: 300 },
    idHeader: `${prefix}-id`,
    key: 'base64',
  });
}
