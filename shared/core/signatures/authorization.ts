import { credential, randomText } from './shared-header.ts';
import { anyText, type Verifier } from './verifier.ts';

/**
 * `Authorization: Bearer <secret>`. The word may have any case; the token is compared letter by
 * letter.
 */
export function bearer(): Verifier {
  return credential({
    header: 'authorization',
    given: behindScheme('bearer'),
    expected: (secret) => secret,
    prefix: 'Bearer ',
    secretProblem: (secret) =>
      anyText(secret) ??
      (/[^\x21-\x7e]/.test(secret) ? 'has spaces or characters that no header can carry' : undefined),
    copiedAlong: ['authorization:', 'bearer '],
    newSecret: randomText,
    instruction: 'send the header "Authorization: Bearer" with the source\'s secret behind it',
  });
}

/** `Authorization: Basic …` of `user:password`, which is the secret. */
export function basic(): Verifier {
  return credential({
    header: 'authorization',
    given: behindScheme('basic'),
    expected: (secret) => Buffer.from(secret, 'utf8').toString('base64'),
    prefix: 'Basic ',
    secretProblem: (secret) => (secret.indexOf(':') > 0 ? undefined : 'must be user:password'),
    copiedAlong: [],
    newSecret: (random) => `signalbox:${randomText(random)}`,
    instruction: 'send the header "Authorization: Basic" with the user and password of the source\'s secret',
  });
}

function behindScheme(scheme: string): (value: string) => string | undefined {
  return (value) => {
    const start = `${scheme} `;
    return value.slice(0, start.length).toLowerCase() === start ? value.slice(start.length).trim() : undefined;
  };
}
