/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */

export type SourceRow = {
  key: string;
  kind: string | null;
  name: string | null;
  environment: string;
  /**
   * Holds the URL token, the only credential of senders that cannot sign. Null for a source that is
   * not live.
   */
  url: string | null;
  url_generation: number;
  /** When this generation began; null for the first. */
  url_rotated_at: string | null;
  /** The previous URL, while it is still valid, with its last use to five minutes. */
  previous_url: { last_used_at: string | null } | null;
  /** The same for URLs of the previous ingest key, while that is accepted. */
  previous_key: { last_used_at: string | null } | null;
  enabled: boolean;
  /** Its events are kept and not processed; null where they are. */
  paused: { since: string; by: string; reason: string | null } | null;
  last_event_at: string | null;
  last_event_id: string | null;
  verification: {
    enforced: boolean;
    enforcement: 'on' | 'off' | 'once_set';
    secrets: number;
    /** A day: the secret is scheduled for deletion and cannot be used. Null otherwise. */
    secret_deleted_on: string | null;
  };
  idempotency: { enabled: boolean; path: string | null; window_hours: number };
  identify: boolean;
  /** Null: the environment's. */
  retention_days: number | null;
  mappings: number;
  inactive_mappings: string[];
};

export type EventTypeRow = {
  type: string;
  /** False: mapped, but never received. */
  seen: boolean;
  /** To the hour; null when never seen. */
  last_seen_at: string | null;
  sample_event_id: string | null;
  mapped: boolean;
  mappings: string[];
  active_mappings: number;
  /** Mappings that do not run here: they or their source are switched off. */
  inactive_mappings: number;
  /**
   * For a mapped type that never came: the unmapped type that is probably meant; and the other way
   * round.
   */
  near: string | null;
};
