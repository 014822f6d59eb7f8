import { setTimeout as sleep } from 'node:timers/promises';
import type { RoleCaller } from './access/roles.ts';
import type { ApiGateway, GatewayRoute } from './api-gateway.ts';
import type { AwsJsonClient } from './aws-json-client.ts';
import type { LocalEnvironment } from './configuration.ts';
import { makeCredentials } from './credentials.ts';
import { type EventSource, startEventSource } from './event-source.ts';
import { type FunctionHost, hostFunction } from './function-host.ts';
import { makeLineReader } from './function-output.ts';
import type { MetricCounters } from './metrics.ts';
import type { LocalQueues } from './queues.ts';
import type { EventSourceResource } from './resources/event-source.ts';
import { type FunctionResource, lambdaFunction } from './resources/function.ts';
import { servingTypes, storingTypes } from './resources/index.ts';
import type { IntegrationResource } from './resources/integration.ts';
import { policy } from './resources/policy.ts';
import { queue } from './resources/queue.ts';
import { arnOf } from './resources/resource-type.ts';
import { role } from './resources/role.ts';
import type { RouteResource } from './resources/route.ts';
import type { RuleResource } from './resources/rule.ts';
import type { StageResource } from './resources/stage.ts';
import { startSchedule } from './schedule.ts';
import type { LocalSecrets } from './secrets.ts';
import type { StackResources } from './stack-resources.ts';
import type { LocalTables } from './tables.ts';
import { makeThrottle } from './throttle.ts';

/** The host of one stack's resources; each is started by its type's file in resources/. */
export type StackHost = {
  tables: LocalTables;
  queues: LocalQueues;
  secrets: LocalSecrets;
  addFunction(definition: FunctionResource): void;
  setThrottles(definition: StageResource): void;
  addIntegration(definition: IntegrationResource): void;
  /** @throws Error when its integration, or the integration's function, is missing */
  addRoute(definition: RouteResource): void;
  /**
   * Begins to receive.
   * @throws Error when its queue or function is missing, or the function's role may not look at it
   */
  addEventSource(definition: EventSourceResource): Promise<void>;
  /** @throws Error when a function is missing */
  addSchedule(definition: RuleResource): void;
};

/** The running parts of one stack. */
export type RunningStack = {
  /** By name, such as `signalbox-development-ingest`. */
  functions: ReadonlyMap<string, FunctionHost>;
  /** Starts tables, queues and secrets. After that the configuration can go live. */
  store(): Promise<void>;
  /** Lets requests and messages reach the functions. */
  serve(): Promise<void>;
  /** Later calls read the configuration again. */
  renew(): void;
  stop(): Promise<void>;
};

export type RunningStackOptions = {
  resources: StackResources;
  endpoints: LocalEnvironment['endpoints'];
  tables: LocalTables;
  queues: LocalQueues;
  secrets: LocalSecrets;
  /** From now on these callers may do what their roles allow. */
  admit(callers: RoleCaller[]): Promise<void>;
  gateway: ApiGateway;
  /** Told of a request that the gateway refuses by the stage's limits. Absent: it keeps to none. */
  onThrottled?: ((routeKey: string) => void) | undefined;
  metrics: MetricCounters;
  onDetail(line: string): void;
  onProblem(line: string): void;
};

// On a laptop more workers per function than this only compete for the processor, and each takes
// its 40 MB.
const workersMax = 2;
// For batches in work when the run ends; `drain` has already waited.
const stopMs = 2_000;

export function makeRunningStack(options: RunningStackOptions): RunningStack {
  const { resources, endpoints, tables, queues, secrets, gateway, metrics } = options;
  const { admit, onThrottled, onDetail, onProblem } = options;
  const variables = {
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsmanager,
    AWS_ENDPOINT_URL_CLOUDWATCH: endpoints.cloudwatch,
    LOCAL: 'true',
  };
  const onLine = makeLineReader({ metrics, onDetail, onProblem });
  const functions = new Map<string, FunctionHost>();
  // As on AWS, a function has credentials of its own, which may do what its role's policies allow.
  const callers = new Map(resources.of(lambdaFunction).map((one) => [one.name, callerOf(one, resources)]));
  const callerNamed = (name: string): RoleCaller => {
    const caller = callers.get(name);
    if (caller === undefined) throw new Error(`there is no function ${name}`);
    return caller;
  };
  const pollers: AwsJsonClient[] = [];
  const integrations = new Map<string, IntegrationResource>();
  const routes: GatewayRoute[] = [];
  let throttles: StageResource = { throttle: undefined, routeThrottles: {} };
  const eventSources: EventSource[] = [];
  const schedules: (() => void)[] = [];
  const queueOfArn = new Map(resources.of(queue).map(({ name }) => [arnOf('sqs', name), name]));
  const functionNamed = (name: string): FunctionHost => {
    const host = functions.get(name);
    if (host === undefined) throw new Error(`there is no function ${name}`);
    return host;
  };
  const host: StackHost = {
    tables,
    queues,
    secrets,
    addFunction(definition) {
      const { accessKeyId, secretAccessKey } = callerNamed(definition.name).credentials;
      const own = { ...variables, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
      functions.set(
        definition.name,
        hostFunction(definition, { workersMax: concurrencyOf(definition), variables: own, onLine }),
      );
    },
    setThrottles(definition) {
      throttles = definition;
    },
    addIntegration: (definition) => void integrations.set(definition.id, definition),
    addRoute({ routeKey, integrationId }) {
      const integration = integrations.get(integrationId);
      if (integration === undefined) throw new Error(`there is no integration ${integrationId}`);
      routes.push({ routeKey, timeoutMs: integration.timeoutMs, function: functionNamed(integration.functionName) });
    },
    async addEventSource(definition) {
      const called = functionNamed(definition.functionName);
      const name = queueOfArn.get(definition.queueArn);
      if (name === undefined) throw new Error(`there is no queue ${definition.queueArn}`);
      const poller = queues.clientWith(callerNamed(called.name).credentials);
      pollers.push(poller);
      const source = await startEventSource({
        definition,
        queueUrl: queues.url(name),
        queues: poller,
        timeoutSeconds: called.timeoutSeconds,
        concurrency: Math.min(called.workersMax, definition.maximumConcurrency ?? called.workersMax),
        invoke: called.invoke,
        onFailure: (error, messages) =>
          onProblem(`${called.name}: ${messages} messages failed: ${error.stack ?? error.message}`),
      });
      eventSources.push(source);
    },
    addSchedule({ name, times, functionNames }) {
      for (const called of functionNames.map(functionNamed)) {
        const failed = (error: Error) => onProblem(`${called.name}: ${error.stack ?? error.message}`);
        const event = {
          source: 'aws.events',
          'detail-type': 'Scheduled Event',
          resources: [arnOf('events', `rule/${name}`)],
          detail: {},
        };
        schedules.push(startSchedule(times, () => called.invoke(JSON.stringify(event)).catch(failed)));
      }
    },
  };
  return {
    functions,
    store: () => resources.start(storingTypes, host),
    async serve() {
      await admit([...callers.values()]);
      await resources.start(servingTypes, host);
      gateway.serve(onThrottled === undefined ? routes : throttled(routes, throttles, onThrottled));
    },
    renew() {
      for (const one of functions.values()) one.renew();
    },
    async stop() {
      for (const end of schedules) end();
      const stopped = Promise.all(eventSources.map((source) => source.stop()));
      await Promise.race([stopped, sleep(stopMs, undefined, { ref: false })]);
      await Promise.all([...functions.values()].map((one) => one.stop()));
      await stopped;
      for (const poller of pollers) poller.close();
    },
  };
}

/** A function's caller with new credentials and the policies that the template attaches to its role. */
function callerOf({ name, role: arn }: FunctionResource, resources: StackResources): RoleCaller {
  const found = resources.of(role).find((one) => one.arn === arn);
  if (found === undefined) throw new Error(`${name}: its role ${arn} is not in the template`);
  const attached = resources.of(policy).filter(({ roles }) => roles.includes(found.name));
  return { credentials: makeCredentials(), role: { arn, session: name, policies: [...found.policies, ...attached] } };
}

/** Routes without a limit of their own share the stage's. */
function throttled(
  routes: GatewayRoute[],
  { throttle, routeThrottles }: StageResource,
  onThrottled: (routeKey: string) => void,
): GatewayRoute[] {
  const shared = throttle && makeThrottle(throttle);
  return routes.map((route) => {
    const own = routeThrottles[route.routeKey];
    const passes = own ? makeThrottle(own) : shared;
    if (passes === undefined) return route;
    return {
      ...route,
      passes() {
        const isLet = passes();
        if (!isLet) onThrottled(route.routeKey);
        return isLet;
      },
    };
  });
}

/** At most the template's total limit, and at most what this machine can handle. */
function concurrencyOf({ reservedConcurrency }: FunctionResource): number {
  return Math.min(workersMax, reservedConcurrency ?? workersMax);
}
