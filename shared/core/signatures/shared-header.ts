import { sameText } from './same-text.ts';
import { anyText, headerOf, type Verifier } from './verifier.ts';

/**
 * A secret that the sender puts into a header of its own, for vendors that cannot sign. It proves that the sender knows
 * the secret, not that the body is what it sent. Several active values allow a change without a gap.
 *
 * @param header in lower case
 */
export function sharedHeader(header: string): Verifier {
  return credential({
    header,
    // Some senders cut a header at its colon and keep the space behind it.
    given: (value) => value.trim(),
    expected: (secret) => secret,
    secretProblem: (secret) =>
      anyText(secret) ??
      (secret !== secret.trim() || /\p{Cc}/u.test(secret)
        ? 'begins or ends with a space, or has a line break in it, which no header can carry'
        : undefined),
    instruction: `send the source's secret in the header "${header}"`,
  });
}

type CredentialScheme = Pick<Verifier, 'secretProblem' | 'instruction'> & {
  header: string;
  /** The credential in a header's value; undefined when it holds none, as `Basic …` holds no bearer token. */
  given(value: string): string | undefined;
  /** What `given` finds when the sender knows the secret. */
  expected(secret: string): string;
  /** What a sender puts in front of `expected`. */
  prefix?: string;
};

/** A verifier for any credential that is sent as it is: the same with every request, whatever its body. */
export function credential(scheme: CredentialScheme): Verifier {
  const { header, given, expected, prefix = '', secretProblem, instruction } = scheme;
  return {
    isSigned: (headers) => Object.hasOwn(headers, header),
    verify({ headers, secrets }) {
      const value = headerOf(headers, header);
      if (value === undefined) return 'skipped';
      const found = given(value);
      if (found === undefined) return 'failed';
      // Every value is compared, so that the time does not tell which one matched. An empty secret matches nothing.
      const matches = secrets.map((secret) => sameText(found, expected(secret)) && secret !== '');
      return matches.includes(true) ? 'verified' : 'failed';
    },
    sign: ({ secret }) => ({ [header]: prefix + expected(secret) }),
    secretProblem,
    credentialHeaders: [header],
    instruction,
  };
}
