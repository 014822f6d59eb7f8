export type SignedRequest = {
  /** The body exactly as received, before decompression. */
  rawBody: Uint8Array;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Active values of the source's secret, newest first; never empty. */
  secrets: string[];
  nowMs: number;
};

/** The parts that a sender with `secret` signs. */
export type RequestToSign = {
  rawBody: Uint8Array;
  secret: string;
  nowMs: number;
  /** The sender's own id of the message, for schemes that sign one: the same at each retry. */
  id: string;
};

/**
 * - `verified_first`: the signature is valid, but covers only the first event of the batch;
 * - `failed`: the proof is invalid, or malformed (never an exception);
 * - `skipped`: the request has no proof to check.
 */
export type Verdict = 'verified' | 'verified_first' | 'failed' | 'skipped';

/**
 * How a sender proves its identity. A verifier only says whether the proof is valid; the
 * environment's setting `verification.enforced` says whether that matters.
 */
export type Verifier = {
  /** No request can be proven: knowing the URL is enough to send. Absent: a secret proves it. */
  provesNothing?: true;
  /** Whether the request has a proof to check; without one the secret need not be read. */
  isSigned(headers: Record<string, string>): boolean;
  verify(request: SignedRequest): Verdict;
  /** The headers with which a sender that knows the secret proves a request. */
  sign(request: RequestToSign): Record<string, string>;
  /**
   * Why a text cannot be the secret, without quoting it; undefined when it can. `readPastedSecret`
   * cleans a pasted one first.
   */
  secretProblem(secret: string): string | undefined;
  /** Text that people copy before a secret, in lower case: `bearer `. Default: none. */
  copiedAlong?: readonly string[];
  /**
   * The covered parts: the body, or only a list's first element, and headers, in lower case.
   * Absent: the proof is the same for every request, so it covers none. `coverageOf` answers for a
   * path.
   */
  signs?: { body: 'whole' | 'first_of_list'; headers: readonly string[] };
  /**
   * Headers that hold a credential, in lower case: they are never kept with the event, even if a
   * source's file lists them.
   */
  credentialHeaders: readonly string[];
  /**
   * The most seconds between a signature and its arrival. Absent: the scheme signs no time, so an
   * old request still verifies.
   */
  toleranceSeconds?: number;
  /** The remedy that a refused sender is told. */
  instruction: string;
  /**
   * Makes a secret from random bytes, for senders that take one of our choice. Absent: the vendor
   * makes it.
   */
  newSecret?(random: Uint8Array): string;
};

/**
 * The value of a header; its name is in lower case. Undefined when the request does not have it.
 */
export function headerOf(headers: Record<string, string>, name: string): string | undefined {
  return Object.hasOwn(headers, name) ? headers[name] : undefined;
}

/** For secrets of any text. */
export function anyText(secret: string): string | undefined {
  return secret === '' ? 'is empty' : undefined;
}

/** For vendors' secrets of an unpublished form: one word of ASCII, as all vendors make them. */
export function oneWord(secret: string): string | undefined {
  if (secret === '') return 'is empty';
  return /^[\x21-\x7e]+$/.test(secret)
    ? undefined
    : 'has spaces, or characters beyond ASCII, which no secret of this sender has; copy it again';
}
