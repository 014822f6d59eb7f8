import { RetryableError } from '../core/errors.ts';
import { secretFaults } from './secrets.ts';

/**
 * Why a request was answered 503: the closed list of counts and of `npx signalbox refusals`. A
 * fault of a secret goes by its own name.
 */
export const unavailableReasons = [
  'uncommitted',
  'secret_missing',
  'time_over',
  // A table, a queue or the store of secrets failed or did not answer.
  'service_unavailable',
  // A bug of ours.
  'internal',
  ...secretFaults,
] as const;
export type UnavailableReason = (typeof unavailableReasons)[number];

const known = new Set<string>(unavailableReasons);

export function unavailableReason(error: unknown): UnavailableReason {
  if (!(error instanceof RetryableError)) return 'internal';
  return error.reason !== undefined && known.has(error.reason)
    ? (error.reason as UnavailableReason)
    : 'service_unavailable';
}

/** A request of a known source that was not accepted. */
export type NotAccepted = { source: string; reason: string; requestId: string | undefined; atMs: number };

/**
 * Remembers the last request that a source had refused or answered 503, per reason, for people who
 * ask why nothing arrives. Never its body, its token or a header's value.
 */
export interface RefusalNotes {
  /** Best effort and rare: about every five minutes per source, reason and process. Never throws. */
  note(request: NotAccepted): Promise<void>;
}
