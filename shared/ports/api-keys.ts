import type { ApiKeyKind } from '../core/ids/api-key.ts';

/** A key of the API, without its text. */
export type ApiKey = {
  id: string;
  hash: string;
  kind: ApiKeyKind;
  name: string;
  createdAtMs: number;
  createdBy: string;
  /** The start of the hour of its last use; undefined when it was never used. */
  lastUsedAtMs?: number;
  /** A revoked key stays in the list, so that old rows can be explained. */
  revokedAtMs?: number;
  revokedBy?: string;
};

export interface ApiKeys {
  /**
   * One consistent read: a key that was revoked a moment ago comes back as revoked.
   * @returns undefined when there is no such key
   * @throws RetryableError when the table is throttled or unavailable
   */
  find(hash: string): Promise<ApiKey | undefined>;
  /** Records the hour of use: at most one write per key and hour, none when it is known. */
  noteUse(key: ApiKey, nowMs: number): Promise<void>;
}
