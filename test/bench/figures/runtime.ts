import { randomBytes } from 'node:crypto';
import type { APIGatewayProxyEventV2, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createKey } from '../../../shared/operations/keys/keys.ts';
import {
  answerOf,
  type DeployedStack,
  type HttpAnswer,
  type QueueName,
  startDeployedStack,
} from '../../runtime/deployed-stack.ts';
import { makeCertificate } from '../../runtime/front.ts';
import { findLambdaClient } from '../../runtime/lambda-client.ts';
import type { Invocation, Sandbox } from '../../runtime/sandbox.ts';
import { developmentStack } from '../assembly.ts';
import type { Figure, Section } from '../figure.ts';
import { median, percentile } from '../measure.ts';
import { orderCompleted } from '../sample-events.ts';

const sizes = [256, 512, 1024, 1769];
const colds = 5;
const warms = { ingest: 120, processor: 40, 'workflow-trigger': 40, 'dead-letter': 40, api: 120 };
type Measured = keyof typeof warms;

// arm64 in us-east-1: https://aws.amazon.com/lambda/pricing/
const dollarsPerGbSecond = 0.0000133334;
const dollarsPerMillionCalls = 0.2;

const bounds: Partial<Record<Measured, { coldMs: number; p99Ms: number }>> = { ingest: { coldMs: 700, p99Ms: 60 } };

const shareNote =
  'under Lambda’s runtime client with the share of a processor that the memory gives, a whole one during init, and TLS to the emulators; what AWS’s network and services take longer than the emulators comes on top';

/** What each function takes under Lambda's own runtime client, by memory: the figures that its memory is chosen by. */
export const runtime: Section = {
  name: 'runtime',
  about: 'the bundles under Lambda’s runtime client, with the processor and memory of each size',
  async measure(say) {
    const found = findLambdaClient();
    if (found.kind === 'missing') throw new Error(`there is no runtime client: ${found.why}`);
    const stack = await developmentStack(say);
    const certificate = makeCertificate();
    const deployed = await startDeployedStack(stack, found.client, { certificate });
    try {
      const figures: Figure[] = [];
      for (const name of Object.keys(warms) as Measured[]) {
        const { memoryMb: chosen } = deployed.functionNamed(name).definition;
        for (const memoryMb of [...new Set([...sizes, chosen])].sort((a, b) => a - b)) {
          say(`${name} at ${memoryMb} MB`);
          figures.push(...(await measureSize(deployed, name, memoryMb, memoryMb === chosen)));
        }
      }
      return figures;
    } finally {
      await deployed.stop();
      certificate.remove();
    }
  },
};

async function measureSize(deployed: DeployedStack, name: Measured, memoryMb: number, isChosen: boolean) {
  const coldCalls: Invocation[] = [];
  for (let i = 0; i < colds; i++) {
    const sandbox = await limitedSandbox(deployed, name, memoryMb);
    coldCalls.push(await call(deployed, sandbox, name));
    await sandbox.stop();
  }
  const sandbox = await limitedSandbox(deployed, name, memoryMb);
  // V8 compiles what is called often: the first calls are slower than all later ones.
  for (let i = 0; i < 15; i++) await call(deployed, sandbox, name);
  const warmCalls: Invocation[] = [];
  for (let i = 0; i < warms[name]; i++) warmCalls.push(await call(deployed, sandbox, name));
  const single = isChosen && takesMessages(name) ? await singleFigures(deployed, sandbox, memoryMb, name) : [];
  const large = name === 'ingest' ? await largeFigures(deployed, sandbox, memoryMb, isChosen) : [];
  const peakMb = sandbox.peakMegabytes();
  await sandbox.stop();
  const failure = name === 'ingest' ? await failureFigures(deployed, memoryMb, isChosen) : [];

  const durations = warmCalls.map(({ durationMs }) => durationMs);
  const billedMs = durations.reduce((sum, ms) => sum + Math.ceil(ms), 0) / durations.length;
  const what = `${name}, ${memoryMb} MB${isChosen ? ' (chosen)' : ''}`;
  const bound = isChosen ? bounds[name] : undefined;
  const batch = { ingest: 'one event', api: 'one user' }[name as string] ?? 'ten messages';
  return [
    {
      name: `${what}: cold, init and first answer`,
      measured: median(coldCalls.map(({ initMs = 0, durationMs }) => initMs + durationMs)),
      unit: 'ms',
      ...(bound && { bound: { atMost: bound.coldMs } }),
      note: shareNote,
    },
    { name: `${what}: of which init`, measured: median(coldCalls.map(({ initMs = 0 }) => initMs)), unit: 'ms' },
    {
      name: `${what}: processor time of the first call`,
      measured: median(coldCalls.map(({ cpuMs }) => cpuMs)),
      unit: 'ms',
    },
    { name: `${what}: warm p50, ${batch}`, measured: median(durations), unit: 'ms' },
    { name: `${what}: warm mean, ${batch}`, measured: billedMs, unit: 'ms' },
    {
      name: `${what}: warm p99, ${batch}`,
      measured: percentile(durations, 99),
      unit: 'ms',
      ...(bound && { bound: { atMost: bound.p99Ms } }),
    },
    { name: `${what}: warm processor time`, measured: median(warmCalls.map(({ cpuMs }) => cpuMs)), unit: 'ms' },
    {
      name: `${what}: a million warm calls`,
      measured: dollarsPerMillionCalls + (billedMs / 1000) * (memoryMb / 1024) * dollarsPerGbSecond * 1e6,
      unit: '$',
    },
    { name: `${what}: most memory`, measured: peakMb, unit: 'MB' },
    ...single,
    ...large,
    ...failure,
  ] satisfies Figure[];
}

async function limitedSandbox(deployed: DeployedStack, name: string, memoryMb: number): Promise<Sandbox> {
  const sandbox = await deployed.sandbox(name, { memoryMb });
  if (sandbox.unlimited !== undefined)
    throw new Error(`times at a share of a processor need one: ${sandbox.unlimited}`);
  return sandbox;
}

const takesMessages = (name: Measured) => name !== 'ingest' && name !== 'api';

const apiKeys = new WeakMap<DeployedStack, string>();
let users = 0;

/** A new user, set by the REST API. */
async function putUser(deployed: DeployedStack): Promise<APIGatewayProxyEventV2> {
  let key = apiKeys.get(deployed);
  if (key === undefined) {
    const configuration = { client: deployed.tables.client, table: deployed.tables.names.Configuration };
    const made = { author: 'bench', nowMs: Date.now(), entropy: randomBytes(32) };
    ({ key } = await createKey({ configuration, name: 'development' }, { name: 'bench', kind: 'secret' }, made));
    apiKeys.set(deployed, key);
  }
  const body = JSON.stringify({ name: 'Ana', email: 'ana@example.com', plan: 'pro' });
  const event = deployed.request(body, { headers: { authorization: `Bearer ${key}` } });
  const path = `/v1/users/bench-${++users}`;
  const { pathParameters: _, ...rest } = event;
  return {
    ...rest,
    rawPath: path,
    requestContext: { ...event.requestContext, http: { ...event.requestContext.http, method: 'PUT', path } },
  };
}

/** One call with work in it, and what the poller does around it. */
async function call(deployed: DeployedStack, sandbox: Sandbox, name: Measured, messages = 10): Promise<Invocation> {
  if (name === 'ingest') {
    const invocation = await sandbox.invoke(deployed.request(JSON.stringify(orderCompleted())));
    const { statusCode } = answerOf<HttpAnswer>(invocation);
    if (statusCode !== 200) throw new Error(`ingest answered ${statusCode}`);
    return invocation;
  }
  if (name === 'api') {
    const invocation = await sandbox.invoke(await putUser(deployed));
    const { statusCode } = answerOf<HttpAnswer>(invocation);
    if (statusCode !== 200) throw new Error(`api answered ${statusCode}`);
    return invocation;
  }
  const queue: QueueName = name === 'workflow-trigger' ? 'actions' : 'events';
  const event = await batchFor(deployed, queue, messages);
  const invocation = await sandbox.invoke(event);
  const { batchItemFailures } = answerOf<SQSBatchResponse>(invocation);
  if (batchItemFailures.length > 0) throw new Error(`${name} failed ${batchItemFailures.length} messages`);
  await deployed.finish(queue, event);
  return invocation;
}

const helpers = new WeakMap<DeployedStack, { ingest: Sandbox; processor: Sandbox }>();

/** Messages made by the functions before, without limits. */
async function batchFor(deployed: DeployedStack, queue: QueueName, messages: number): Promise<SQSEvent> {
  let helping = helpers.get(deployed);
  if (helping === undefined) {
    const start = (name: string) => deployed.sandbox(name, { limited: false });
    helping = { ingest: await start('ingest'), processor: await start('processor') };
    helpers.set(deployed, helping);
  }
  await deployed.clear('events');
  const orders = Array.from({ length: messages }, () => orderCompleted());
  answerOf(await helping.ingest.invoke(deployed.request(JSON.stringify(orders))));
  const events = await deployed.receive('events');
  if (queue === 'events') return events;
  await deployed.clear('actions');
  answerOf(await helping.processor.invoke(events));
  return deployed.receive('actions');
}

/** With little traffic a batch holds one message, and most of a call is what every call takes. */
async function singleFigures(
  deployed: DeployedStack,
  sandbox: Sandbox,
  memoryMb: number,
  name: Measured,
): Promise<Figure[]> {
  let billedMs = 0;
  for (let i = 0; i < warms[name]; i++) billedMs += Math.ceil((await call(deployed, sandbox, name, 1)).durationMs);
  return [
    {
      name: `${name}, ${memoryMb} MB (chosen): warm mean, one message`,
      measured: billedMs / warms[name],
      unit: 'ms',
    },
  ];
}

/** The most events, and the most bytes, that one request may bring. */
async function largeFigures(deployed: DeployedStack, sandbox: Sandbox, memoryMb: number, isChosen: boolean) {
  const small = (i: number) => ({ type: 'track', event: 'seen', messageId: `m-${i}`, userId: `u-${i}` });
  const most = Array.from({ length: 10_000 }, (_, i) => small(i));
  const largest: unknown[] = [];
  for (let bytes = 0; bytes < 4_100_000; ) {
    const order = orderCompleted();
    bytes += JSON.stringify(order).length + 1;
    largest.push(order);
  }
  const figures: Figure[] = [];
  for (const [what, events] of [
    ['10,000 small events in a request', most],
    [`4.1 MB in a request, ${largest.length} events`, largest],
  ] as const) {
    await deployed.clear('events');
    const invocation = await sandbox.invoke(deployed.request(JSON.stringify(events)));
    const { result, durationMs, cpuMs } = invocation;
    const ended =
      result.kind === 'failed' ? result.error.errorType : `answered ${answerOf<HttpAnswer>(invocation).statusCode}`;
    figures.push({
      name: `ingest, ${memoryMb} MB${isChosen ? ' (chosen)' : ''}: ${what}`,
      measured: durationMs / 1000,
      unit: 's',
      ...(isChosen && { bound: { atMost: sandbox.definition.timeoutSeconds } }),
      note: `${what} at ${memoryMb} MB: ${ended}, ${Math.round(cpuMs)} ms of processor time`,
    });
  }
  return figures;
}

/** To make its stack, Node reads the source map of the whole bundle once: the first failure costs more than later ones. */
async function failureFigures(deployed: DeployedStack, memoryMb: number, isChosen: boolean): Promise<Figure[]> {
  const { sqs } = deployed.fronts;
  const sandbox = await limitedSandbox(deployed, 'ingest', memoryMb);
  for (let i = 0; i < 5; i++) await call(deployed, sandbox, 'ingest');
  sqs.mode = 'refusing';
  sqs.closeConnections();
  const failures: Invocation[] = [];
  for (let i = 0; i < 2; i++) failures.push(await sandbox.invoke(deployed.request(JSON.stringify(orderCompleted()))));
  sqs.mode = 'open';
  await sandbox.stop();
  const [first, second] = failures.map(({ cpuMs }) => cpuMs) as [number, number];
  const what = `ingest, ${memoryMb} MB${isChosen ? ' (chosen)' : ''}: processor time of`;
  return [
    { name: `${what} the first failure`, measured: first, unit: 'ms' },
    { name: `${what} the second failure`, measured: second, unit: 'ms' },
  ];
}
