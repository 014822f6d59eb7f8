import { randomBytes } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { callLimits, endCallsWith } from '../../shared/adapters/aws-calls.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { makeConfigurationSource } from '../../shared/adapters/dynamodb-configuration.ts';
import { makeRefusalNotes } from '../../shared/adapters/dynamodb-refusal-notes.ts';
import { makeSecrets, makeSecretsClient } from '../../shared/adapters/secrets-manager-secrets.ts';
import { makeEventsQueue, makeQueueClient } from '../../shared/adapters/sqs-queues.ts';
import { asError } from '../../shared/core/errors.ts';
import { readEnvironment } from '../../shared/lambda/environment.ts';
import { logFailure } from '../../shared/lambda/failure-log.ts';
import { answerFaults, type HttpResult } from '../../shared/lambda/http-errors.ts';
import { inTime } from '../../shared/lambda/in-time.ts';
import { makeStageMetrics } from '../../shared/lambda/metrics.ts';
import { makeRefusals } from '../../shared/lambda/refusals.ts';
import { lookAgainFor } from '../../shared/lambda/sender/look-again.ts';
import { reportUnreadable } from '../../shared/lambda/unreadable-configuration.ts';
import type { RefusalNotes } from '../../shared/ports/refusal-notes.ts';
import { bodyBytes, noteOf, type Reporting, report, reportSending, toHttpResult, toIngestRequest } from './answer.ts';
import { type IngestDeps, ingestRequest } from './ingest-request.ts';

export function makeHandler(
  parts: Omit<IngestDeps, 'onSending' | 'lookAgain'> & Omit<Reporting, 'refusals'> & { notes: RefusalNotes },
) {
  const deps = {
    ...parts,
    onSending: (source: string, ids: string[]) => reportSending(source, ids, parts.metrics),
    lookAgain: lookAgainFor(parts.nowMs),
    refusals: makeRefusals({ ...parts, service: 'ingest' }),
  };
  return middy<APIGatewayProxyEventV2, HttpResult>(undefined, { timeoutEarlyInMillis: lastSpareMs })
    .use({ after: () => deps.metrics.flush(), onError: () => deps.metrics.flush() })
    .use(answerFaults((error) => report({ source: 'unknown', answer: { kind: 'unavailable', error } }, {}, deps)))
    .handler((event, context) =>
      inTime(context, spareMs, async (deadline) => {
        const request = toIngestRequest(event);
        const { requestId } = event.requestContext;
        const ingested = await endCallsWith(deadline.signal, () => ingestRequest(request, deps, deadline));
        report(ingested, { request_id: requestId, bytes: bodyBytes(event) }, deps);
        const note = deadline.isOver() ? undefined : noteOf(ingested);
        if (note !== undefined) {
          const noted = { ...note, requestId, atMs: parts.nowMs() };
          await endCallsWith(deadline.signal, () => deps.notes.note(noted));
        }
        return toHttpResult(ingested.answer);
      }),
    );
}

/**
 * How long before Lambda's end a request is answered 503. The line about it is the first error of
 * most processes, and reading the source map for its stack takes 0.05 s of this function's part of
 * a processor.
 */
const spareMs = 2_000;
/** For what does not even get that far; its source is unknown then. */
const lastSpareMs = 1_000;

// A call that hangs fails after two attempts, so that the answer names it and comes in time.
const calls = callLimits({ attempts: 2, attemptMs: 2_000 });

const env = readEnvironment(
  process.env,
  'ENVIRONMENT',
  'EVENTS_QUEUE_URL',
  'CONFIGURATION_TABLE',
  'SECRETS_PREFIX',
  'LOG_SHARDS',
);

const metrics = makeStageMetrics(env.ENVIRONMENT);
const logger = new Logger({ serviceName: 'ingest' });
const configuration = { client: makeDocumentClient(calls), table: env.CONFIGURATION_TABLE };

export const handler = makeHandler({
  configuration: makeConfigurationSource(configuration, {
    onUnreadable: reportUnreadable({ metrics, error: (message, context) => logger.error(message, context) }),
  }),
  notes: makeRefusalNotes(configuration, (error) =>
    logFailure(logger, 'a refusal could not be noted for the doctor', asError(error), {}),
  ),
  secrets: makeSecrets({
    client: makeSecretsClient(),
    prefix: env.SECRETS_PREFIX,
    onFailure: (name, error) =>
      logFailure(logger, 'a secret cannot be used', error, { secret: name, reason: error.reason }),
  }),
  events: makeEventsQueue(makeQueueClient(calls), env.EVENTS_QUEUE_URL),
  logShards: env.LOG_SHARDS,
  metrics,
  log: logger,
  nowMs: Date.now,
  randomBytes,
});
