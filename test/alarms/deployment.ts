import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import type { APIGatewayProxyEventV2, Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { FauxqsServer } from 'fauxqs';
import { readMetricsLine } from '../../infra/local/metrics.ts';
import type { TableName } from '../../shared/adapters/table-definitions.ts';
import type { HttpResult } from '../../shared/lambda/http-errors.ts';
import { functionsOf, resource, type StackTemplate } from '../infra/templates.ts';
import type { MetricStore } from './metric-store.ts';

/* What a deploy does for the functions: queues, variables, log groups that make metrics. */

export const queues = {
  EventsQueue: { name: 'events', consumer: 'processor' },
  ActionsQueue: { name: 'actions', consumer: 'workflow-trigger' },
  EventsDeadLetterQueue: { name: 'events-dead-letters', consumer: 'dead-letter' },
  ActionsDeadLetterQueue: { name: 'actions-dead-letters', consumer: 'dead-letter' },
  NotificationsQueue: { name: 'notifications', consumer: 'notifier' },
} as const;
export type QueueId = keyof typeof queues;
export const queueIds = Object.keys(queues) as QueueId[];

/** With the template's visibility and redrive. @returns paths, by logical id */
export function createQueues(template: StackTemplate, sqs: FauxqsServer): Record<QueueId, string> {
  const make = (id: QueueId, attributes: Record<string, string> = {}) => {
    const { VisibilityTimeout } = resource(template, id).Properties;
    return sqs.createQueue(queues[id].name, {
      attributes: { VisibilityTimeout: String(VisibilityTimeout), ...attributes },
    });
  };
  const path = ({ queueUrl }: { queueUrl: string }) => new URL(queueUrl).pathname;
  const withDeadLetters = (id: 'EventsQueue' | 'ActionsQueue' | 'NotificationsQueue', dead: { queueArn: string }) => {
    const { maxReceiveCount } = resource(template, id).Properties.RedrivePolicy;
    return make(id, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.queueArn, maxReceiveCount }) });
  };
  const eventsDead = make('EventsDeadLetterQueue');
  const actionsDead = make('ActionsDeadLetterQueue');
  return {
    EventsQueue: path(withDeadLetters('EventsQueue', eventsDead)),
    ActionsQueue: path(withDeadLetters('ActionsQueue', actionsDead)),
    EventsDeadLetterQueue: path(eventsDead),
    ActionsDeadLetterQueue: path(actionsDead),
    NotificationsQueue: path(withDeadLetters('NotificationsQueue', sqs.createQueue('notifications-dead-letters'))),
  };
}

/** The template's variables of all functions, with addresses of this machine. */
export function setVariables(deployed: {
  template: StackTemplate;
  tables: Record<TableName, string>;
  queueUrls: Record<QueueId, string>;
  /** Endpoint of tables and queues. */
  wall: string;
  secrets: string;
  metrics: string;
}): void {
  const { template, tables, queueUrls, wall, secrets, metrics } = deployed;
  const literal = Object.values(functionsOf(template)).flatMap(({ properties }) =>
    Object.entries(properties.Environment.Variables).filter(([, value]) => typeof value === 'string'),
  );
  Object.assign(process.env, Object.fromEntries(literal), {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: wall,
    AWS_ENDPOINT_URL_SQS: wall,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets,
    AWS_ENDPOINT_URL_CLOUDWATCH: metrics,
    EVENTS_QUEUE_URL: wall + queueUrls.EventsQueue,
    ACTIONS_QUEUE_URL: wall + queueUrls.ActionsQueue,
    EVENTS_DEAD_LETTER_QUEUE_URL: wall + queueUrls.EventsDeadLetterQueue,
    ACTIONS_DEAD_LETTER_QUEUE_URL: wall + queueUrls.ActionsDeadLetterQueue,
    CLAIMS_TABLE: tables.Claims,
    EVENT_LOG_TABLE: tables.EventLog,
    ACTION_LOG_TABLE: tables.ActionLog,
    WORKFLOW_RUNS_TABLE: tables.WorkflowRuns,
    DIRECTORY_TABLE: tables.Directory,
    CONFIGURATION_TABLE: tables.Configuration,
    // The target is on this machine.
    LOCAL: 'true',
  });
}

type BatchHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;
type HttpHandler = (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpResult>;
export type Handlers = Record<'ingest' | 'api' | 'sender-page', HttpHandler> &
  Record<'processor' | 'workflow-trigger' | 'dead-letter' | 'notifier', BatchHandler> &
  Record<'statement' | 'volume', () => Promise<unknown>>;

/** After `setVariables`, which they read when they are imported. */
export async function importHandlers(): Promise<Handlers> {
  const names = [
    'ingest',
    'api',
    'sender-page',
    'processor',
    'workflow-trigger',
    'dead-letter',
    'notifier',
    'statement',
    'volume',
  ];
  const handlers: [string, unknown][] = [];
  // One after the other: jest links no two modules at once that share parts.
  for (const name of names) handlers.push([name, (await import(`../../functions/${name}/handler.ts`)).handler]);
  return Object.fromEntries(handlers) as Handlers;
}

/** The metrics of what the functions print, from now on; nothing is printed. @returns an end of it */
export function keepMetrics(store: MetricStore): () => void {
  const spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((chunk) => {
      for (const line of String(chunk).split('\n'))
        for (const { name, dimensions, timeMs, values } of readMetricsLine(line) ?? [])
          store.add({ namespace: 'Signalbox', name, dimensions }, timeMs, ...values);
      return true;
    }),
  );
  return () => {
    for (const spy of spies) spy.mockRestore();
  };
}

/** What the template's metric filters make of a line of the access log. */
export function accessLogMetrics(template: StackTemplate, store: MetricStore) {
  const filters = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::Logs::MetricFilter');
  return (line: Record<string, string>): void => {
    for (const { Properties } of filters) {
      if (!fits(line, Properties.FilterPattern)) continue;
      for (const { MetricNamespace, MetricName, MetricValue } of Properties.MetricTransformations) {
        store.add({ namespace: MetricNamespace, name: MetricName, dimensions: {} }, Date.now(), Number(MetricValue));
      }
    }
  };
}

/** `{ ($.status = "429") && ($.route != "ANY /") }` */
function fits(line: Record<string, string>, pattern: string): boolean {
  return pattern.split('&&').every((part) => {
    const [, field = '', is, value] = /\$\.(\w+) (=|!=) "([^"]*)"\W*$/.exec(part) ?? [];
    if (value === undefined) throw new Error(`the filter ${pattern} is not read here`);
    return (line[field] === value) === (is === '=');
  });
}

export async function listening(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Everything of time that goes on by itself. */
export const allButDate = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;
