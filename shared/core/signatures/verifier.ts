export type SignedRequest = {
  /** The body exactly as received, before decompression. */
  rawBody: Uint8Array;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Active values of the source's secret, newest first; never empty. */
  secrets: string[];
  nowMs: number;
};

/**
 * How the sender of a kind proves who it is. A verifier only says whether the proof holds; whether that matters is the
 * environment's setting `verification.enforced`.
 */
export type Verifier = {
  /** Whether the request brings anything to check; without it nobody needs to read the secret. */
  isSigned(headers: Record<string, string>): boolean;
  /** `skipped`: the request brings nothing to check. A malformed signature is `failed`, never an exception. */
  verify(request: SignedRequest): 'verified' | 'failed' | 'skipped';
  /** Headers that hold a credential, in lower case: they are never kept with the event, whatever a source asks for. */
  credentialHeaders: readonly string[];
  /** What the sender has to do, as a refused request is told. */
  instruction: string;
  /** What makes a value unusable as the secret, as a sentence without its subject; it never quotes the value. Absent: nothing can be told. */
  secretProblem?(value: string): string | undefined;
  /** A secret made of random bytes, for senders that take one of our choice. Absent: the vendor makes it. */
  newSecret?(random: Uint8Array): string;
};
