import { problemOf } from '../../shared/core/ingest/refusal.ts';
import { locateSource } from '../../shared/lambda/sender/locate-source.ts';
import type { SenderDeps, SenderRequest } from '../../shared/lambda/sender/sender.ts';
import { verificationOf, verifySender } from '../../shared/lambda/sender/verify-sender.ts';
import type { Refused } from './answer.ts';
import type { Sender } from './route.ts';

/**
 * The source whose URL a request was sent to, checked as its events are.
 * @throws RetryableError when configuration or secrets cannot be read
 */
export async function authenticateSender(
  request: SenderRequest,
  deps: SenderDeps,
): Promise<({ kind: 'sender' } & Sender) | Refused> {
  const located = await locateSource(request, deps);
  if (located.kind === 'refused') {
    const { title, detail } = problemOf(located);
    return { kind: 'refused', status: 404, code: 'resource_missing', message: `${title}: ${detail}` };
  }
  const verified = await verifySender(request, located, deps);
  if (verified.kind === 'refused') {
    const { title, detail } = problemOf(verified);
    return { kind: 'refused', status: 401, code: 'authentication_required', message: `${title}: ${detail}` };
  }
  const { source, oldCredentials } = located;
  return { kind: 'sender', source, oldCredentials, verification: verificationOf(verified, undefined) };
}
