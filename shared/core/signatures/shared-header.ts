import { sameText } from './same-text.ts';
import type { Verifier } from './verifier.ts';

/**
 * A secret that the sender puts into a header of its own, for vendors that cannot sign. It proves that the sender knows
 * the secret, not that the body is what it sent. Several active values allow a change without a gap.
 *
 * @param header in lower case
 */
export function sharedHeader(header: string): Verifier {
  return {
    isSigned: (headers) => Object.hasOwn(headers, header),
    verify({ headers, secrets }) {
      const given = Object.hasOwn(headers, header) ? headers[header] : undefined;
      if (given === undefined) return 'skipped';
      // Every value is compared, so that the time does not tell which one matched. An empty secret matches nothing.
      const matches = secrets.map((secret) => sameText(given, secret) && secret !== '');
      return matches.includes(true) ? 'verified' : 'failed';
    },
    credentialHeaders: [header],
    // Senders and gateways drop spaces around a header's value, and pass on nothing but ASCII unharmed.
    secretProblem: (value) =>
      /^[!-~]([ -~]*[!-~])?$/.test(value)
        ? undefined
        : 'must be printable ASCII without spaces at its ends, since it is sent as a header',
    newSecret: (random) => Buffer.from(random).toString('base64url'),
    instruction: `send the source's secret in the header "${header}"`,
  };
}
