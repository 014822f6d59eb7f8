import { request } from 'node:http';
import { type Console, type ConsoleOptions, startConsole } from '../../infra/console/server.ts';
import type { Environment } from '../../shared/operations/environment.ts';

export type Answer = {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: unknown;
};

export type Call = { method?: string; headers?: Record<string, string>; body?: unknown };

/** A request as a browser makes it on the console's own page, unless headers say otherwise. */
export function call(port: number, path: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Answer> {
  const own = { host: `127.0.0.1:${port}`, ...(method !== 'GET' && { origin: `http://127.0.0.1:${port}` }) };
  const content = body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const asked = request(
      { port, host: '127.0.0.1', path, method, headers: { ...own, ...content, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: jsonOf(text) });
        });
      },
    );
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const tokenOf = ({ url }: Pick<Console, 'url'>) =>
  new URLSearchParams(new URL(url).hash.slice(1)).get('token') ?? '';

/** Opens a console as a browser does with the printed URL; answers its cookie. */
export async function signIn(started: Pick<Console, 'port' | 'url'>): Promise<string> {
  const { headers } = await call(started.port, '/api/session', { method: 'POST', body: { token: tokenOf(started) } });
  return String(headers['set-cookie']).split(';')[0] ?? '';
}

/** A console of environments by name; one that is a function is connected to at each opening. */
export function startConsoleOf(
  environments: Record<string, Environment | (() => Promise<Environment>)>,
  options: Partial<ConsoleOptions> = {},
): Promise<Console> {
  return startConsole({
    port: 0,
    environments: {
      names: () => Object.keys(environments),
      async connect(name) {
        const environment = environments[name] as Environment | (() => Promise<Environment>);
        return typeof environment === 'function' ? environment() : environment;
      },
    },
    readOnly: false,
    author: 'Ada <ada@example.com>',
    order: [{ name: 'development' }, { name: 'staging' }, { name: 'production' }],
    urlCommand: 'npx signalbox console --open',
    onProblem: () => undefined,
    ...options,
  });
}
