/** The answer to a refused request. `type` is absent if callers may not see the reason. */
type Answer = { status: number; title: string; type?: string };

/** All reasons to refuse a request: the closed list that answers, logs and metrics share. */
const answers = {
  // Two reasons, one answer: a stranger who guesses URLs must not learn which sources exist.
  source_unknown: { status: 404, title: 'No source at this URL', type: 'not_found' },
  token_wrong: { status: 404, title: 'No source at this URL', type: 'not_found' },
  method_not_allowed: { status: 405, title: 'Only POST is accepted' },
  signature_missing: { status: 401, title: 'The request is not signed' },
  signature_wrong: { status: 401, title: 'The signature or secret does not match' },
  signature_partial: { status: 401, title: 'The signature covers only the first event' },
  body_empty: { status: 400, title: 'The body is empty' },
  body_not_gzip: { status: 400, title: 'The body cannot be decompressed' },
  body_not_compressed: { status: 400, title: 'The body is not compressed as it says' },
  body_not_utf8: { status: 400, title: 'The body is not UTF-8' },
  body_too_deep: { status: 400, title: 'The body is nested too deeply' },
  body_not_json: { status: 400, title: 'The body is not JSON' },
  body_not_events: { status: 400, title: 'The body holds no events' },
  batch_not_accepted: { status: 400, title: 'One request is one event here' },
  event_invalid: { status: 400, title: 'The event is not of the form that this source promises' },
  body_too_large: { status: 413, title: 'The body is too large' },
  batch_too_long: { status: 413, title: 'The batch holds too many events' },
  event_too_large: { status: 413, title: 'An event is too large' },
  encoding_unsupported: { status: 415, title: 'The content encoding is not supported' },
} as const satisfies Record<string, Answer>;

export type RefusalReason = keyof typeof answers;
export const refusalReasons = Object.keys(answers) as RefusalReason[];

/** A request that can never succeed unchanged: the sender has to change it before sending again. */
export type Refusal = {
  kind: 'refused';
  reason: RefusalReason;
  /**
   * The problem, its place, and what would be right. Only for the sender, since it may quote the
   * body.
   */
  detail: string;
  /** The event's position in its batch, from 0. */
  position?: number;
};

export function refused(reason: RefusalReason, detail: string, position?: number): Refusal {
  return { kind: 'refused', reason, detail, ...(position !== undefined && { position }) };
}

/** Problem details: https://www.rfc-editor.org/rfc/rfc9457 */
export type Problem = { type: string; title: string; status: number; detail: string; position?: number };

export function problemOf({ reason, detail, position }: Refusal): Problem {
  const { status, title, type }: Answer = answers[reason];
  return {
    type: `urn:signalbox:problem:${type ?? reason}`,
    title,
    status,
    detail,
    ...(position !== undefined && { position }),
  };
}
