import type { JsonObject, JsonValue } from '../json/values.ts';

/** An event after its source has read it, as mappings see it. */
export type NormalizedEvent = {
  id: string;
  source: string;
  /** Selects mappings: `identify`, `track/order_completed`, `invoice.paid`. */
  eventType: string;
  /** The user who did it; absent if the sender does not know. Numbers have become text. */
  userId?: string;
  /** The primary contents: for a CDP `track` its properties, for `identify` the traits. */
  data: JsonObject;
  body: JsonObject;
  /** Allow-listed request headers, names in lower case. */
  headers: Record<string, string>;
  /** Values that the source computes; read as `preprocess.*`. */
  preprocess: JsonObject;
  /** The value at the idempotency key path, valid or not; see ids/claim-key.ts. */
  keyCandidate?: JsonValue;
  /**
   * When it happened by the sender's clock, epoch ms, never later than 5 minutes after it was
   * received.
   */
  occurredAtMs: number;
  receivedAtMs: number;
  /** The vendor's numbers of the sync that sent it, and of its run. Absent: no sync did. */
  sync?: { id?: string; runId?: string };
  /**
   * For a record that a request has applied already: the actions that the request left to do, without
   * a mapping. Absent: an ordinary event.
   */
  applied?: { action: string; payload: JsonObject }[];
};
