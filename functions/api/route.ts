import type * as z from 'zod';
import type { SyncLimits } from '../../shared/core/destinations/destination.ts';
import type { VerificationStatus } from '../../shared/core/events/raw-event.ts';
import type { FunctionLog } from '../../shared/lambda/failure-log.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import type { Located } from '../../shared/lambda/sender/locate-source.ts';
import type { SenderDeps } from '../../shared/lambda/sender/sender.ts';
import type { ApiRequest, RequestPorts } from '../../shared/operations/requests/request.ts';
import type { RunReads } from '../../shared/operations/runs/run-reads.ts';
import type { DirectoryList } from '../../shared/ports/directory.ts';
import type { EventsQueue } from '../../shared/ports/queues.ts';
import type { SeenRegistry } from '../../shared/ports/seen-registry.ts';
import type { Answer } from './answer.ts';

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** The source of a request to a source's URL. */
export type Sender = Pick<Located, 'source' | 'oldCredentials'> & { verification: VerificationStatus };

/** A request after its parts were checked. */
export type Call<Params, Query, Body> = {
  params: Params;
  query: Query;
  body: Body;
  /** The body as it was sent; empty without one. */
  text: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** With permission `source`: whose URL it is, and how the request was checked. */
  sender?: Sender;
  request: ApiRequest;
  ports: ApiPorts;
};

/** What routes may use besides what requests may. */
export type ApiPorts = RequestPorts & {
  list: DirectoryList;
  runReads: RunReads;
  routes: readonly Route[];
  /** The OpenAPI document of the routes. */
  openApi(): Promise<unknown>;
  seen: SeenRegistry;
  metrics: StageMetrics;
  log: FunctionLog & { info(message: string, context: Record<string, unknown>): void };
  logShards: number;
  randomBytes(size: number): Uint8Array;
  eventsQueue: EventsQueue;
  senders: SenderDeps;
  syncLimits: SyncLimits;
};

/** One call of the API, as data: requests are checked, and the documents written, from it. */
export type Route = {
  /** As the client names it, and so the event type in the log: `users.update`. */
  call: string;
  method: Method;
  /** `/v1/users/{user_id}`; a last part `{id+}` is all of the rest, slashes included. */
  path: string;
  /** For the documents: a sentence without full stop. */
  does: string;
  /**
   * `secret`: a secret key. `source`: the token of a source's URL, and the proof that the source asks
   * for. `none`: no key at all.
   */
  permission: 'secret' | 'source' | 'none';
  params: z.ZodObject;
  query: z.ZodObject;
  /** Absent: a body is ignored. */
  body?: z.ZodType;
  /** The body of a 200; absent: 204. */
  answer?: z.ZodType;
  /** Whether 204 is possible although there is an `answer`. Default: false. */
  mayBeEmpty?: boolean;
  /**
   * Whether a request is a line of the log instead of a row. Default: reads are lines. For requests
   * that write rows of their own.
   */
  isLine?: boolean;
  /** Headers of every answer to it, refusals included. Default: none. */
  answerHeaders?(ports: ApiPorts): Record<string, string>;
  handle(call: Call<never, never, never>): Promise<Answer>;
};

/** Checks a route's types; its `handle` gets what its own schemas give. */
export function defineRoute<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType>(
  route: Omit<Route, 'params' | 'query' | 'body' | 'handle'> & {
    params: Params;
    query: Query;
    body?: Body;
    handle(call: Call<z.output<Params>, z.output<Query>, z.output<Body>>): Promise<Answer>;
  },
): Route {
  return route as unknown as Route;
}

/** Whether a request has rows in the logs: it may change something, and writes none of its own. */
export function hasRow({ method, isLine = false }: Pick<Route, 'method' | 'isLine'>): boolean {
  return method !== 'GET' && !isLine;
}
