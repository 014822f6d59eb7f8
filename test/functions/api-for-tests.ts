import { randomBytes } from 'node:crypto';
import Knock from '@knocklabs/node';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { type ApiDeps, answerRequest } from '../../functions/api/answer-request.ts';
import { findRoute } from '../../functions/api/find-route.ts';
import { openApiDocument } from '../../functions/api/openapi.ts';
import { routes } from '../../functions/api/routes/index.ts';
import { decodePath, matchRoute, proxyEvent } from '../../infra/local/proxy-event.ts';
import { makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { makeApiKeys } from '../../shared/adapters/dynamodb-api-keys.ts';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeBulkOperations } from '../../shared/adapters/dynamodb-bulk-operations.ts';
import { makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import { makeConfigurationSource } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeDirectoryList } from '../../shared/adapters/dynamodb-directory-list.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { makeSeenRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import type { RawEvent } from '../../shared/core/events/raw-event.ts';
import type { ActionsMessage } from '../../shared/core/plan/actions-message.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { makeRefusals } from '../../shared/lambda/refusals.ts';
import { lookAgainFor } from '../../shared/lambda/sender/look-again.ts';
import { createKey } from '../../shared/operations/keys/keys.ts';
import { makeRunReads } from '../../shared/operations/runs/run-reads.ts';
import type { Secrets } from '../../shared/ports/secrets.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { makeKeptLog } from '../support/function-log.ts';
import { importOnce } from '../support/import-once.ts';

export type ApiAnswer = { status: number; headers: Record<string, string>; body: unknown };
type Change = { body?: unknown; key?: string | null; headers?: Record<string, string> };

/**
 * The API over the real adapters and tables in process; messages for workflow-trigger are kept. Every answer is checked against
 * the OpenAPI document.
 */
export type TestApi = {
  tables: TestTables;
  deps: ApiDeps;
  /** A secret key that works. */
  key: string;
  /** Requests to any host go through the gateway's code into the function. */
  fetch: typeof fetch;
  /** The official client, whose requests go through the gateway's code into the function. */
  client: Knock;
  messages: ActionsMessage[];
  /** Events for the processor. */
  events: RawEvent[];
  /** Values of secrets, by name. */
  secrets: Map<string, string[]>;
  /** Lines that the log got, reads included. */
  lines: Record<string, unknown>[];
  /** Lines that are counts, of refusals too; other counts are printed by `deps.metrics.flush()`. */
  counted: Record<string, unknown>[];
  call(method: string, target: string, change?: Change): Promise<ApiAnswer>;
  makeKey(kind: 'secret' | 'public'): Promise<{ id: string; key: string }>;
  stop(): Promise<void>;
};

export async function startApi(changes: Partial<ApiDeps> = {}, given?: TestTables): Promise<TestApi> {
  const tables = given ?? (await startTables());
  const { client, names } = tables;
  const table = { client, table: names.Configuration };
  const configuration = makeConfigurationSource(table);
  const messages: ActionsMessage[] = [];
  const events: RawEvent[] = [];
  const log = makeKeptLog();
  const values = new Map<string, string[]>();
  const secrets: Secrets = {
    valuesOf: async (name) => values.get(name),
    refresh: async (name) => values.get(name),
  };
  const lines: Record<string, unknown>[] = [];
  const counted: Record<string, unknown>[] = [];
  const metrics = makeStageMetrics('development', (line) => counted.push(JSON.parse(line)));
  const deps: ApiDeps = {
    routes,
    openApi: async () => openApiDocument(routes),
    environment: 'development',
    configuration: () => configuration.current(),
    keys: makeApiKeys(table),
    seen: makeSeenRegistry(table),
    directory: makeDirectory(client, names.Directory),
    list: makeDirectoryList(client, names.Directory),
    subscriptions: makeSubscriptions(client, names.Directory),
    audiences: makeAudiences(client, names.Directory),
    claims: makeClaimStore(client, names.Claims),
    eventLog: makeEventLog({ client, table: names.EventLog, retentionDays: 30, usersIndex: true }),
    actionLog: makeActionLog({ client, table: names.ActionLog, retentionDays: 30 }),
    runReads: makeRunReads({
      runs: { client, table: names.WorkflowRuns },
      actionLog: { client, table: names.ActionLog },
      registry: table,
      configuration: changes.configuration ?? (() => configuration.current()),
      logShards: 1,
      // A list looks through each day.
      retentionDays: 1,
    }),
    bulkOperations: makeBulkOperations({ client, table: names.ActionLog, retentionDays: 30 }),
    actionsQueue: {
      async sendEach(sent) {
        messages.push(...sent);
        return sent.map(() => ({ sent: true }));
      },
    },
    eventsQueue: {
      async sendEach(sent) {
        events.push(...sent);
        return sent.map(() => ({ sent: true }));
      },
    },
    senders: {
      configuration: {
        current: () => deps.configuration(),
        reload: () => deps.configuration(),
      },
      secrets,
      lookAgain: lookAgainFor(Date.now),
      log,
      nowMs: Date.now,
    },
    metrics,
    refusals: makeRefusals({ metrics, service: 'api', nowMs: changes.nowMs ?? Date.now }),
    log: { ...log, info: (message, context) => void lines.push({ level: 'info', message, ...context }) },
    logShards: 1,
    syncLimits: { batchSize: 500, parallelBatches: 8, recordsPerSecond: 500, requestsPerSecond: 50 },
    nowMs: Date.now,
    randomBytes,
    ...changes,
  };
  const makeKey = (kind: 'secret' | 'public') =>
    createKey(
      { name: 'development', configuration: table },
      { name: kind, kind },
      { author: 'test', nowMs: Date.now(), entropy: randomBytes(32) },
    );
  const { key } = await makeKey('secret');

  const { checkAnswer } = await importOnce<typeof import('../support/openapi-answers.ts')>(
    'test/support/openapi-answers.ts',
  );
  async function fetchFrom(method: string, target: string, headers: Record<string, string>, body: Buffer) {
    const path = decodePath(target) ?? '';
    const routeKeys = ['ANY /v1/sources/{source}/{token+}', 'ANY /v1/sources/{source}/{token}/rpc', 'ANY /v1/{proxy+}'];
    const match = matchRoute(routeKeys, method, path);
    if (match === undefined) return { statusCode: 404, headers: {}, body: '{"message":"Not Found"}' };
    const received = { id: 'r', receivedAt: new Date(), method, target, httpVersion: '1.1', headers, cookies: [] };
    const event = proxyEvent({ ...received, sourceIp: '127.0.0.1', port: 3000, body }, path, match);
    const answer = await answerRequest(JSON.parse(event) as APIGatewayProxyEventV2, deps);
    const found = findRoute(routes, method, path);
    const route = found.kind === 'found' ? found.route : undefined;
    checkAnswer(route, answer.statusCode, answer.body === undefined ? undefined : JSON.parse(answer.body));
    return answer;
  }

  async function fetchLike(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const body = Buffer.from(await request.arrayBuffer());
    // The path as the client wrote it, before `URL` could change its escapes.
    const target = String(input).slice(url.origin.length);
    const answer = await fetchFrom(request.method, target, Object.fromEntries(request.headers), body);
    const headers = answer.headers as Record<string, string>;
    return new Response(answer.statusCode === 204 ? null : (answer.body ?? ''), { status: answer.statusCode, headers });
  }

  return {
    tables,
    deps,
    key,
    fetch: fetchLike,
    client: new Knock({ apiKey: key, baseURL: 'http://api.test', fetch: fetchLike, maxRetries: 0 }),
    messages,
    events,
    secrets: values,
    lines,
    counted,
    makeKey,
    async call(method, target, { body, key: given = key, headers = {} } = {}) {
      const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
      const sent = {
        ...(given !== null && { authorization: `Bearer ${given}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      };
      const answer = await fetchFrom(method, target, sent, Buffer.from(text));
      return {
        status: answer.statusCode,
        headers: answer.headers as Record<string, string>,
        body: answer.body === undefined ? undefined : JSON.parse(answer.body),
      };
    },
    stop: () => tables.stop(),
  };
}
