import { setTimeout as sleep } from 'node:timers/promises';

export type Post = { url: string; body: string; headers?: Record<string, string> };
export type PostJson = (post: Post) => Promise<void>;

const attemptsMax = 3;
const longestAttemptMs = 4_000;
const waitMsMax = 4_000;

/**
 * Posts JSON. What may pass (no answer, 408, 429, 5xx) is tried three times, after the time that
 * the other side names, or 1 and 2 seconds; so all of it takes 20 seconds at most.
 * @throws Error with the last answer's status and the start of its text; never with the address,
 * which may be a secret
 */
export async function postJson(
  { url, body, headers = {} }: Post,
  { wait = sleep as (ms: number) => Promise<unknown>, attemptMs = longestAttemptMs } = {},
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const answer = await answerTo({ url, body, headers }, attemptMs);
    if (answer.kind === 'taken') return;
    if (answer.kind === 'refused' || attempt === attemptsMax) throw new Error(answer.problem);
    await wait(Math.min(answer.waitMs ?? attempt * 1000, waitMsMax));
  }
}

type Answer =
  | { kind: 'taken' }
  | { kind: 'refused'; problem: string }
  | { kind: 'unavailable'; problem: string; waitMs?: number };

async function answerTo({ url, body, headers }: Post, attemptMs: number): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      headers: { 'content-type': 'application/json', 'user-agent': 'Signalbox', ...headers },
      body,
      signal: AbortSignal.timeout(attemptMs),
    });
  } catch (error) {
    // The cause has the code, such as ECONNREFUSED; messages may quote the address.
    const { name, cause } = error as Error & { cause?: { code?: string } };
    return { kind: 'unavailable', problem: `no answer: ${cause?.code ?? name}` };
  }
  const text = (await response.text().catch(() => '')).slice(0, 200);
  if (response.ok) return { kind: 'taken' };
  const problem = `answered ${response.status}${text === '' ? '' : `: ${text}`}`;
  const { status } = response;
  if (status !== 408 && status !== 429 && status < 500) return { kind: 'refused', problem };
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return { kind: 'unavailable', problem, ...(Number.isFinite(seconds) && { waitMs: seconds * 1000 }) };
}
