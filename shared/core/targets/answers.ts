import type { TargetAnswer } from '../../ports/workflow-target.ts';

export type HttpAnswer = { status: number; retryAfter: string | undefined; response: string };

/** The longest wait that a target may ask for; if it is busy for longer, it says so again. */
const retryAfterSecondsMax = 3600;

/**
 * The meaning of an HTTP status for a run: 2xx, it began; 408, 425, 429 and 5xx, try again; all
 * others are a final no, including redirects, which could lead anywhere and are not followed.
 */
export function answerFromHttp({ status, retryAfter, response }: HttpAnswer, nowMs: number): TargetAnswer {
  const reference = { status, ...(response !== '' && { response }) };
  if (status >= 200 && status <= 299) return { kind: 'accepted', reference };
  const detail = `the target answered ${status}${response === '' ? '' : `: ${response.slice(0, 200)}`}`;
  const reason = transientReason(status);
  if (reason === undefined) return { kind: 'refused', detail, reference };
  const retryAfterSeconds = parseRetryAfter(retryAfter, nowMs);
  return { kind: 'unavailable', reason, detail, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
}

function transientReason(status: number) {
  if (status === 429) return 'target_busy';
  if (status === 408) return 'target_timeout';
  if (status === 425 || status >= 500) return 'target_unavailable';
  return undefined;
}

/** Seconds or an HTTP date; undefined when absent, malformed or past. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
export function parseRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d+$/.test(text.trim()) ? Number(text) : (Date.parse(text) - nowMs) / 1000;
  return seconds > 0 ? Math.min(Math.ceil(seconds), retryAfterSecondsMax) : undefined;
}
