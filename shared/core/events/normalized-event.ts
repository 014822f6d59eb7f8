import type { JsonObject, JsonValue } from '../json/values.ts';

/** An event after its source has read it: what mappings see. */
export type NormalizedEvent = {
  id: string;
  source: string;
  /** What selects mappings: `identify`, `track/order_completed`, `invoice.paid`. */
  eventType: string;
  /** Who did it; absent until the sender knows. Numbers have become strings. */
  userId?: string;
  /** The primary contents: for a CDP `track` its properties, for `identify` the traits. */
  data: JsonObject;
  body: JsonObject;
  /** Allow-listed request headers, names in lower case. */
  headers: Record<string, string>;
  /** What the source computes that no path can say; read as `preprocess.*`. */
  preprocess: JsonObject;
  /** The value at the idempotency key path, valid or not; see idempotency/claim-key.ts. */
  keyCandidate?: JsonValue;
  /** When it happened by the sender's clock, epoch ms, never later than 5 minutes after it was received. */
  occurredAtMs: number;
  receivedAtMs: number;
};
