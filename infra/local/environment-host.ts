import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiGateway } from './api-gateway.ts';
import type { LocalEnvironment } from './configuration.ts';
import { startEventSource } from './event-source.ts';
import { type FunctionHost, hostFunction } from './function-host.ts';
import { makeLineReader } from './function-output.ts';
import type { MetricCounters } from './metrics.ts';
import type { LocalQueues } from './queues.ts';
import { accountId, region, type StackResources } from './resources.ts';

/** The running functions of one stack, with what calls them. */
export type EnvironmentHost = {
  /** By name, such as `signalbox-development-ingest`. */
  functions: ReadonlyMap<string, FunctionHost>;
  stop(): Promise<void>;
};

export type EnvironmentHostOptions = {
  resources: StackResources;
  endpoints: LocalEnvironment['endpoints'];
  queues: LocalQueues;
  gateway: ApiGateway;
  metrics: MetricCounters;
  onDetail(line: string): void;
  onProblem(line: string): void;
};

// On a laptop more workers per function than this only compete for the processor, and each takes its 40 MB.
const workersMax = 2;
// For batches in work when the run ends; `drain` has waited before.
const stopMs = 2_000;

/** Starts to serve: from here on requests and messages reach the functions. */
export function hostEnvironment(options: EnvironmentHostOptions): EnvironmentHost {
  const { resources, endpoints, queues, gateway, metrics, onDetail, onProblem } = options;
  const variables = {
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsmanager,
    LOCAL: 'true',
  };
  const onLine = makeLineReader({ metrics, onDetail, onProblem });
  const functions = new Map<string, FunctionHost>(
    resources.functions.map((definition) => {
      const concurrency = concurrencyOf(definition);
      return [definition.name, hostFunction(definition, { workersMax: concurrency, variables, onLine })];
    }),
  );
  const functionNamed = (name: string): FunctionHost => {
    const host = functions.get(name);
    if (host === undefined) throw new Error(`${resources.name}: no function ${name}`);
    return host;
  };

  gateway.serve(
    resources.routes.map(({ routeKey, timeoutMs, functionName }) => ({
      routeKey,
      timeoutMs,
      function: functionNamed(functionName),
    })),
  );
  const queueOfArn = new Map(resources.queues.map(({ name }) => [`arn:aws:sqs:${region}:${accountId}:${name}`, name]));
  const eventSources = resources.eventSources.map((definition) => {
    const host = functionNamed(definition.functionName);
    const queue = queueOfArn.get(definition.queueArn);
    if (queue === undefined) throw new Error(`${resources.name}: no queue ${definition.queueArn}`);
    return startEventSource({
      definition,
      queueUrl: queues.url(queue),
      queues: queues.client,
      concurrency: Math.min(host.workersMax, definition.maximumConcurrency ?? host.workersMax),
      invoke: host.invoke,
      onFailure: (error, messages) =>
        onProblem(`${host.name}: ${messages} messages failed: ${error.stack ?? error.message}`),
    });
  });
  return {
    functions,
    async stop() {
      const stopped = Promise.all(eventSources.map((source) => source.stop()));
      await Promise.race([stopped, sleep(stopMs, undefined, { ref: false })]);
      await Promise.all([...functions.values()].map((host) => host.stop()));
      await stopped;
    },
  };
}

/** Never more than the template allows in all, and no more than this machine is good for. */
function concurrencyOf({ reservedConcurrency }: StackResources['functions'][number]): number {
  return Math.min(workersMax, reservedConcurrency ?? workersMax);
}
