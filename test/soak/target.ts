import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen, readBody, stopServer } from '../../infra/local/http-server.ts';

/** How the target behaves: well, or in one of the ways in which targets fail. */
export const troubles = ['answers 500', 'hangs', 'answers 429', 'does its work and hangs up'] as const;
export type Trouble = (typeof troubles)[number];

export type SoakTarget = {
  url: string;
  /** From now on; absent: it is well. */
  trouble: Trouble | undefined;
  /** Effects by the event's key: ids of the messages that did the work. More than one: it was done twice. */
  effects: ReadonlyMap<string, ReadonlySet<string>>;
  /** Keys whose first message was refused for good. */
  refused: ReadonlySet<string>;
  counts: { requests: number; repeats: number; troubled: number };
  stop(): Promise<void>;
};

/** What a target knows of before its start. */
export type Before = {
  port?: number;
  effects?: readonly (readonly [key: string, ids: readonly string[]])[];
  refused?: readonly string[];
};

/**
 * A target as docs/targets.md asks for it: it does its work once for each `webhook-id`, whatever arrives again. So two
 * effects for one event can only come from two ids, which is what nobody could protect themselves from.
 */
export async function startTarget(before: Before = {}): Promise<SoakTarget> {
  const effects = new Map((before.effects ?? []).map(([key, ids]) => [key, new Set(ids)]));
  const refused = new Set(before.refused);
  const target: SoakTarget = {
    url: '',
    trouble: undefined,
    effects,
    refused,
    counts: { requests: 0, repeats: 0, troubled: 0 },
    stop: () => stopServer(server),
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const port = await listen(server, before.port ?? 0);
  target.url = `http://127.0.0.1:${port}/runs`;
  return target;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = (await readBody(request, 1024 * 1024))?.toString('utf8') ?? '';
    const { data } = JSON.parse(text) as { data: { data: { key: string; refuse_once: boolean } } };
    const id = String(request.headers['webhook-id']);
    target.counts.requests++;
    const { trouble } = target;
    if (trouble !== undefined) target.counts.troubled++;
    switch (trouble) {
      case 'answers 500':
        response.writeHead(500).end();
        return;
      case 'answers 429':
        response.writeHead(429, { 'retry-after': '2' }).end();
        return;
      case 'hangs':
        // Until the caller gives up.
        return;
    }
    const { key, refuse_once } = data.data;
    if (refuse_once && !refused.has(key)) {
      refused.add(key);
      response.writeHead(422).end('not this time');
      return;
    }
    const ids = effects.get(key);
    if (ids === undefined) effects.set(key, new Set([id]));
    else if (ids.has(id)) target.counts.repeats++;
    else ids.add(id);
    if (trouble === 'does its work and hangs up') response.destroy();
    else response.writeHead(200).end();
  }
}
