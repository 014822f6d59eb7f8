import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiGateway, startApiGateway } from './api-gateway.ts';
import type { LocalConfiguration, LocalEnvironment } from './configuration.ts';
import { makeCredentials } from './credentials.ts';
import { takeDataDirectory } from './data-directory.ts';
import type { FunctionHost } from './function-host.ts';
import { openMetricHistory } from './metric-history.ts';
import { type MetricCounters, makeMetricCounters } from './metrics.ts';
import { startMetricsApi } from './metrics-api.ts';
import { type LocalQueues, type QueueCounts, startQueues } from './queues.ts';
import { lambdaFunction } from './resources/function.ts';
import { queue } from './resources/queue.ts';
import { region } from './resources/resource-type.ts';
import { type TableResource, table } from './resources/table.ts';
import { startSecrets } from './secrets.ts';
import { makeRunningStack, type RunningStack } from './stack-host.ts';
import { readResources, type StackResources } from './stack-resources.ts';
import { synthesize } from './synthesize.ts';
import { startTables } from './tables.ts';
import { readStacks, type Stack } from './template.ts';
import { startTtlSweeper } from './ttl-sweeper.ts';
import { startWatch } from './watch.ts';

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
  /** A change of configuration is in force for the next event. Default: true; false is as on AWS, within 30 seconds. */
  commitsAtOnce?: boolean;
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
  /**
   * Takes changes of the files of this checkout while it runs; tells what was done. What cannot be taken goes to `onProblem` of the
   * start, and what ran before goes on. `onTemplate`: outputs may have changed.
   */
  watch(to: { onChange(line: string): void; onTemplate(): void }): void;
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
  const live = new Map<string, LiveStack>();
  cleanups.push(() => Promise.all([...live.values()].map(({ running }) => running.stop())));
  const swept: TableResource[] = [];

  /** Everything that the stack keeps things in; it serves nothing yet. */
  async function bringUp(stack: Stack): Promise<LiveStack> {
    const gateway = gateways.get(stack.environment) as ApiGateway;
    const metrics = counters.get(stack.environment) as MetricCounters;
    const resources = readResources(stack, { queueUrl: queues.url, gatewayUrl: gateway.url });
    for (const skipped of resources.skipped) onDetail(`left out ${skipped}`);
    const ours = { endpoints, credentials, tables, queues, secrets, gateway, metrics, onDetail, onProblem };
    const running = makeRunningStack({ resources, ...ours });
    await running.store();
    return { stack, resources, running };
  }

  /** From here on it is what runs; the one before works off what it has begun. */
  async function serve(next: LiveStack): Promise<void> {
    const name = next.stack.environment;
    const before = live.get(name);
    await next.running.serve().catch(async (error) => {
      await next.running.stop();
      throw error;
    });
    live.set(name, next);
    for (const one of next.resources.of(table)) {
      if (!swept.some(({ name: known }) => known === one.name)) swept.push(one);
    }
    await before?.running.stop();
  }

  const localOf = ({ stack, resources }: LiveStack): LocalEnvironment => ({
    name: stack.environment,
    region,
    endpoints,
    credentials,
    outputs: resources.outputs,
  });

  for (const stack of stacks) {
    const next = await timed(countedResources, bringUp(stack));
    const configuration = await timed(
      ({ version, changed }) => `${stack.name}: configuration version ${version}${changed ? ', new' : ''}`,
      configure(localOf(next), options.environments),
    );
    await serve(next);
    environments[stack.environment] = {
      ...localOf(next),
      ingestUrl: (gateways.get(stack.environment) as ApiGateway).url,
      configuration,
      metrics: counters.get(stack.environment) as MetricCounters,
      functions: next.running.functions,
      queues: () =>
        Object.fromEntries(
          resourcesOf(stack.environment)
            .of(queue)
            .map(({ name }) => [name, queues.counts(name)]),
        ),
    };
  }
  function resourcesOf(environment: string): StackResources {
    return (live.get(environment) as LiveStack).resources;
  }
  if (options.commitsAtOnce ?? true) {
    // What functions know is in their memory: new ones read it anew. On AWS they look every few seconds.
    tables.onUpdate(({ table: updated, key }) => {
      for (const { resources, running } of live.values())
        if (updated === resources.outputs.ConfigurationTable && key.pk?.S === 'current') running.renew();
    });
  }
  const sweeper = startTtlSweeper(tables.client, swept);
  cleanups.push(() => sweeper.stop());

  let syntheses = 0;
  /** Runs what the sources of the stack say now. */
  async function resynthesize(): Promise<string> {
    const [{ outdir } = { outdir: '' }] = stacks;
    // Beside the first, which workers may still load from.
    const outdirNow = join(outdir, 'resynthesized', String(++syntheses));
    await synthesize(outdirNow, options.environments);
    const nexts: LiveStack[] = [];
    try {
      for (const stack of stacksOf(outdirNow, options.environments)) nexts.push(await bringUp(stack));
    } catch (error) {
      await Promise.all(nexts.map(({ running }) => running.stop()));
      throw error;
    }
    for (const next of nexts) {
      await serve(next);
      Object.assign(environments[next.stack.environment] as RuntimeEnvironment, localOf(next), {
        functions: next.running.functions,
      });
    }
    return `synthesized again; ${nexts.map(countedResources).join('; ')}`;
  }

  const allResources = () => [...live.values()].map(({ resources }) => resources);
  const left = (includeDelayed: boolean) => waiting(queues, allResources(), includeDelayed);
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
    watch({ onChange, onTemplate }) {
      const watching = startWatch({
        watched: () => ({
          functions: [...live.values()].flatMap(({ stack, resources, running }) =>
            resources.of(lambdaFunction).map((definition) => ({
              definition,
              host: running.functions.get(definition.name) as FunctionHost,
              outdir: stack.outdir,
            })),
          ),
        }),
        async configure() {
          const said: string[] = [];
          for (const one of live.values()) {
            const configuration = await configure(localOf(one), options.environments);
            (environments[one.stack.environment] as RuntimeEnvironment).configuration = configuration;
            if (configuration.changed) said.push(`${one.stack.environment} is at version ${configuration.version}`);
          }
          return said.join(', ') || 'nothing changes';
        },
        async resynthesize() {
          const said = await resynthesize();
          onTemplate();
          return said;
        },
        onChange,
        onProblem,
      });
      cleanups.push(() => watching.stop());
    },
    stop,
  };
}

type LiveStack = { stack: Stack; resources: StackResources; running: RunningStack };

function countedResources({ stack, resources }: LiveStack): string {
  const counts = [
    `${resources.of(table).length} tables`,
    `${resources.of(queue).length} queues`,
    `${resources.of(lambdaFunction).length} functions`,
  ];
  return `${stack.name}: ${counts.join(', ')}`;
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
  return stacksOf(target, environments);
}

function stacksOf(outdir: string, environments: string[]): Stack[] {
  const stacks = readStacks(outdir);
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
