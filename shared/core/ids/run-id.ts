import { createHash } from 'node:crypto';
import { v5 as uuidV5 } from 'uuid';
import { type EntityRef, recipientKey, refFromRecipientKey } from './entity-ref.ts';
import { eventIdLength } from './event-id.ts';
import { signalboxNamespace } from './invocation-id.ts';

/**
 * Names one recipient's run of one trigger. A printed run id holds all three parts, so showing a
 * run is one read.
 */
export type RunKey = { recipient: EntityRef; execution: string; mappingHash: string };

/**
 * 32 bits are enough for the mappings of one configuration, since outsiders do not choose their
 * ids.
 */
const mappingHashLength = 8;
/**
 * The hashed text comes from events: with fewer bits a sender could search for two tenants that
 * share a run.
 */
const eventHashLength = 32;

export function runKey(recipient: EntityRef, execution: string, mappingId: string): RunKey {
  return { recipient, execution, mappingHash: hashOf(mappingId, mappingHashLength) };
}

/** The key of a run that exists once per tenant, because its event names the tenant. */
export function tenantRunKey(recipient: EntityRef, execution: string, mappingId: string, tenant: string): RunKey {
  return { recipient, execution, mappingHash: hashOf(`${mappingId}#${tenant}`, eventHashLength) };
}

function hashOf(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/**
 * `01JD3Q9F7K8M25RXK0Q4T9B7C0-5e884898-user-1`: the recipient comes last because only it can
 * contain a dash.
 */
export function printRunId({ execution, mappingHash, recipient }: RunKey): string {
  return `${execution}-${mappingHash}-${recipientKey(recipient)}`;
}

/** @returns undefined when `text` is not a run id */
export function parseRunId(text: string): RunKey | undefined {
  const parts = /^([0-9A-HJKMNP-TV-Z]{26})-([0-9a-f]{32}|[0-9a-f]{8})-(.+)$/s.exec(text);
  const [, execution, mappingHash, key] = parts ?? [];
  if (execution?.length !== eventIdLength || mappingHash === undefined || key === undefined) return undefined;
  return { execution, mappingHash, recipient: refFromRecipientKey(key) };
}

/**
 * The idempotency key for targets: the same for every attempt, and safe in a header for any
 * recipient id.
 */
export function runMessageId(runId: string): string {
  return `msg_${uuidV5(runId, signalboxNamespace)}`;
}

/**
 * A cancellation is a separate message; under the run's id a receiver would take it for the run
 * again.
 */
export function cancelMessageId(messageId: string): string {
  return `msg_${uuidV5(`${messageId}#cancelled`, signalboxNamespace)}`;
}
