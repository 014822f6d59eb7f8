export type SignedRequest = {
  /** The body exactly as received, before decompression. */
  rawBody: Uint8Array;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Active values of the source's secret, newest first; never empty. */
  secrets: string[];
  nowMs: number;
};

/** What a sender that knows `secret` signs. */
export type RequestToSign = {
  rawBody: Uint8Array;
  secret: string;
  nowMs: number;
  /** The sender's own id of the message, for schemes that sign one: the same each time the message is sent again. */
  id: string;
};

/**
 * - `verified_first`: the signature holds, and covers only the first event of the batch;
 * - `failed`: what the request brings does not hold; a malformed signature too, never an exception;
 * - `skipped`: the request brings nothing to check.
 */
export type Verdict = 'verified' | 'verified_first' | 'failed' | 'skipped';

/**
 * How a sender proves who it is. A verifier only says whether the proof holds; whether that matters is the
 * environment's setting `verification.enforced`.
 */
export type Verifier = {
  /** Whether the request brings anything to check; without it nobody needs to read the secret. */
  isSigned(headers: Record<string, string>): boolean;
  verify(request: SignedRequest): Verdict;
  /** The headers that prove a request, as a sender that knows the secret adds them. */
  sign(request: RequestToSign): Record<string, string>;
  /** Why a text cannot be the secret, without quoting it; undefined when it can. `readPastedSecret` cleans a pasted one first. */
  secretProblem(secret: string): string | undefined;
  /** What people copy along in front of a secret, in lower case: `bearer `. Default: nothing. */
  copiedAlong?: readonly string[];
  /**
   * What the signature covers: the body, or of a list its first element, and which headers, in lower case. Absent: the
   * proof is the same for every request, so it covers none of it. `coverageOf` answers for a path.
   */
  signs?: { body: 'whole' | 'first_of_list'; headers: readonly string[] };
  /** Headers that hold a credential, in lower case: they are never kept with the event, whatever a source asks for. */
  credentialHeaders: readonly string[];
  /** The most seconds between a signature and its arrival. Absent: the scheme signs no time, so an old request still verifies. */
  toleranceSeconds?: number;
  /** What the sender has to do, as a refused request is told. */
  instruction: string;
  /** A secret made of random bytes, for senders that take one of our choice. Absent: the vendor makes it. */
  newSecret?(random: Uint8Array): string;
};

/** The value of a header, in lower case; undefined when the request has none of that name. */
export function headerOf(headers: Record<string, string>, name: string): string | undefined {
  return Object.hasOwn(headers, name) ? headers[name] : undefined;
}

/** For secrets of which nothing is known but that they are text. */
export function anyText(secret: string): string | undefined {
  return secret === '' ? 'is empty' : undefined;
}

/** For secrets that the vendor makes in a form that it does not publish: one word of ASCII, as every vendor makes them. */
export function oneWord(secret: string): string | undefined {
  if (secret === '') return 'is empty';
  return /^[\x21-\x7e]+$/.test(secret)
    ? undefined
    : 'has spaces, or characters beyond ASCII, which no secret of this sender has; copy it again';
}
