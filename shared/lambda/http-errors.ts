import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Problem } from '../core/ingest/refusal.ts';

export type HttpResult = APIGatewayProxyStructuredResultV2 & { statusCode: number };

export function jsonResult(statusCode: number, body: unknown): HttpResult {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

export function problemResult(problem: Problem, headers: Record<string, string> = {}): HttpResult {
  return {
    statusCode: problem.status,
    headers: { 'content-type': 'application/problem+json', ...headers },
    body: JSON.stringify(problem),
  };
}

const retryAfterSecondsByDefault = 5;

/** Any fault of ours: the one status after which every sender retries. */
export function unavailableResult(retryAfterSeconds = retryAfterSecondsByDefault): HttpResult {
  return problemResult(
    {
      type: 'urn:signalbox:problem:unavailable',
      title: 'Try again',
      status: 503,
      detail:
        'The request was not accepted, for a fault on our side. Send it again; a repeat is recognised by its key.',
    },
    { 'retry-after': String(retryAfterSeconds) },
  );
}

/** Turns everything that a handler throws, including a timeout, into a 503. */
export function answerFaults(report: (error: unknown) => void): MiddlewareObj<APIGatewayProxyEventV2, HttpResult> {
  return {
    onError: (request) => {
      report(request.error);
      request.response = unavailableResult();
    },
  };
}
