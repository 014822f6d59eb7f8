import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeKnockPipeline } from './knock-pipeline.ts';
import { checkKnockShape, type KnockShape } from './knock-shapes.ts';

type Entry = Record<string, unknown>;

/** An account as the fake serves it, in the terms of Knock's own documents. */
export type FakeAccount = {
  environments: Entry[];
  /** Without `environment_settings`: those are by slug below. */
  sources: { source: Entry; environments: Record<string, Entry>; pending?: Record<string, Entry[]> }[];
  /** Absent: the API of this account has no templates, and answers 404. */
  providers?: Entry[];
  /** By slug. */
  workflows: Record<string, Entry[]>;
  audiences: Record<string, Entry[]>;
};

export type KnockServer = {
  url: string;
  token: string;
  /** `GET /v1/workflows?environment=development`, in order. */
  calls: string[];
  /** Statuses that the next calls are answered with, whatever they ask for. `hang up` cuts the connection. */
  faults: (number | 'hang up')[];
  account: FakeAccount;
  /** A secret key of the environment, for the API of records. */
  apiKey: string;
  /** What it did with events that were posted to a source's URL. */
  pipeline: ReturnType<typeof makeKnockPipeline>;
  stop(): Promise<void>;
};

type State = Omit<KnockServer, 'stop'>;

/** Knock's management API over a socket: token, pages of two, rate limits and errors as Knock words them. */
export async function startKnockManagement(account: FakeAccount): Promise<KnockServer> {
  const token = 'knock_st_fake-token';
  const state: State = {
    url: '',
    token,
    apiKey: 'sk_test_fake-key',
    calls: [],
    faults: [],
    account,
    pipeline: makeKnockPipeline(() => state.account),
  };
  const server = createServer((request, response) => void answer(request, response, state));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}`,
    stop: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}

const problems: Record<number, Entry> = {
  401: { code: 'authentication', message: 'The service token is invalid', status: 401, type: 'authentication_error' },
  403: { code: 'forbidden', message: 'You may not do this', status: 403, type: 'authentication_error' },
  404: {
    code: 'resource_missing',
    message: 'The resource you requested does not exist',
    status: 404,
    type: 'api_error',
  },
  429: { code: 'rate_limit', message: 'Too many requests', status: 429, type: 'rate_limit_error' },
  500: { code: 'internal', message: 'Something went wrong', status: 500, type: 'api_error' },
};

async function answer(request: IncomingMessage, response: ServerResponse, state: State): Promise<void> {
  const url = new URL(request.url ?? '', 'http://knock');
  state.calls.push(`${request.method} ${url.pathname}${decodeURIComponent(url.search)}`);
  const fail = (status: number) =>
    response
      // The client waits as long as it is told to; a test should not.
      .writeHead(status, { 'content-type': 'application/json', ...(status >= 429 && { 'retry-after-ms': '1' }) })
      .end(JSON.stringify(problems[status] ?? { message: `status ${status}` }));
  const fault = state.faults.shift();
  if (fault === 'hang up') return void request.socket.destroy();
  if (fault !== undefined) return void fail(fault);
  const [, first = '', , token = ''] = url.pathname.split('/');
  if (request.method === 'POST' && first === 'integrations') {
    const body = await new Response(request as never).text();
    return void response.writeHead(state.pipeline.receive(token, request.headers, body)).end();
  }
  if (isOfRecords(url)) {
    if (request.headers.authorization !== `Bearer ${state.apiKey}`) return void fail(401);
    const record = readRecord(url, state.pipeline);
    if (record === undefined) return void fail(404);
    return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(record));
  }
  if (request.headers.authorization !== `Bearer ${state.token}`) return void fail(401);
  const found = read(url, state);
  if (found === undefined) return void fail(404);
  checkKnockShape(found.shape, found.body);
  const text = JSON.stringify(found.body).replaceAll(endpointBase, state.url);
  response.writeHead(200, { 'content-type': 'application/json' }).end(text);
}

/** Endpoints of fixtures begin so; an answer has the fake's own address in its place. */
const endpointBase = 'https://api.knock.example';

const recordNouns = new Set(['users', 'objects', 'tenants', 'workflow_recipient_runs']);
const isOfRecords = ({ pathname }: URL) => recordNouns.has(pathname.split('/')[2] ?? '');

/** The API of records, as `@knocklabs/node` has its types. */
function readRecord({ pathname }: URL, { users, objects, runs }: State['pipeline']): Entry | undefined {
  const [, , noun, first = '', second = ''] = pathname.split('/').map(decodeURIComponent);
  if (noun === 'workflow_recipient_runs') return { items: runs, page_info: { __typename: 'PageInfo', page_size: 50 } };
  const updated_at = new Date().toISOString();
  if (noun === 'users') return users.has(first) ? { __typename: 'User', updated_at, ...users.get(first) } : undefined;
  const [collection, id] = noun === 'tenants' ? ['$tenants', first] : [first, second];
  const found = objects.get(`${collection}/${id}`);
  return found && { __typename: 'Object', id, collection, updated_at, properties: found };
}

type Answer = { shape: KnockShape; body: unknown };

function read({ pathname, searchParams }: URL, { account, pipeline }: State): Answer | undefined {
  const slug = searchParams.get('environment') ?? 'development';
  const [, version, noun, key, part] = pathname.split('/').map(decodeURIComponent);
  if (version !== 'v1') return undefined;
  const isKnown = account.environments.some((one) => one.slug === slug);
  const includes = searchParams.getAll('include[]');
  switch (noun) {
    case 'environments':
      return { shape: 'environments', body: page(account.environments, searchParams) };
    case 'workflows':
      return isKnown ? { shape: 'workflows', body: page(account.workflows[slug] ?? [], searchParams) } : undefined;
    case 'audiences':
      return isKnown ? { shape: 'audiences', body: page(account.audiences[slug] ?? [], searchParams) } : undefined;
    case 'source_providers': {
      if (account.providers === undefined) return undefined;
      if (key === undefined) {
        const entries = account.providers.map(({ default_settings: _, ...summary }) => summary);
        return { shape: 'source_providers', body: { entries } };
      }
      const found = account.providers.find((one) => one.key === key);
      return found && { shape: 'source_provider', body: found };
    }
    case 'sources': {
      const settings = (one: FakeAccount['sources'][number]) =>
        Object.hasOwn(one.environments, slug) ? { [slug]: one.environments[slug] } : {};
      if (key === undefined) {
        const withSettings = includes.includes('environment_settings');
        const entries = account.sources.map((one) => ({
          ...one.source,
          ...(withSettings && { environment_settings: settings(one) }),
        }));
        return { shape: 'sources', body: { entries } };
      }
      const found = account.sources.find(({ source }) => source.key === key);
      if (found === undefined) return undefined;
      if (part === 'logs') {
        const withActions = includes.includes('actions');
        const entries = pipeline.logs
          .filter((log) => log.source === key && log.slug === slug)
          .map(({ entry: { actions, ...entry } }) => ({ ...entry, ...(withActions && { actions }) }));
        return { shape: 'logs', body: page(entries, searchParams) };
      }
      if (part === 'status')
        return {
          shape: 'status',
          body: {
            events_count: 0,
            mappings_count: 0,
            last_event_received: null,
            mappings_requiring_commit: found.pending?.[slug] ?? [],
          },
        };
      const at = '2026-01-01T00:00:00Z';
      const body = { ...found.source, environment_settings: settings(found), created_at: at, updated_at: at };
      return { shape: 'source', body };
    }
    default:
      return undefined;
  }
}

/** Two entries to a page, whatever the client asks for, so that every list has several. */
function page(all: Entry[], query: URLSearchParams) {
  const from = Number(query.get('after') ?? 0);
  const entries = all.slice(from, from + 2);
  const after = from + 2 < all.length ? String(from + 2) : null;
  return { entries, page_info: { after, before: null, page_size: 2 } };
}
