/** What a person is to do at the vendor, as the guide of the kind said when the link was made. */
export type LinkGuide = {
  /** `Stripe` */
  title: string;
  about: string;
  /** `{url}` stands for the source's own. */
  steps: string[];
  /** Where the secret belongs at the vendor; absent: the kind has none. */
  secretWhere?: string;
  /** What the steps call the first and the second template. */
  templates: { title: string; text: string }[];
};

/** A read-only link to one source, without its token. */
export type SourceLink = {
  id: string;
  hash: string;
  source: string;
  /** Whether it shows what events hold. */
  payloads: boolean;
  guide: LinkGuide;
  /** The ingest URL, which only the link's token opens; absent: the link does not show it. */
  sealedUrl?: Uint8Array;
  /** The generation of that URL. */
  urlGeneration: number;
  createdAtMs: number;
  createdBy: string;
  expiresAtMs: number;
  /** The start of the hour of its last use; undefined when it was never used. */
  lastUsedAtMs?: number;
  revokedAtMs?: number;
  revokedBy?: string;
};

export interface SourceLinks {
  /**
   * One consistent read: a link that was revoked a moment ago comes back as revoked.
   * @returns undefined when there is no such link
   * @throws RetryableError when the table is throttled or unavailable
   */
  find(hash: string): Promise<SourceLink | undefined>;
  /** Records the hour of use: at most one write per link and hour, none when it is known. */
  noteUse(link: SourceLink, nowMs: number): Promise<void>;
}

/** Whether a link opens its page. */
export function linkWorks({ expiresAtMs, revokedAtMs }: SourceLink, nowMs: number): boolean {
  return revokedAtMs === undefined && nowMs < expiresAtMs;
}
