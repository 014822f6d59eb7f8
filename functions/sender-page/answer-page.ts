import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { asError, RetryableError } from '../../shared/core/errors.ts';
import { apiSource } from '../../shared/core/ids/api-source.ts';
import { linkHash, openSealed } from '../../shared/core/ids/link-token.ts';
import { type FunctionLog, logFailure } from '../../shared/lambda/failure-log.ts';
import type { HttpResult } from '../../shared/lambda/http-errors.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import {
  type LinkedCounts,
  type LinkedEnvironment,
  readLinkedCounts,
  readLinkedPayload,
  readLinkedSource,
} from '../../shared/operations/links/linked-source.ts';
import { tryPayload } from '../../shared/operations/links/try-payload.ts';
import type { ConfigurationSource } from '../../shared/ports/configuration.ts';
import { linkWorks, type SourceLink, type SourceLinks } from '../../shared/ports/source-links.ts';
import { contentSecurityPolicy, noticePage, type View, viewPage } from './page.ts';
import type { RateLimit } from './rate-limit.ts';

export type PageDeps = {
  environment: LinkedEnvironment;
  configuration: Pick<ConfigurationSource, 'current'>;
  links: SourceLinks;
  rateLimit: RateLimit;
  /** Counts of a source, remembered: CloudWatch bills each query. */
  counts(source: string): Promise<LinkedCounts>;
  metrics: StageMetrics;
  log: FunctionLog & { info(message: string, context: Record<string, unknown>): void };
  nowMs(): number;
};

/**
 * A view of one source by its link. Whatever is wrong with a link, the answer is the same page, so that
 * it tells no stranger which links there are or were.
 */
export async function answerPage(event: APIGatewayProxyEventV2, deps: PageDeps): Promise<HttpResult> {
  const { metrics, log } = deps;
  const { requestId, http } = event.requestContext;
  metrics.count(apiSource, 'ApiRequests');
  try {
    const { status, body, retryAfterSeconds } = await answer(event, deps);
    if (status !== 200) metrics.count(apiSource, 'ApiRefused', 1, status === 429 ? 'link_rate' : 'link_unknown');
    return result(status, http.method === 'HEAD' ? '' : body, retryAfterSeconds);
  } catch (error) {
    logFailure(log, 'page not answered', asError(error), { request_id: requestId, status: 503 });
    const seconds = error instanceof RetryableError ? error.retryAfterSeconds : undefined;
    return result(
      503,
      noticePage('One moment', 'A part of this service is away. Try again in a moment.'),
      seconds ?? 5,
    );
  }
}

type Answered = { status: 200 | 404 | 429; body: string; retryAfterSeconds?: number };

const unknown: Answered = {
  status: 404,
  body: noticePage(
    'This link opens nothing',
    'It may have ended, or not be whole. Ask the person who gave it to you for a new one.',
  ),
};

async function answer(event: APIGatewayProxyEventV2, deps: PageDeps): Promise<Answered> {
  const receivedAtMs = deps.nowMs();
  const { method } = event.requestContext.http;
  const token = event.pathParameters?.token ?? '';
  const hash = linkHash(token);
  if (hash === undefined || !['GET', 'HEAD', 'POST'].includes(method)) return unknown;
  if (!deps.rateLimit.take(hash, receivedAtMs)) return tooMany;
  const link = await deps.links.find(hash);
  if (link === undefined) return unknown;
  const works = linkWorks(link, receivedAtMs);
  const asked = works ? askedOf(event, link) : 'nothing';
  const line = () => ({
    request_id: event.requestContext.requestId,
    link: link.id,
    source: link.source,
    asked,
    status: works ? 200 : 404,
    ms: deps.nowMs() - receivedAtMs,
  });
  if (!works) {
    deps.log.info('link opened', line());
    return unknown;
  }
  // It never fails, and is waited for in any case: what a function leaves running may never end.
  const noted = deps.links
    .noteUse(link, receivedAtMs)
    .catch((error) => logFailure(deps.log, 'the use of a link could not be noted', asError(error), { link: link.id }));
  try {
    const body = viewPage(await readView(event, token, link, asked, deps));
    deps.log.info('link opened', line());
    return { status: 200, body };
  } finally {
    await noted;
  }
}

const tooMany: Answered = {
  status: 429,
  body: noticePage('One moment', 'This link is asked for too often. Try again in a few seconds.'),
  retryAfterSeconds: 5,
};

/** For the log, and what else is read: the page alone, its URL, one event, or what a payload becomes. */
type Asked = 'page' | 'url' | 'event' | 'trial' | 'nothing';

function askedOf(event: APIGatewayProxyEventV2, link: SourceLink): Asked {
  if (event.requestContext.http.method === 'POST') return formOf(event).has('payload') ? 'trial' : 'url';
  return link.payloads && event.queryStringParameters?.event !== undefined ? 'event' : 'page';
}

async function readView(
  event: APIGatewayProxyEventV2,
  token: string,
  link: SourceLink,
  asked: Asked,
  deps: PageDeps,
): Promise<View> {
  const { environment, log } = deps;
  const nowMs = deps.nowMs();
  const live = await deps.configuration.current();
  const form = asked === 'trial' ? formOf(event) : undefined;
  const text = form?.get('payload') ?? '';
  const id = event.queryStringParameters?.event ?? '';
  const [source, counts, payload, tried] = await Promise.all([
    readLinkedSource(environment, live, link, nowMs),
    deps.counts(link.source).catch((error) => {
      logFailure(log, 'the counts of a page could not be read', asError(error), { link: link.id, source: link.source });
      return undefined;
    }),
    asked === 'event' ? readLinkedPayload(environment, link.source, id) : undefined,
    form && tryPayload(live, { source: link.source, text, environment: environment.name, nowMs }),
  ]);
  return {
    link,
    source,
    counts,
    url: urlOf(link, token, source.urlReplaced, asked),
    nowMs,
    ...(asked === 'event' && { event: payload ?? null }),
    ...(tried && { tried: { text, result: tried } }),
  };
}

function urlOf({ sealedUrl }: SourceLink, token: string, isReplaced: boolean, asked: Asked): View['url'] {
  if (isReplaced) return { kind: 'replaced' };
  if (sealedUrl === undefined) return { kind: 'not_in_link' };
  if (asked !== 'url') return { kind: 'unasked' };
  const text = openSealed(token, sealedUrl);
  return text === undefined ? { kind: 'not_in_link' } : { kind: 'shown', text };
}

function formOf({ body = '', isBase64Encoded }: APIGatewayProxyEventV2): URLSearchParams {
  return new URLSearchParams(isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body);
}

/** Counts of each source for a quarter of a minute: CloudWatch has news once a minute at most. */
export function rememberedCounts(
  environment: LinkedEnvironment,
  nowMs: () => number,
  forMs = 15_000,
): PageDeps['counts'] {
  const known = new Map<string, { atMs: number; counts: Promise<LinkedCounts> }>();
  return (source) => {
    const remembered = known.get(source);
    if (remembered !== undefined && nowMs() - remembered.atMs < forMs) return remembered.counts;
    const counts = readLinkedCounts(environment, source, nowMs());
    known.set(source, { atMs: nowMs(), counts });
    counts.catch(() => known.delete(source));
    return counts;
  };
}

function result(statusCode: number, body: string, retryAfterSeconds?: number): HttpResult {
  return {
    statusCode,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex, nofollow, noarchive',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(Math.ceil(retryAfterSeconds)) }),
    },
    body,
  };
}
