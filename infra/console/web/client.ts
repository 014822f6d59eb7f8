import { hc } from 'hono/client';
import type { Lists, Sessions } from '../app.ts';
import type { Problem } from '../problem.ts';
import type { Routes } from '../routes/index.ts';
import { pathPart } from './addresses.ts';

/** Why the console's server said no; `gone`: it does not answer at all. */
export type PageProblem = Omit<Problem, 'code' | 'status'> & { code: Problem['code'] | 'gone' };

export class ProblemError extends Error {
  override name = 'ProblemError';
  readonly problem: PageProblem;

  constructor(problem: PageProblem) {
    super(problem.title);
    this.problem = problem;
  }
}

/** The problem of any error; one of the page itself is a bug. */
export function problemIn(error: unknown): PageProblem {
  if (error instanceof ProblemError) return error.problem;
  const title = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: 'bug', title, lines: ['This is a bug in the page of the console; please report it.'], remedies: [] };
}

/** Whether it may be over by itself: the page asks again until it is. */
export const isAway = (error: unknown) => error !== null && ['away', 'gone'].includes(problemIn(error).code);

async function fetchOrProblem(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init).catch((error: unknown) => {
    if (init?.signal?.aborted) throw error;
    throw new ProblemError({
      code: 'gone',
      title: 'The console’s server does not answer',
      lines: [],
      remedies: ['start it again: npm start, or npx signalbox console'],
    });
  });
  if (response.ok) return response;
  throw new ProblemError(await problemOf(response));
}

async function problemOf(response: Response): Promise<PageProblem> {
  if (response.headers.get('content-type')?.startsWith('application/problem+json') === true)
    return (await response.json()) as Problem;
  const title = `the server answered ${response.status}`;
  return { code: 'bug', title, lines: [], remedies: [] };
}

export const apiPath = (environment: string) => `/api/environments/${pathPart(environment)}`;

/** The routes of one environment, typed by the server's own. A refusal is thrown as a ProblemError. */
export function apiOf(environment: string) {
  return withPathParts(hc<Routes>(`${location.origin}${apiPath(environment)}`, { fetch: fetchOrProblem }));
}

type Args = { param?: Record<string, string> } | undefined;

/**
 * A client whose calls put any text into a path as one part of it. Hono's own puts it in as it is, so that an id with a
 * `?`, or one in a link of a stranger with `../`, would ask another route.
 */
function withPathParts<Client extends object>(client: Client): Client {
  return new Proxy(client, {
    get(of, name) {
      const inner: unknown = Reflect.get(of, name);
      return typeof inner === 'function' ? withPathParts(inner) : inner;
    },
    apply(call, self, [args, ...rest]: [Args, ...unknown[]]) {
      const param = Object.entries(args?.param ?? {}).map(([name, text]) => [name, pathPart(text)]);
      return Reflect.apply(call as never, self, [args && { ...args, param: Object.fromEntries(param) }, ...rest]);
    },
  });
}
export type Api = ReturnType<typeof apiOf>;

/** The answer of a route: `await read(api.events.$get({ query }))`. */
export async function read<Answer extends { json(): Promise<unknown> }>(
  call: Promise<Answer>,
): Promise<Awaited<ReturnType<Answer['json']>>> {
  return (await call).json() as Promise<Awaited<ReturnType<Answer['json']>>>;
}

export const sessions = hc<Sessions>(`${location.origin}/api/session`, { fetch: fetchOrProblem });

export type EnvironmentFacts = {
  name: string;
  where: string;
  local: boolean;
  ingest_url: string;
  /** To which its content is promoted; null when that is not in this console. */
  above: string | null;
  lists: Lists;
};

export async function readEnvironment(name: string): Promise<EnvironmentFacts> {
  return (await fetchOrProblem(apiPath(name))).json() as Promise<EnvironmentFacts>;
}

/** A search as the query of a route: a filter that is not set is left out. */
export function queryOf(search: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(search).filter((entry): entry is [string, string] => (entry[1] ?? '') !== ''),
  );
}
