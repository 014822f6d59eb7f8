import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { asError } from '../../shared/core/errors.ts';
import { eventIdTimeMs } from '../../shared/core/ids/event-id.ts';
import { problemOf, type RefusalReason } from '../../shared/core/ingest/refusal.ts';
import { type FunctionLog, logFailure } from '../../shared/lambda/failure-log.ts';
import { type HttpResult, jsonResult, problemResult, unavailableResult } from '../../shared/lambda/http-errors.ts';
import type { StageMetrics } from '../../shared/lambda/metrics.ts';
import type { Refusals } from '../../shared/lambda/refusals.ts';
import { type NotAccepted, unavailableReason } from '../../shared/ports/refusal-notes.ts';
import { UnusableSecret } from '../../shared/ports/secrets.ts';
import type { IngestAnswer, Ingested, IngestRequest } from './ingest-request.ts';

export type Reporting = { metrics: StageMetrics; log: FunctionLog; refusals: Refusals };

/** The request from API Gateway's HTTP API, with the body's exact bytes. */
export function toIngestRequest(event: APIGatewayProxyEventV2): IngestRequest {
  const headers = Object.entries(event.headers ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), value] as const],
  );
  const body = event.body ?? '';
  const encoding = event.isBase64Encoded ? 'base64' : 'utf8';
  let rawBody: Uint8Array | undefined;
  return {
    method: event.requestContext.http.method,
    source: event.pathParameters?.source ?? '',
    // A pasted URL may end in these after its token.
    token: (event.pathParameters?.token ?? '').replace(/[\s/]+$/, ''),
    headers: Object.fromEntries(headers),
    // Read only once the URL's token is right: a stranger's 6 MB cost nothing.
    get rawBody() {
      rawBody ??= Buffer.from(body, encoding);
      return rawBody;
    },
  };
}

/** The size of a request's body, without reading it. */
export function bodyBytes({ body = '', isBase64Encoded }: APIGatewayProxyEventV2): number {
  return Buffer.byteLength(body, isBase64Encoded ? 'base64' : 'utf8');
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
  encoding_unsupported: { 'accept-encoding': 'gzip, br, deflate, identity' },
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

/**
 * Requests of more events, which take several requests to the queue, are counted before as well: a
 * function that stops in the middle (out of memory, say) leaves events in the queue that no answer
 * names. So they count as unanswered until the answer takes that back. The single request of a
 * smaller one is not worth a second line.
 */
const countedBeforeFrom = 11;

export function reportSending(source: string, ids: string[], metrics: StageMetrics): void {
  if (ids.length < countedBeforeFrom) return;
  countEvents(source, 'EventsUnanswered', ids, ids.length, metrics);
  metrics.flush();
}

/** Counts every answer; logs a line only for problems, and for refusals perhaps one for many. */
export function report({ source, answer }: Ingested, facts: RequestFacts, { metrics, log, refusals }: Reporting): void {
  refusals.settle();
  switch (answer.kind) {
    case 'accepted':
      countEvents(source, 'EventsAccepted', answer.ids, answer.ids.length, metrics);
      countEvents(source, 'EventsUnanswered', answer.ids, -countedBefore(answer.ids.length), metrics);
      return;
    case 'refused': {
      const { reason, position } = answer;
      const narrower = countedAs[reason];
      const names = ['RequestsRefused', ...(narrower === undefined ? [] : [narrower])];
      refusals.add({ source, reason, names, facts: { status: problemOf(answer).status, position, ...facts } });
      return;
    }
    case 'unavailable':
      metrics.count(source, 'RequestsFailed', 1, unavailableReason(answer.error));
      if (answer.sending !== undefined) {
        const { ids, unansweredIds } = answer.sending;
        countEvents(source, 'EventsUnanswered', ids, unansweredIds.length - countedBefore(ids.length), metrics);
      }
      logFailure(log, 'request not accepted', asError(answer.error), {
        source,
        status: 503,
        ...(answer.error instanceof UnusableSecret && { reason: answer.error.reason }),
        event_ids: answer.sending?.unansweredIds.slice(0, idsInLineMax),
        ...facts,
      });
  }
}

/**
 * What people are to be shown of a request that was not accepted; undefined when it was. A wrong URL
 * leaves no note, since strangers must not cause a write.
 */
export function noteOf({ source, answer }: Ingested): Pick<NotAccepted, 'source' | 'reason'> | undefined {
  switch (answer.kind) {
    case 'accepted':
      return undefined;
    case 'refused':
      return countedAs[answer.reason] === 'UrlsRefused' ? undefined : { source, reason: answer.reason };
    case 'unavailable':
      return source === 'unknown' ? undefined : { source, reason: unavailableReason(answer.error) };
  }
}

const countedBefore = (events: number) => (events < countedBeforeFrom ? 0 : events);

/** Counted at the time in their ids, so that a minute's count equals its number of rows. */
function countEvents(source: string, name: string, ids: string[], count: number, metrics: StageMetrics): void {
  const [first] = ids;
  // All events of a request have one time of receipt.
  if (first !== undefined && count !== 0) metrics.countAt(eventIdTimeMs(first), source, name, count);
}
