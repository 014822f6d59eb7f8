import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { asError } from '../../shared/core/errors.ts';
import { eventIdTimeMs } from '../../shared/core/ids/event-id.ts';
import { problemOf, type RefusalReason } from '../../shared/core/ingest/refusal.ts';
import { type FunctionLog, logFailure } from '../../shared/lambda/failure-log.ts';
import { type HttpResult, jsonResult, problemResult, unavailableResult } from '../../shared/lambda/http-errors.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import { UnusableSecret } from '../../shared/ports/secrets.ts';
import type { IngestAnswer, Ingested, IngestRequest } from './ingest-request.ts';

export type Reporting = { metrics: StageMetrics; log: FunctionLog };

/** The request from API Gateway's HTTP API, with the body's exact bytes. */
export function toIngestRequest(event: APIGatewayProxyEventV2): IngestRequest {
  const headers = Object.entries(event.headers ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), value] as const],
  );
  return {
    method: event.requestContext.http.method,
    source: event.pathParameters?.source ?? '',
    // A pasted URL may end in these after its token.
    token: (event.pathParameters?.token ?? '').replace(/[\s/]+$/, ''),
    headers: Object.fromEntries(headers),
    rawBody: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
  };
}

export function toHttpResult(answer: IngestAnswer): HttpResult {
  switch (answer.kind) {
    case 'accepted':
      if (answer.bare) return { statusCode: 204, headers: { [eventIdHeader]: answer.ids.join(',') } };
      return jsonResult(200, { accepted: answer.ids.length, ids: answer.ids });
    case 'unavailable':
      return unavailableResult(answer.retryAfterSeconds);
    case 'refused':
      return problemResult(problemOf(answer), headersByReason[answer.reason]);
  }
}

/** Refusals with a separate alarm, in addition to the one for all. */
const countedAs: Partial<Record<RefusalReason, 'SignaturesRefused' | 'UrlsRefused'>> = {
  signature_missing: 'SignaturesRefused',
  signature_wrong: 'SignaturesRefused',
  signature_partial: 'SignaturesRefused',
  source_unknown: 'UrlsRefused',
  token_wrong: 'UrlsRefused',
};

/** The header in which an answer without a body names the accepted event. */
const eventIdHeader = 'x-signalbox-event-id';

const headersByReason: Partial<Record<RefusalReason, Record<string, string>>> = {
  method_not_allowed: { allow: 'POST' },
  encoding_unsupported: { 'accept-encoding': 'gzip, identity' },
};

/**
 * The fields of a line about a request, in addition to the reason: never its token, its body or a
 * header's value.
 */
export type RequestFacts = { request_id?: string; bytes?: number };

/**
 * A limit, since the ids of 10,000 events would make a line of 260 KB; they share a time and a
 * source.
 */
const idsInLineMax = 10;

/** Counts every answer; logs a line only for problems. */
export function report({ source, answer }: Ingested, facts: RequestFacts, { metrics, log }: Reporting): void {
  switch (answer.kind) {
    case 'accepted':
      countEvents(source, 'EventsAccepted', answer.ids, metrics);
      return;
    case 'refused': {
      const { reason, position } = answer;
      metrics.count(source, 'RequestsRefused', 1, reason);
      const narrower = countedAs[reason];
      if (narrower !== undefined) metrics.count(source, narrower, 1, reason);
      log.warn('request refused', { source, reason, status: problemOf(answer).status, position, ...facts });
      return;
    }
    case 'unavailable':
      metrics.count(source, 'RequestsFailed');
      countEvents(source, 'EventsUnanswered', answer.unansweredIds ?? [], metrics);
      logFailure(log, 'request not accepted', asError(answer.error), {
        source,
        status: 503,
        ...(answer.error instanceof UnusableSecret && { reason: answer.error.reason }),
        event_ids: answer.unansweredIds?.slice(0, idsInLineMax),
        ...facts,
      });
  }
}

/** Counted at the time in their ids, so that a minute's count equals its number of rows. */
function countEvents(source: string, name: string, ids: string[], metrics: StageMetrics): void {
  const [first] = ids;
  // All events of a request have one time of receipt.
  if (first !== undefined) metrics.countAt(eventIdTimeMs(first), source, name, ids.length);
}
