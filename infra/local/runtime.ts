import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiGateway, startApiGateway } from './api-gateway.ts';
import type { LocalConfiguration, LocalEnvironment } from './configuration.ts';
import { makeCredentials } from './credentials.ts';
import { takeDataDirectory } from './data-directory.ts';
import { openMetricHistory } from './metric-history.ts';
import { type MetricCounters, makeMetricCounters } from './metrics.ts';
import { startMetricsApi } from './metrics-api.ts';
import { type LocalQueues, type QueueCounts, startQueues } from './queues.ts';
import { lambdaFunction } from './resources/function.ts';
import { queue } from './resources/queue.ts';
import { region } from './resources/resource-type.ts';
import { table } from './resources/table.ts';
import { startSecrets } from './secrets.ts';
import { makeRunningStack, type RunningStack } from './stack-host.ts';
import { readResources, type StackResources } from './stack-resources.ts';
import { synthesize } from './synthesize.ts';
import { startTables } from './tables.ts';
import { readStacks, type Stack } from './template.ts';
import { startTtlSweeper } from './ttl-sweeper.ts';

export type RuntimeOptions = {
  environments: string[];
  /** Of the first environment; the others get the ones after it. 0: any free ones. */
  port: number;
  /** Where tables, queues, secrets and counts are kept; absent: in memory. */
  data?: string;
  /** A cloud assembly to run as it is; absent: the app is synthesized. */
  outdir?: string;
  /** Makes an environment's configuration live before its first event; by default, that of the configuration files. */
  configure?(environment: LocalEnvironment, running: readonly string[]): Promise<LocalConfiguration>;
  /** Told what was done, and in which time. */
  onStep?(what: string, milliseconds: number): void;
  /** Told what is only of interest when something is to be found out: lines that functions print, resources left out. */
  onDetail?(line: string): void;
  /** Told what somebody should see: warnings and errors. */
  onProblem?(line: string): void;
};

export type RuntimeEnvironment = LocalEnvironment & {
  /** `http://127.0.0.1:3000` */
  ingestUrl: string;
  configuration: LocalConfiguration;
  metrics: MetricCounters;
  /** Its functions by name, to look at their memory or to end one in the middle of its work. */
  functions: RunningStack['functions'];
  /** Messages in the queues, by queue name. */
  queues(): Record<string, QueueCounts>;
};

export type Runtime = {
  environments: Record<string, RuntimeEnvironment>;
  /**
   * Waits until every queue is empty, messages that wait for a retry included.
   * @throws Error that says what is left after `timeoutMs`
   */
  idle(timeoutMs?: number): Promise<void>;
  /** Accepts nothing more and works on until nothing is visible or in flight; says whether that was reached in time. */
  drain(timeoutMs: number): Promise<boolean>;
  stop(): Promise<void>;
};

/**
 * Runs the stacks of the app on this machine. docs/local-runtime.md.
 * @throws DataDirectoryTaken; the listener's error with `code` EADDRINUSE for a port that is taken; Error that says what
 * could not be synthesized, read or started
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  // Undone in reverse, whether the start fails or the run ends.
  const cleanups: (() => unknown)[] = [];
  const stop = async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    return await start(options, cleanups, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: RuntimeOptions,
  cleanups: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<Runtime> {
  const { onStep = () => undefined, onDetail = () => undefined, onProblem = () => undefined } = options;
  const timed = async <Result>(what: (result: Result) => string, work: Promise<Result>): Promise<Result> => {
    const startedMs = performance.now();
    const result = await work;
    onStep(what(result), performance.now() - startedMs);
    return result;
  };
  const data = options.data === undefined ? undefined : await takeDataDirectory(options.data);
  cleanups.push(() => data?.release());
  const inData = (name: string) => (data === undefined ? undefined : join(data.path, name));

  const credentials = makeCredentials();
  // The ports come first: one that is taken is told at once, not after the synthesis.
  const history = openMetricHistory(inData('metrics.ndjson'));
  cleanups.push(() => history.close());
  const counters = new Map(options.environments.map((name) => [name, makeMetricCounters(history)]));
  const gateways = new Map<string, ApiGateway>();
  for (const [i, name] of options.environments.entries()) {
    const gateway = await startApiGateway({
      port: options.port === 0 ? 0 : options.port + i,
      metrics: () => ({ pid: process.pid, environment: name, metrics: counters.get(name)?.list() }),
      onFailure: (error) => onProblem(`${name} gateway: ${error.message}`),
    });
    gateways.set(name, gateway);
    cleanups.push(() => gateway.stop());
  }

  const starting = [
    timed(
      (found) => `synthesized ${found.map(({ name }) => name).join(', ')}`,
      loadStacks(options, inData('cdk.out'), cleanups),
    ),
    startQueues(inData('queues'), credentials).then((started) => kept(started, () => started.stop(), cleanups)),
    startTables(inData('tables'), credentials).then((started) => kept(started, () => started.stop(), cleanups)),
    startSecrets(inData('secrets.json'), credentials).then((started) => kept(started, () => started.stop(), cleanups)),
    startMetricsApi(history, credentials).then((started) => kept(started, () => started.stop(), cleanups)),
  ] as const;
  // All of them, before one that failed ends the start: what comes up later would not be stopped.
  await Promise.allSettled(starting);
  const [stacks, queues, tables, secrets, metricsApi] = await Promise.all(starting);

  // Loaded only here: it brings the SDK's client with it.
  const configure = options.configure ?? (await import('./configuration.ts')).pushLocalConfiguration;
  const endpoints = {
    dynamodb: tables.endpoint,
    sqs: queues.endpoint,
    secretsmanager: secrets.endpoint,
    cloudwatch: metricsApi.endpoint,
  };
  const environments: Record<string, RuntimeEnvironment> = {};
  const allResources: StackResources[] = [];
  for (const stack of stacks) {
    const gateway = gateways.get(stack.environment) as ApiGateway;
    const metrics = counters.get(stack.environment) as MetricCounters;
    const resources = readResources(stack, { queueUrl: queues.url, gatewayUrl: gateway.url });
    for (const skipped of resources.skipped) onDetail(`left out ${skipped}`);
    const running = makeRunningStack({
      resources,
      endpoints,
      credentials,
      tables,
      queues,
      secrets,
      gateway,
      metrics,
      onDetail,
      onProblem,
    });
    cleanups.push(() => running.stop());
    const counted = [`${resources.of(table).length} tables`, `${resources.of(queue).length} queues`];
    counted.push(`${resources.of(lambdaFunction).length} functions`);
    await timed(() => `${stack.name}: ${counted.join(', ')}`, running.store());
    allResources.push(resources);
    const local = { name: stack.environment, region, endpoints, credentials, outputs: resources.outputs };
    const configuration = await timed(
      ({ version, changed }) => `${stack.name}: configuration version ${version}${changed ? ', new' : ''}`,
      configure(local, options.environments),
    );
    await running.serve();
    environments[stack.environment] = {
      ...local,
      ingestUrl: gateway.url,
      configuration,
      metrics,
      functions: running.functions,
      queues: () => Object.fromEntries(resources.of(queue).map(({ name }) => [name, queues.counts(name)])),
    };
  }
  const sweeper = startTtlSweeper(
    tables.client,
    allResources.flatMap((resources) => resources.of(table)),
  );
  cleanups.push(() => sweeper.stop());

  const left = (includeDelayed: boolean) => waiting(queues, allResources, includeDelayed);
  return {
    environments,
    async idle(timeoutMs = 60_000) {
      if (await becomesEmpty(() => left(true), timeoutMs)) return;
      throw new Error(`the queues are not empty after ${timeoutMs} ms: ${left(true).join(', ')}`);
    },
    async drain(timeoutMs) {
      const endsAtMs = Date.now() + timeoutMs;
      await Promise.race([
        Promise.all([...gateways.values()].map((gateway) => gateway.drain())),
        sleep(timeoutMs, undefined, { ref: false }),
      ]);
      return becomesEmpty(() => left(false), endsAtMs - Date.now());
    },
    stop,
  };
}

function kept<Started>(started: Started, cleanup: () => unknown, cleanups: (() => unknown)[]): Started {
  cleanups.push(cleanup);
  return started;
}

async function loadStacks(
  { environments, outdir }: RuntimeOptions,
  kept: string | undefined,
  cleanups: (() => unknown)[],
): Promise<Stack[]> {
  const target = outdir ?? kept ?? (await mkdtemp(join(tmpdir(), 'signalbox-')));
  if (outdir === undefined) {
    // Bundles of earlier runs would pile up.
    await rm(target, { recursive: true, force: true });
    if (kept === undefined) cleanups.push(() => rm(target, { recursive: true, force: true }));
    await synthesize(target, environments);
  }
  const stacks = readStacks(target);
  return environments.map((name) => {
    const stack = stacks.find(({ environment }) => environment === name);
    if (stack !== undefined) return stack;
    throw new Error(
      `no stack says that it is environment "${name}"; found: ${stacks.map((s) => s.environment).join(', ')}`,
    );
  });
}

/** One line per queue that still holds messages. */
function waiting(queues: LocalQueues, resources: StackResources[], includeDelayed: boolean): string[] {
  return resources.flatMap((stack) =>
    stack.of(queue).flatMap(({ name }) => {
      const { visible, inFlight, delayed } = queues.counts(name);
      const count = visible + inFlight + (includeDelayed ? delayed : 0);
      return count === 0 ? [] : [`${name} (${visible} visible, ${inFlight} in flight, ${delayed} delayed)`];
    }),
  );
}

async function becomesEmpty(left: () => string[], timeoutMs: number): Promise<boolean> {
  const endsAtMs = Date.now() + timeoutMs;
  for (;;) {
    if (left().length === 0) {
      // A function sends its messages on before it acknowledges, so empty queues stay empty; what it printed last may
      // still be on its way here.
      await sleep(20);
      if (left().length === 0) return true;
    }
    if (Date.now() >= endsAtMs) return false;
    await sleep(25);
  }
}
