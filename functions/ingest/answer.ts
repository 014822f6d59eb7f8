import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { asError } from '../../shared/core/errors.ts';
import { eventIdTimeMs } from '../../shared/core/ids/event-id.ts';
import { problemOf, type RefusalReason } from '../../shared/core/ingest/refusal.ts';
import { type FunctionLog, logFailure } from '../../shared/lambda/failure-log.ts';
import { type HttpResult, jsonResult, problemResult, unavailableResult } from '../../shared/lambda/http-errors.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import type { IngestAnswer, Ingested, IngestRequest } from './ingest-request.ts';

export type Reporting = { metrics: StageMetrics; log: FunctionLog };

/** What API Gateway's HTTP API passes on, with the body as the exact bytes it received. */
export function toIngestRequest(event: APIGatewayProxyEventV2): IngestRequest {
  const headers = Object.entries(event.headers ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), value] as const],
  );
  return {
    method: event.requestContext.http.method,
    source: event.pathParameters?.source ?? '',
    // What a pasted URL may end in beside its token.
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

/** What has an alarm of its own beside all refusals. */
const countedAs: Partial<Record<RefusalReason, 'SignaturesRefused' | 'UrlsRefused'>> = {
  signature_missing: 'SignaturesRefused',
  signature_wrong: 'SignaturesRefused',
  signature_partial: 'SignaturesRefused',
  source_unknown: 'UrlsRefused',
  token_wrong: 'UrlsRefused',
};

/** Where an answer without a body says which event it accepted. */
const eventIdHeader = 'x-signalbox-event-id';

const headersByReason: Partial<Record<RefusalReason, Record<string, string>>> = {
  method_not_allowed: { allow: 'POST' },
  encoding_unsupported: { 'accept-encoding': 'gzip, identity' },
};

/** What a line about a request says besides why: never its token, its body or the value of a header. */
export type RequestFacts = { request_id?: string; bytes?: number };

/** A request of 10,000 events does not make a line of 260 KB; their ids share a time and a source. */
const idsInLineMax = 10;

/** Counts every answer; writes a line only for those that are a problem. */
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
        event_ids: answer.unansweredIds?.slice(0, idsInLineMax),
        ...facts,
      });
  }
}

/** At the time that their ids carry, so that the count of a minute is the number of rows of that minute. */
function countEvents(source: string, name: string, ids: string[], metrics: StageMetrics): void {
  const [first] = ids;
  // One request, one time of receipt.
  if (first !== undefined) metrics.countAt(eventIdTimeMs(first), source, name, ids.length);
}
