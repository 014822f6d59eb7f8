import { errorMessage } from '../core/errors.ts';
import type { TargetAnswer, Unavailable } from '../ports/workflow-target.ts';
import { callLimits } from './aws-calls.ts';

/**
 * How clients of AWS services behave as targets: one quick second try within an attempt, then the
 * run waits for its next attempt. So the SDK's back-off never blocks a function that other runs
 * need. A lost connection leaves time for the second try; the call's own signal ends both.
 */
export const awsTargetDefaults = callLimits({ attempts: 2, attemptMs: 3000 });

/** Test doubles and other endpoints. The SDK reads region and credentials from the environment. */
export type AwsClientConfig = {
  endpoint?: string;
  region?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
};

/** The fourth part of an ARN. */
export function regionOfArn(arn: string): string | undefined {
  return arn.split(':')[3];
}

// AWS's names for throttling, some with status 400.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
const throttles =
  /^(Throttl|TooManyRequests|RequestLimitExceeded|ExecutionLimitExceeded|ProvisionedThroughputExceeded)/;
// Our own permission or credentials are wrong. A deploy or a rotation mends them, so the run waits
// for it.
const credentialTrouble =
  /^(AccessDenied|ExpiredToken|UnrecognizedClient|InvalidClientTokenId|InvalidSignature|IncompleteSignature|MissingAuthenticationToken|CredentialsProvider)/;

/** What an error of the SDK means for a run. */
export function answerFromAwsError(error: unknown, what: string): Exclude<TargetAnswer, { kind: 'accepted' }> {
  const { name = '', $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  const detail = `${what}: ${name}: ${errorMessage(error)}`;
  const unavailable = (reason: Unavailable['reason']): Unavailable => ({ kind: 'unavailable', reason, detail });
  if (name === 'AbortError' || name === 'TimeoutError') {
    return { kind: 'unavailable', reason: 'target_timeout', detail: `${what} did not answer in time` };
  }
  const status = $metadata?.httpStatusCode;
  if (throttles.test(name) || status === 429) return unavailable('target_busy');
  // Without a status there was no answer: no connection, no endpoint, no credentials.
  if (status === undefined || status >= 500 || credentialTrouble.test(name)) return unavailable('target_unavailable');
  return { kind: 'refused', detail, reference: { error: name } };
}
