import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { headers, type SoakEvent } from './events.ts';

export type SenderCounts = {
  /** Answered 200, copies included. */
  accepted: number;
  /** Sent again because there was no answer, or one that asks for it. */
  retries: number;
  /** Of those, where the request may have been accepted all the same. */
  maybeAccepted: number;
  /** Answers after which senders drop an event for good: there must be none. */
  refusals: string[];
  latenciesMs: number[];
};

export type Sender = {
  counts: SenderCounts;
  /** Sends an event until it is answered 200, as RudderStack does; gives up only when told 4xx. */
  send(event: SoakEvent): Promise<void>;
  stop(): void;
};

/** Posts as vendors do: again after 429, 5xx and no answer at all. */
export function makeSender(urlOf: (source: string) => string): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: 48 });
  const counts: SenderCounts = { accepted: 0, retries: 0, maybeAccepted: 0, refusals: [], latenciesMs: [] };

  async function send({ source, body, key }: SoakEvent): Promise<void> {
    for (;;) {
      const { status, elapsedMs } = await post(agent, urlOf(source), body);
      if (status === 200) {
        counts.accepted++;
        counts.latenciesMs.push(elapsedMs);
        return;
      }
      if (typeof status === 'number' && status < 500 && status !== 429) {
        counts.refusals.push(`${key} was answered ${status}`);
        return;
      }
      counts.retries++;
      if (status !== 'refused') counts.maybeAccepted++;
      await sleep(200 + Math.random() * 400);
    }
  }
  return { counts, send, stop: () => agent.destroy() };
}

/** `refused`: nobody was there to accept it. `broken`: nobody knows. */
type Answer = number | 'refused' | 'broken';

/** Time counts from when a connection is free: waiting for one is the sender's own. */
function post(agent: Agent, url: string, body: string): Promise<{ status: Answer; elapsedMs: number }> {
  let startedMs = performance.now();
  return new Promise((done) => {
    const resolve = (status: Answer) => done({ status, elapsedMs: performance.now() - startedMs });
    const call = request(
      url,
      { agent, method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (response) => {
        response.on('error', () => resolve('broken'));
        // The gateway's own 503 while the runtime starts; ingest's has another type, and one for a timeout comes late.
        const isStarting =
          response.statusCode === 503 &&
          response.headers['content-type'] === 'application/json' &&
          performance.now() - startedMs < 1_000;
        response.resume().on('end', () => resolve(isStarting ? 'refused' : (response.statusCode ?? 0)));
      },
    );
    call.on('socket', () => {
      startedMs = performance.now();
    });
    call.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED' ? 'refused' : 'broken'));
    call.end(body);
  });
}
