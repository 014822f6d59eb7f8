import { sameText } from './same-text.ts';
import { secretsToTry } from './secret-text.ts';
import { headerOf, type Verifier } from './verifier.ts';

/**
 * A secret that the sender puts into a separate header, for vendors that cannot sign. It proves
 * that the sender knows the secret, not that the body is unchanged. Several active values allow a
 * change without a gap.
 * @param header in lower case
 */
export function sharedHeader(header: string): Verifier {
  return credential({
    header,
    // Some senders cut a header at its colon and keep the space after it.
    given: (value) => value.trim(),
    expected: (secret) => secret,
    secretProblem: headerProblem,
    copiedAlong: [`${header}:`],
    newSecret: randomText,
    instruction: `send the source's secret in the header "${header}"`,
  });
}

/** Senders and gateways drop spaces around a header's value, and only pass ASCII unchanged. */
function headerProblem(secret: string): string | undefined {
  return /^[!-~]([ -~]*[!-~])?$/.test(secret)
    ? undefined
    : 'must be printable ASCII without spaces at its ends, since it is sent as a header';
}

/** Random bytes as text for any header, form and file. */
export const randomText = (random: Uint8Array): string => Buffer.from(random).toString('base64url');

type CredentialScheme = Required<Pick<Verifier, 'secretProblem' | 'newSecret' | 'instruction' | 'copiedAlong'>> & {
  header: string;
  /**
   * The credential in a header's value; undefined when it holds none, as `Basic …` holds no bearer
   * token.
   */
  given(value: string): string | undefined;
  /** The value of `given` when the sender knows the secret. */
  expected(secret: string): string;
  /** A sender's prefix of `expected`. */
  prefix?: string;
};

/** A verifier for a credential that is the same in every request, whatever its body. */
export function credential(scheme: CredentialScheme): Verifier {
  const { header, given, expected, prefix = '', secretProblem, copiedAlong, newSecret, instruction } = scheme;
  return {
    isSigned: (headers) => Object.hasOwn(headers, header),
    verify({ headers, secrets }) {
      const value = headerOf(headers, header);
      if (value === undefined) return 'skipped';
      const found = given(value);
      if (found === undefined) return 'failed';
      // Every value is compared, so that the time does not show which one matched. An empty secret
      // never matches.
      const matches = secrets
        .flatMap((stored) => secretsToTry(stored, copiedAlong))
        .map((secret) => sameText(found, expected(secret)) && secret !== '');
      return matches.includes(true) ? 'verified' : 'failed';
    },
    sign: ({ secret }) => ({ [header]: prefix + expected(secretsToTry(secret, copiedAlong).at(-1) ?? secret) }),
    secretProblem,
    copiedAlong,
    credentialHeaders: [header],
    newSecret,
    instruction,
  };
}
