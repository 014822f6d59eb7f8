import { policiesWith } from '../../shared/operations/policies/policies.ts';
import { failure, notFound, Refusal, type RefusalKind } from '../../shared/operations/refusal.ts';
import { printable } from '../../shared/operations/words/text.ts';
import { UnusableSecret } from '../../shared/ports/secrets.ts';
import { quoted } from './terminal/shell.ts';

/** 1: it failed. 2: the command line is wrong. 3: the requested thing does not exist. */
export type ExitCode = 1 | 2 | 3;

const exitCodes: Record<RefusalKind, ExitCode> = { failed: 1, invalid: 2, not_found: 3 };

/** The exit code that scripts see for a refusal. */
export const exitCodeOf = ({ kind }: Refusal): ExitCode => exitCodes[kind];

/**
 * A refusal as it's printed: what was wrong, then what would be right. Quoted text cannot begin a
 * new line.
 */
export function refusalLines({ lines, remedies }: Refusal): string[] {
  const wrong = lines.map((line, i) => `${i === 0 ? 'error: ' : ''}${printable(line)}`);
  return [...wrong, ...remedies.map((remedy) => `  ${printable(remedy)}`)];
}

/**
 * What an error means to an operator; undefined for a bug of ours, which is shown with its stack
 * trace. AWS errors are recognised by name:
 * https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/error-handling.html
 * @param asked the profile of `--profile`
 */
export function explainError(error: unknown, asked?: string): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (!(error instanceof Error)) return undefined;
  const code = networkCode(error);
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET')
    return failure(
      `nothing answers at ${addressOf(error) ?? 'the address of the environment'} (${code})`,
      'is the local runtime still up? start it with: npm start',
    );
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'ETIMEDOUT')
    return failure(`AWS cannot be reached (${code})`, 'check the network, --region and --profile');
  if (error instanceof UnusableSecret && error.reason !== 'store_unavailable')
    return failure(error.problem, ...(error.remedy === undefined ? [] : [error.remedy]));
  const known = explainName(error, profileOf(asked));
  if (known !== undefined || error.cause === undefined) return known;
  return explainError(error.cause, asked);
}

/** Which policy has the action that AWS's message names. */
function policyHint(message: string): string[] {
  const action = /not authorized to perform: (\w+:\w+)/.exec(message)?.[1];
  const table = /:table\/([\w.-]+)/.exec(message)?.[1];
  const policies = action === undefined ? [] : policiesWith(action, table);
  return policies.length === 0
    ? []
    : [`npx signalbox policy ${policies.join('|')} prints a policy that allows ${action}`];
}

function explainName(error: Error, profile: string | undefined): Refusal | undefined {
  switch (error.name) {
    case 'CredentialsProviderError':
    case 'TokenProviderError':
      return failure(`no AWS credentials: ${firstLine(error)}`, howToSignIn(error, profile));
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'UnrecognizedClientException':
    case 'InvalidClientTokenId':
    case 'InvalidSignatureException':
    case 'SignatureDoesNotMatch':
    case 'RequestExpired':
    case 'RequestInTheFuture':
    case 'RequestTimeTooSkewed':
      return failure(
        `AWS does not accept the credentials (${error.name}): ${firstLine(error)}`,
        howToBeAccepted(error, profile),
      );
    case 'AccessDenied':
    case 'AccessDeniedException':
    case 'AccessDeniedError':
      return failure(
        `the AWS credentials do not allow this: ${firstLine(error)}`,
        'use another role, with --profile',
        ...policyHint(firstLine(error)),
      );
    case 'ResourceNotFoundException':
      return failure(
        `a table or secret of the environment is missing: ${firstLine(error)}`,
        'deploy it again: npx cdk deploy',
      );
    case 'InvalidRequestException':
      return failure(
        `AWS refuses the request: ${firstLine(error)}`,
        'npx signalbox secrets list shows secrets that are scheduled for deletion',
      );
    case 'DecryptionFailure':
    case 'EncryptionFailure':
      return failure(
        `the KMS key of a secret cannot be used: ${firstLine(error)}`,
        'enable the key, or allow kms:Decrypt and kms:GenerateDataKey on it',
      );
    case 'ValidationException':
      return /(?:hashkey|range keys) has exceeded/.test(error.message)
        ? notFound('this name is longer than any can be, so nothing has it')
        : undefined;
    case 'UnreadableConfiguration':
      return failure(
        `the live configuration cannot be read: ${firstLine(error)}`,
        'docs/runbooks/configuration-unreadable.md says what to do',
      );
    case 'ItemTooLarge':
      return failure(
        firstLine(error),
        'commit it in several steps: npx signalbox config commit --source KEY …',
        'nothing was changed',
      );
    case 'OddStoredKey':
      return failure(
        `the configuration table was written by other means: ${firstLine(error)}`,
        'docs/runbooks/configuration-unreadable.md says what to do',
      );
    case 'ProvisionedThroughputExceededException':
    case 'ThrottlingException':
    case 'RequestLimitExceeded':
      return failure('AWS throttles the request', 'try again in a moment');
    default:
      return undefined;
  }
}

/** A named profile that gives no credentials, or sets no region: most often its name is mistyped. */
export const profilesRemedy = 'aws configure list-profiles shows which there are; name one with --profile';

/** The profile that the SDK uses: the one that was asked for, else the variable's. */
export const profileOf = (asked: string | undefined) => asked ?? (process.env.AWS_PROFILE || undefined);

/**
 * The SDK's "could not load credentials from any providers" does not name the profile that was asked
 * for. Undefined for every other error.
 */
export function explainProfile(error: unknown, asked: string | undefined): Refusal | undefined {
  const profile = profileOf(asked);
  if (profile === undefined || !isWithoutProviders(error)) return undefined;
  return failure(`no AWS credentials: profile "${profile}" gives none: ${error.message}`, profilesRemedy);
}

/** No way of signing in that the SDK knows gave credentials. */
export function isWithoutProviders(error: unknown): error is Error {
  return error instanceof Error && error.name === 'CredentialsProviderError' && /any providers/.test(error.message);
}

/** Neither an option, a variable nor the profile names a region. Perhaps there is no such profile. */
export function regionMissing(asked: string | undefined): Refusal {
  const profile = profileOf(asked);
  const remedy = 'name one: --region eu-central-1, or the variable AWS_REGION';
  if (profile === undefined) return failure('no AWS region is set', remedy);
  return failure(`no AWS region is set: profile "${profile}" has none, or does not exist`, remedy, profilesRemedy);
}

/** A signature is wrong by its time, or by the secret key; anything else by its session. */
function howToBeAccepted({ name, message }: Error, profile: string | undefined): string {
  if (/^Request/.test(name) || /^signature (expired|not yet current)/i.test(message))
    return 'set the clock of this machine, then the same command again; AWS allows five minutes';
  if (/signature/i.test(name))
    return 'the secret key is not that of the access key: aws configure sets both, or name another profile with --profile';
  return `sign in again (with SSO: ${ssoLogin(profile)}), or name another profile with --profile`;
}

/** Without a name it is the profile `default`. */
const ssoLogin = (profile: string | undefined) =>
  profile === undefined ? 'aws sso login' : `aws sso login --profile ${quoted(profile)}`;

/** The SDK says what is wrong with a profile; only the next step is ours. */
function howToSignIn({ message }: Error, profile: string | undefined): string {
  // The last words are those of a session that was ended elsewhere.
  if (/\bsso\b|session token not found/i.test(message)) return `${ssoLogin(profile)}, then the same command again`;
  if (/multi-factor|\bmfa\b/i.test(message))
    return 'aws sts get-session-token --serial-number ARN --token-code CODE, then set the variables AWS_… to its answer';
  if (/profile/i.test(message)) return profilesRemedy;
  return 'sign in, or name a profile with --profile';
}

/**
 * Node and the SDK put the code at different depths: on the error, its cause, or the first of
 * several causes.
 */
function networkCode(error: Error): string | undefined {
  for (const candidate of chainOf(error)) {
    const code = (candidate as { code?: unknown }).code;
    if (typeof code === 'string' && /^E[A-Z_]+$/.test(code)) return code;
  }
  return undefined;
}

function addressOf(error: Error): string | undefined {
  for (const candidate of chainOf(error)) {
    const { address, port } = candidate as { address?: string; port?: number };
    if (port !== undefined) return `${address ?? 'localhost'}:${port}`;
  }
  return undefined;
}

function* chainOf(error: unknown): Generator<object> {
  let next: unknown = error;
  for (let depth = 0; depth < 5 && typeof next === 'object' && next !== null; depth++) {
    yield next;
    if (next instanceof AggregateError) yield* next.errors;
    next = (next as { cause?: unknown }).cause;
  }
}

function firstLine(error: Error): string {
  return error.message.split('\n', 1)[0] ?? '';
}
