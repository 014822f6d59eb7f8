import type { DestinationSettings } from '../../../core/destinations/destination.ts';
import type { OldCredential, VerificationStatus } from '../../../core/events/raw-event.ts';
import type { PreparedSource } from '../../../core/live/prepared.ts';
import type { EventsQueue } from '../../../ports/queues.ts';
import type { RequestPorts } from '../request.ts';
import type { RecordCounts } from './record-account.ts';

/** Whose records they are, and how the sender proved it. */
export type SyncSender = {
  source: PreparedSource;
  settings: DestinationSettings;
  verification: VerificationStatus;
  /** What is old about the URL that the records came by; see `RawEvent`. */
  oldCredentials: readonly OldCredential[];
  headers: Record<string, string>;
};

export type SyncPorts = RequestPorts & {
  eventsQueue: EventsQueue;
  counts: RecordCounts;
  /** Log shards of sources that set none themselves. */
  logShards: number;
  randomBytes(size: number): Uint8Array;
};
