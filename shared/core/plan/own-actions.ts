import type { VerificationStatus } from '../events/raw-event.ts';

/**
 * The mapping under which an event's own actions are logged; no file can have it. Requests perform
 * their part of such an action under it as well, so that both have one id.
 */
export const ownMapping = '$record';

/**
 * Whether a check left the sender unproven: it failed, or covers another part of the request.
 * Without any check, the secret in the URL is the proof that the source's owner chose. Decision:
 * docs/decisions/0019-deletions-need-a-verified-event.md
 */
export function mayBeForged(verification: VerificationStatus): boolean {
  return forgeable.has(verification);
}

const forgeable = new Set<VerificationStatus>([
  'enforced:unverified',
  'not_enforced:unverified',
  'not_enforced:failed',
]);
