import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requestsThrottled } from '../../shared/operations/metrics/metric-names.ts';
import type { Decision } from './access/role-access.ts';
import { makeRoles, type RoleCaller } from './access/roles.ts';
import { type ApiGateway, startApiGateway } from './api-gateway.ts';
import type { LocalConfiguration, LocalEnvironment } from './configuration.ts';
import { makeCredentials } from './credentials.ts';
import { takeDataDirectory } from './data-directory.ts';
import type { FunctionHost } from './function-host.ts';
import { type MetricHistory, openMetricHistory } from './metric-history.ts';
import { type MetricCounters, makeMetricCounters } from './metrics.ts';
import { startMetricsApi } from './metrics-api.ts';
import { withQueueAges } from './queue-ages.ts';
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
  /** Port of the first environment; the others get the next ones. 0: any free ports. */
  port: number;
  /** Folder of tables, queues, secrets and counts; absent: in memory. */
  data?: string;
  /** A cloud assembly to run unchanged; absent: the app is synthesized. */
  outdir?: string;
  /**
   * Makes an environment's configuration live before its first event; default: the configuration
   * files.
   */
  configure?(environment: LocalEnvironment, running: readonly string[]): Promise<LocalConfiguration>;
  /**
   * Whether a change of configuration is in force at the next event. Default: true. False: within
   * 30 seconds, as on AWS.
   */
  commitsAtOnce?: boolean;
  /** Whether the gateway keeps to the stage's limits of requests, and answers 429 above them. Default: false. */
  throttle?: boolean;
  /** Called with each decision about a function's call, when it is made: the same one is made once. */
  onDecision?(decision: Decision): void;
  /** Called with what was done, and its duration. */
  onStep?(what: string, milliseconds: number): void;
  /** Called with details for debugging: lines that functions print, resources left out. */
  onDetail?(line: string): void;
  /** Called with warnings and errors. */
  onProblem?(line: string): void;
};

export type RuntimeEnvironment = LocalEnvironment & {
  /** `http://127.0.0.1:3000` */
  ingestUrl: string;
  configuration: LocalConfiguration;
  metrics: MetricCounters;
  /** Its functions by name, to measure their memory or to end one in the middle of its work. */
  functions: RunningStack['functions'];
  /** Messages in the queues, by queue name. */
  queues(): Record<string, QueueCounts>;
};

export type Runtime = {
  environments: Record<string, RuntimeEnvironment>;
  /**
   * Waits until every queue is empty, including messages that wait for a retry.
   * @throws Error with the remaining messages after `timeoutMs`
   */
  idle(timeoutMs?: number): Promise<void>;
  /**
   * Stops accepting requests and works until no message is visible or in flight; answers whether
   * that happened in time.
   */
  drain(timeoutMs: number): Promise<boolean>;
  /**
   * Applies changes of this checkout's files while it runs, and reports what was done. Changes that
   * cannot be applied are reported to the start's `onProblem`, and the previous version runs on.
   * `onTemplate`: outputs may have changed.
   */
  watch(to: {
    onChange(line: string): void;
    onTemplate(): void;
    /** Whether the console saved the configuration files as they are, to be committed there. */
    areOfConsole?(): Promise<boolean>;
  }): void;
  stop(): Promise<void>;
};

/**
 * Runs the stacks of the app on this machine. docs/local-runtime.md.
 * @throws DataDirectoryTaken; the listener's error with `code` EADDRINUSE for a port that is taken;
 * Error that names what could not be synthesized, read or started
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  // Stopped in reverse order, when the start fails or the run ends.
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
  const { onDecision = () => undefined } = options;
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
  const roles = makeRoles(onDecision);
  // The ports come first, so that a taken one is reported at once, not after the synthesis.
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

  let queuesNow: LocalQueues | undefined;
  const starting = [
    timed(
      (found) => `synthesized ${found.map(({ name }) => name).join(', ')}`,
      loadStacks(options, inData('cdk.out'), cleanups),
    ),
    startQueues(inData('queues'), credentials, roles).then((started) => {
      queuesNow = started;
      return kept(started, () => started.stop(), cleanups);
    }),
    startTables(inData('tables'), credentials, onDecision).then((started) =>
      kept(started, () => started.stop(), cleanups),
    ),
    startSecrets(inData('secrets.json'), credentials, roles).then((started) =>
      kept(started, () => started.stop(), cleanups),
    ),
    startMetricsApi(
      withQueueAges(history, (name) => queuesNow?.oldestSentMs(name)),
      credentials,
      roles,
    ).then((started) => kept(started, () => started.stop(), cleanups)),
  ] as const;
  // Wait for all, even if one fails: a part that starts later would not be stopped.
  await Promise.allSettled(starting);
  const [stacks, queues, tables, secrets, metricsApi] = await Promise.all(starting);

  // Loaded only here, since it loads the SDK's client.
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

  /** Starts the stores of the stack, which do not serve requests yet. */
  async function bringUp(stack: Stack): Promise<LiveStack> {
    const gateway = gateways.get(stack.environment) as ApiGateway;
    const metrics = counters.get(stack.environment) as MetricCounters;
    const resources = readResources(stack, { queueUrl: queues.url, gatewayUrl: gateway.url });
    for (const skipped of resources.skipped) onDetail(`left out ${skipped}`);
    const admit = async (callers: RoleCaller[]) => {
      roles.add(callers);
      await tables.admit(callers);
    };
    const onThrottled = options.throttle ? countThrottled(history, stack.environment) : undefined;
    const ours = { endpoints, admit, tables, queues, secrets, gateway, metrics, onThrottled, onDetail, onProblem };
    const running = makeRunningStack({ resources, ...ours });
    await running.store();
    return { stack, resources, running };
  }

  /** From here on the new stack runs; the previous one finishes its work. */
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
    // Functions keep the configuration in memory, so new workers read it again. On AWS functions
    // read it every few seconds.
    tables.onUpdate(({ table: updated, key }) => {
      for (const { resources, running } of live.values())
        if (updated === resources.outputs.ConfigurationTable && key.pk?.S === 'current') running.renew();
    });
  }
  const sweeper = startTtlSweeper(tables.client, swept);
  cleanups.push(() => sweeper.stop());

  let syntheses = 0;
  /** Runs the stack as its sources are now. */
  async function resynthesize(): Promise<string> {
    const [{ outdir } = { outdir: '' }] = stacks;
    // In another folder, since workers may still load from the first.
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
    watch({ onChange, onTemplate, areOfConsole }) {
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
          if (await areOfConsole?.())
            return 'saved by the console; commit it there, or: npx signalbox config push --commit';
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

/** As the filter of the access log does: pages of sources are left out, since no event waits for one. */
function countThrottled(history: MetricHistory, environment: string): (routeKey: string) => void {
  return (routeKey) => {
    if (routeKey.includes('/v1/links/')) return;
    history.add([
      { ...requestsThrottled(environment), unit: 'Count', dimensions: {}, timeMs: Date.now(), values: [1] },
    ]);
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
      // A function sends its messages before it acknowledges, so empty queues stay empty. But its
      // last lines of output may still be on their way.
      await sleep(20);
      if (left().length === 0) return true;
    }
    if (Date.now() >= endsAtMs) return false;
    await sleep(25);
  }
}
