import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { failure } from '../refusal.ts';

export type Answer =
  | { accepted: true; status: number; ids: string[] }
  /** `problem` is the title and detail of the answer's problem document. */
  | { accepted: false; status: number; problem: string };

const AcceptedBody = z.object({ ids: z.array(z.string()) });
const ProblemBody = z.object({ title: z.string(), detail: z.string().optional() });

// Vendors retry these statuses; every other answer is final.
const isTransient = (status: number) => status === 408 || status === 429 || status >= 500;
const attemptsMax = 5;
const backoffMs = 400;
const retryAfterMaxSeconds = 10;

/**
 * Posts one body like a vendor: it retries after 408, 429, 5xx and broken connections, never after
 * another 4xx.
 * @param onRetry called at each retry, so that a waiting person learns why
 * @throws Refusal when the address does not answer
 */
export async function postEvent(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
  onRetry: (status: number, problem: string) => void = () => undefined,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const last = attempt === attemptsMax;
    let response: Received;
    try {
      response = await (isOnThisMachine(url) ? postDirectly : postByFetch)(url, body, headers);
    } catch (thrown) {
      const { code, message } = reasonOf(thrown);
      if (last || code === undefined || !passingCodes.has(code)) throw unreachable(url, message);
      await sleep(backoffMs * 2 ** (attempt - 1) * (0.5 + Math.random()));
      continue;
    }
    const { status } = response;
    if (status >= 200 && status < 300) return { accepted: true, status, ids: idsIn(response) };
    if (last || !isTransient(status)) return { accepted: false, status, problem: problemIn(response) };
    onRetry(status, problemIn(response));
    const asked = Math.min(Number(response.header('retry-after')) || 0, retryAfterMaxSeconds) * 1000;
    await sleep(Math.max(asked, backoffMs * 2 ** (attempt - 1) * (0.5 + Math.random())));
  }
}

// A connection that broke, or took too long. A refused connection or an invalid URL would fail
// again.
const passingCodes = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
]);

type Body = string | Uint8Array<ArrayBuffer>;
type Received = { status: number; statusText: string; text: string; header(name: string): string | undefined };

async function postByFetch(url: string, body: Body, headers: Record<string, string>): Promise<Received> {
  const response = await fetch(url, { method: 'POST', body, headers, redirect: 'manual' });
  return {
    status: response.status,
    statusText: response.statusText,
    text: await response.text(),
    header: (name) => response.headers.get(name) ?? undefined,
  };
}

// With NODE_USE_ENV_PROXY, `fetch` would send requests to this machine through a proxy elsewhere. A
// separate agent uses no proxy.
const direct = new Agent({ keepAlive: true });

function isOnThisMachine(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}

function postDirectly(url: string, body: Body, headers: Record<string, string>): Promise<Received> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent: direct, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          statusText: response.statusMessage ?? '',
          text: Buffer.concat(chunks).toString('utf8'),
          header: (name) => response.headersDistinct[name]?.join(', '),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Why a request failed; `fetch` wraps the reason in an error without it. */
function reasonOf(thrown: unknown): { code?: string; message: string } {
  type Reason = { code?: string; message?: string };
  const { cause, code, message } = thrown as Reason & { cause?: Reason };
  const reason = cause ?? { code, message };
  return {
    message: reason.message || reason.code || message || String(thrown),
    ...(reason.code !== undefined && { code: reason.code }),
  };
}

function unreachable(url: string, reason: string) {
  // Not the whole URL: its last part is a credential.
  return failure(`nothing answers at ${new URL(url).origin}: ${reason}`, 'is the environment up? locally: npm start');
}

function idsIn({ text, header }: Received): string[] {
  // Senders that expect no body get none; then a header names the event.
  const named = header('x-signalbox-event-id');
  if (text === '' && named !== undefined) return named.split(',');
  const parsed = AcceptedBody.safeParse(parseOrUndefined(text));
  if (!parsed.success)
    throw failure(
      `the answer names no event ids: ${text.slice(0, 200)}`,
      'is this URL really an ingest URL of Signalbox?',
    );
  return parsed.data.ids;
}

function problemIn({ text, statusText }: Received): string {
  const parsed = ProblemBody.safeParse(parseOrUndefined(text));
  if (!parsed.success) return text.slice(0, 300) || statusText;
  const { title, detail } = parsed.data;
  if (detail === undefined) return title;
  // A detail that begins with the title is complete.
  return detail.toLowerCase().startsWith(title.toLowerCase()) ? detail : `${title}: ${detail}`;
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Runs `work` over all items, `concurrency` at a time and, with `perSecond`, no faster than that.
 * After the first error it starts no further work, waits for running work, and throws that error.
 */
export async function forEachPaced<Item>(
  items: readonly Item[],
  { concurrency, perSecond }: { concurrency: number; perSecond?: number },
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const startedAtMs = performance.now();
  let next = 0;
  let failed: { error: unknown } | undefined;
  const worker = async () => {
    while (next < items.length && failed === undefined) {
      const position = next++;
      if (perSecond !== undefined) {
        const waitMs = startedAtMs + (position / perSecond) * 1000 - performance.now();
        if (waitMs > 0) await sleep(waitMs);
      }
      try {
        await work(items[position] as Item);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  if (failed !== undefined) throw failed.error;
}
