import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { defined } from '../../shared/core/defined.ts';
import { asError, RetryableError } from '../../shared/core/errors.ts';
import { apiSource } from '../../shared/core/ids/api-source.ts';
import { logShardsMax, makeEventId } from '../../shared/core/ids/event-id.ts';
import { logFailure } from '../../shared/lambda/failure-log.ts';
import type { HttpResult } from '../../shared/lambda/http-errors.ts';
import type { Refusals } from '../../shared/lambda/refusals.ts';
import { type Asked, type Recorded, recordRequest } from '../../shared/operations/requests/record-request.ts';
import type { ApiRequest } from '../../shared/operations/requests/request.ts';
import type { ApiKey, ApiKeys } from '../../shared/ports/api-keys.ts';
import {
  type Answer,
  type Done,
  httpResult,
  invalid,
  problemsOf,
  type RefusalCode,
  type Refused,
  unavailable,
} from './answer.ts';
import { authenticate } from './authenticate.ts';
import { authenticateSender } from './authenticate-sender.ts';
import { type Found, findRoute } from './find-route.ts';
import { readJsonBody } from './read-body.ts';
import { readQuery } from './read-query.ts';
import { type ApiPorts, type Call, hasRow, type Route, type Sender } from './route.ts';

export type ApiDeps = ApiPorts & { keys: ApiKeys; refusals: Refusals };

/** Actions begin no long work after this, so that the answer is out before the caller's patience ends. */
const workMs = 20_000;

// Twelve for the id and one to choose the shard.
const entropyBytes = 13;

/**
 * One request from start to finish: who asks, which call, are its parts right; do it; write its
 * rows; answer. It never throws: our own faults are 503, which clients repeat.
 */
export async function answerRequest(event: APIGatewayProxyEventV2, deps: ApiDeps): Promise<HttpResult> {
  const receivedAtMs = deps.nowMs();
  const entropy = deps.randomBytes(entropyBytes);
  const shard = (entropy[entropyBytes - 1] ?? 0) % Math.min(deps.logShards, logShardsMax);
  const id = makeEventId(apiSource, shard, receivedAtMs, entropy);
  deps.refusals.settle();
  const found = findRoute(deps.routes, event.requestContext.http.method, event.rawPath);
  const answer = await settleOrFail(found, event, { id, receivedAtMs, deadlineMs: receivedAtMs + workMs }, deps);
  const headers = found.kind === 'found' ? found.route.answerHeaders?.(deps) : undefined;
  return headers === undefined ? answer : { ...answer, headers: { ...answer.headers, ...headers } };
}

async function settleOrFail(
  found: Found | Refused,
  event: APIGatewayProxyEventV2,
  times: Times,
  deps: ApiDeps,
): Promise<HttpResult> {
  const { id, receivedAtMs } = times;
  try {
    return await settle(found, event, times, deps);
  } catch (error) {
    deps.metrics.count(apiSource, 'ApiRequests');
    deps.metrics.count(apiSource, 'RequestsFailed');
    // It may have its row all the same: the table's answer was lost, or comes after ours.
    deps.metrics.countAt(receivedAtMs, apiSource, 'EventsUnanswered');
    logFailure(deps.log, 'request not answered', asError(error), { request_id: id, status: 503 });
    return unavailable(id, error instanceof RetryableError ? error.retryAfterSeconds : undefined);
  }
}

type Times = Pick<ApiRequest, 'id' | 'receivedAtMs' | 'deadlineMs'>;

async function settle(
  found: Found | Refused,
  event: APIGatewayProxyEventV2,
  times: Times,
  deps: ApiDeps,
): Promise<HttpResult> {
  if (found.kind === 'found' && found.route.permission === 'none')
    return countedResult(await open(found, event, times, deps), {}, times, deps);
  if (found.kind === 'found' && found.route.permission === 'source') return answerSender(found, event, times, deps);
  const authenticated = await authenticate(event.headers.authorization, deps.keys);
  if (authenticated.kind === 'refused') return countedResult(authenticated, {}, times, deps);
  const { key } = authenticated;
  // It never fails, and is waited for in any case: what a function leaves running may never end.
  const noted = noteUse(key, times, deps);
  try {
    const answer = await answerKnown(found, event, key, times, deps);
    const call = found.kind === 'found' ? found.route.call : 'unknown';
    return countedResult(answer, callFacts({ ...times, call, key }, event, deps), times, deps);
  } finally {
    await noted;
  }
}

/** Refusals that mean a missing or wrong key; they have an alarm of their own. */
const keyRefusals: ReadonlySet<RefusalCode> = new Set(['authentication_required', 'authorization']);

/**
 * Counts the answer: a refusal by a line with `facts`, or together with others like it.
 * @param by whom a refusal counts for, and under which further name. Default: the API
 */
function countedResult(
  answer: Answer,
  facts: Record<string, unknown>,
  { id }: Times,
  { metrics, refusals }: ApiDeps,
  { source = apiSource, name }: { source?: string; name?: string } = {},
): HttpResult {
  if (answer.kind === 'refused') {
    const { code, status } = answer;
    const narrower = name ?? (source === apiSource && keyRefusals.has(code) ? 'KeysRefused' : undefined);
    refusals.add({
      source,
      reason: code,
      names: ['ApiRefused', ...(narrower === undefined ? [] : [narrower])],
      namesOfAllReasons: ['ApiRequests'],
      facts: { request_id: id, status, ...facts },
    });
  } else metrics.count(apiSource, 'ApiRequests');
  return httpResult(answer, id);
}

/** A request to the URL of a source: its secrets are those of its events. */
async function answerSender(found: Found, event: APIGatewayProxyEventV2, times: Times, deps: ApiDeps) {
  const { route, params } = found;
  const { source = '', token = '' } = params;
  const rawBody = rawBodyOf(event);
  const authenticated = await authenticateSender({ source, token, headers: headersOf(event), rawBody }, deps.senders);
  // A refusal without the right token is no matter of the source that it names.
  if (authenticated.kind === 'refused') {
    const { code } = authenticated;
    const by = code === 'authentication_required' ? { source, name: 'SignaturesRefused' } : {};
    return countedResult(authenticated, {}, times, deps, by);
  }
  const { kind: _kind, ...sender } = authenticated;
  const request: ApiRequest = { ...times, call: route.call, key: { id: '', name: '' } };
  const body = readJsonBody(rawBody, event.headers['content-encoding']);
  const answer = await handle(route, params, event, body, request, deps, sender);
  // The path holds the token.
  const facts = { call: route.call, path: route.path, source, ms: deps.nowMs() - times.receivedAtMs };
  if (answer.kind === 'done')
    deps.log.info('request answered', { request_id: times.id, status: answer.status, ...facts, ...answer.line });
  return countedResult(answer, facts, times, deps, { source });
}

/** A call that takes no key: it reads, and has no row. */
async function open({ route, params }: Found, event: APIGatewayProxyEventV2, times: Times, deps: ApiDeps) {
  const request = { ...times, call: route.call, key: { id: '', name: '' } };
  const call = parseCall(route, params, event, { kind: 'read', text: '', value: undefined }, request, deps);
  return 'handle' in call ? call.handle() : call;
}

async function answerKnown(
  found: Found | Refused,
  event: APIGatewayProxyEventV2,
  key: ApiKey,
  times: Times,
  deps: ApiDeps,
): Promise<Answer> {
  if (found.kind === 'refused') return found;
  const { route, params } = found;
  const idempotencyKey = event.headers['idempotency-key'];
  const request: ApiRequest = { ...times, call: route.call, key, ...defined({ idempotencyKey }) };
  const body = route.body === undefined ? emptyBody : readJsonBody(rawBodyOf(event), event.headers['content-encoding']);
  const answer = await handle(route, params, event, body, request, deps);
  if (!hasRow(route)) {
    if (answer.kind === 'done') logRead(deps, request, event, answer);
    return answer;
  }
  await record(request, askedOf(event, body.kind === 'read' ? body.text : ''), answer, params.user_id, deps);
  return answer;
}

const emptyBody = { kind: 'read', text: '', value: undefined } as const;
type Body = ReturnType<typeof readJsonBody>;

async function handle(
  route: Route,
  params: Record<string, string>,
  event: APIGatewayProxyEventV2,
  body: Body,
  request: ApiRequest,
  ports: ApiPorts,
  sender?: Sender,
): Promise<Answer> {
  if (body.kind === 'refused') return body;
  const call = parseCall(route, params, event, body, request, ports, sender);
  return 'handle' in call ? call.handle() : call;
}

/** A call whose parts are right, or everything that is wrong with them. */
function parseCall(
  route: Route,
  params: Record<string, string>,
  event: APIGatewayProxyEventV2,
  body: Extract<Body, { kind: 'read' }>,
  request: ApiRequest,
  ports: ApiPorts,
  sender?: Sender,
): { handle(): Promise<Answer> } | Refused {
  const given = { params, query: readQuery(event.rawQueryString), body: body.value ?? {} };
  const parsed = {
    params: route.params.safeParse(given.params),
    query: route.query.safeParse(given.query),
    body: route.body?.safeParse(given.body),
  };
  const problems = (['params', 'query', 'body'] as const).flatMap((part) => {
    const error = parsed[part]?.error;
    return error === undefined ? [] : problemsOf(error, given[part]);
  });
  if (problems.length > 0) return invalid(problems);
  const call = {
    params: parsed.params.data,
    query: parsed.query.data,
    body: parsed.body?.data,
    text: body.text,
    headers: headersOf(event),
    ...(sender && { sender }),
    request,
    ports,
  } as unknown as Call<never, never, never>;
  return { handle: () => route.handle(call) };
}

function rawBodyOf({ body = '', isBase64Encoded }: APIGatewayProxyEventV2): Buffer {
  return Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
}

/** With names in lower case. */
function headersOf({ headers }: APIGatewayProxyEventV2): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value ?? '']));
}

function askedOf(event: APIGatewayProxyEventV2, body: string): Asked {
  const kept = Object.entries(event.headers).flatMap(([name, value]) =>
    keptHeaders.has(name.toLowerCase()) && value !== undefined ? [[name.toLowerCase(), value] as const] : [],
  );
  return {
    method: event.requestContext.http.method,
    path: event.rawPath,
    query: event.rawQueryString,
    headers: Object.fromEntries(kept),
    body,
  };
}

/** As with events: an allow-list, without credentials. */
const keptHeaders = new Set(['content-type', 'user-agent', 'idempotency-key']);

/**
 * The rows of a call that changes something, or was refused to. A done call is answered when its row
 * is written; a refused one changed nothing, so its answer stands without a row.
 * @param userInPath the row of a refused call is found by it: its body may tell of this user
 */
async function record(
  request: ApiRequest,
  asked: Asked,
  answer: Answer,
  userInPath: string | undefined,
  deps: ApiDeps,
): Promise<void> {
  const recorded: Recorded =
    answer.kind === 'refused'
      ? { refusal: answer.message, ...defined({ userId: userInPath }) }
      : (answer.recorded ?? {});
  let reason: string | undefined;
  try {
    reason = await recordRequest(request, asked, recorded, deps);
  } catch (error) {
    await recorded.ifUnwritten?.();
    if (answer.kind === 'done') throw error;
    deps.metrics.countAt(request.receivedAtMs, apiSource, 'EventsUnanswered');
    logFailure(deps.log, 'the row of a refused request could not be written', asError(error), {
      request_id: request.id,
    });
    return;
  }
  // At the time in its id, so that a minute's count equals its number of rows.
  deps.metrics.countAt(request.receivedAtMs, apiSource, 'EventsAccepted');
  if (answer.kind === 'refused') deps.metrics.count(apiSource, 'EventsRejected', 1, reason);
  else if (recorded.duplicateOf !== undefined) deps.metrics.count(apiSource, 'EventsDuplicate', 1, 'duplicate');
  else deps.metrics.count(apiSource, 'EventsProcessed');
  for (const _ of recorded.performed ?? []) deps.metrics.count(apiSource, 'ActionsSucceeded');
  await bestEffort('the API could not be noted as a source', request.id, deps, () =>
    deps.seen.note([{ source: apiSource, eventId: request.id, eventType: request.call }], deps.nowMs()),
  );
}

function noteUse(key: ApiKey, { id }: Times, deps: ApiDeps): Promise<void> {
  return bestEffort('the use of a key could not be noted', id, deps, () => deps.keys.noteUse(key, deps.nowMs()));
}

/** For what no answer waits for in vain: it is logged and left. */
async function bestEffort(what: string, id: string, { log }: ApiDeps, work: () => Promise<void>): Promise<void> {
  await work().catch((error) => logFailure(log, what, asError(error), { request_id: id }));
}

/**
 * Reads have no row, which would cost ten times as much as they do: one line says who read what. So
 * it is for requests that write rows of their own.
 */
function logRead(deps: ApiDeps, request: ApiRequest, event: APIGatewayProxyEventV2, answer: Done): void {
  const facts = { request_id: request.id, status: answer.status, ...callFacts(request, event, deps), ...answer.line };
  deps.log.info('request answered', facts);
}

/** Who called what: not for strangers, whose path and key may hold anything. */
function callFacts(
  { call, key, receivedAtMs }: Pick<ApiRequest, 'call' | 'key' | 'receivedAtMs'>,
  event: APIGatewayProxyEventV2,
  { nowMs }: ApiDeps,
): Record<string, unknown> {
  return { call, path: event.rawPath, key: key.id, key_name: key.name, ms: nowMs() - receivedAtMs };
}
