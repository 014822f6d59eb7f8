import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { inParallel } from '../../../shared/core/in-parallel.ts';
import type { Figure, Section } from '../figure.ts';
import { type LocalRuntime, type Memory, memoryOf, startLocalRuntime } from '../local-runtime.ts';
import { percentile } from '../measure.ts';
import { identify, orderCompleted, requestHeaders } from '../sample-events.ts';

const requestsPerSecond = 50;
const seconds = 20;
const sendersAtOnce = 16;
/** Those of the warm-up and of the steady rate included. */
const eventsInAll = 10_000;
const warmUpEvents = 1_000;

/** The local runtime as `npm start` runs it, posted to as RudderStack posts. */
export const ingest: Section = {
  name: 'ingest',
  about: 'the local runtime as a process of its own, posted to over HTTP, one event to a request',
  async measure(say) {
    say('starting the local runtime');
    const runtime = await startLocalRuntime();
    try {
      say('warming up');
      await post(runtime.url, identify('usr_8841'));
      await postAll(runtime, warmUpEvents - 1);
      await untilDone(runtime, warmUpEvents);
      const warm = memoryOf(runtime);
      say(`${requestsPerSecond} requests per second for ${seconds} s`);
      const latenciesMs = await postAtRate(runtime);
      await untilDone(runtime, warmUpEvents + latenciesMs.length);
      const events = eventsInAll - warmUpEvents - latenciesMs.length;
      say(`${events} events as fast as ${sendersAtOnce} connections bring them`);
      const startedMs = performance.now();
      await postAll(runtime, events);
      const acceptedMs = performance.now() - startedMs;
      await untilDone(runtime, eventsInAll);
      const doneMs = performance.now() - startedMs;
      const full = memoryOf(runtime);
      return [
        { name: 'from start to ready', measured: runtime.readySeconds, unit: 's', bound: { atMost: 10 } },
        ...latencies(latenciesMs),
        {
          name: `${count(events)} events over HTTP, until accepted`,
          measured: (1000 * events) / acceptedMs,
          unit: 'events/s',
        },
        {
          name: `${count(events)} events over HTTP, until the last action is logged`,
          measured: (1000 * events) / doneMs,
          unit: 'events/s',
          note: 'whoever sends shares the processor cores with the runtime',
        },
        ...memories(warm, full),
      ];
    } finally {
      runtime.child.kill('SIGKILL');
    }
  },
};

function latencies(latenciesMs: number[]): Figure[] {
  const note = `each request sent at its time whether or not earlier ones were answered; ${latenciesMs.length} requests`;
  return [
    {
      name: `POST at ${requestsPerSecond} requests/s, median`,
      measured: percentile(latenciesMs, 50),
      unit: 'ms',
      note,
    },
    {
      name: `POST at ${requestsPerSecond} requests/s, p99`,
      measured: percentile(latenciesMs, 99),
      unit: 'ms',
      bound: { atMost: 100 },
      note,
    },
  ];
}

function memories(warm: Memory | undefined, full: Memory | undefined): Figure[] {
  // Only Linux tells.
  if (warm === undefined || full === undefined) return [];
  const note = 'the whole runtime: functions, tables, queues and gateway in one process';
  return [
    { name: `resident memory after ${count(warmUpEvents)} events`, measured: warm.residentMb, unit: 'MB', note },
    {
      name: `resident memory after ${count(eventsInAll)} events`,
      measured: full.residentMb,
      unit: 'MB',
      bound: { atMost: 700 },
      note,
    },
    { name: 'most resident memory', measured: full.peakMb, unit: 'MB', note },
  ];
}

const agent = new Agent({ keepAlive: true });

/** Milliseconds until the whole answer is there. */
async function post(url: string, body: unknown): Promise<number> {
  const text = JSON.stringify(body);
  const startedMs = performance.now();
  // A kept connection that the server had closed meanwhile is not an answer; senders open another one.
  while ((await postOnce(url, text)) === 'stale');
  return performance.now() - startedMs;
}

function postOnce(url: string, text: string): Promise<'accepted' | 'stale'> {
  return new Promise((resolve, reject) => {
    const headers = { ...requestHeaders, 'content-length': Buffer.byteLength(text) };
    const call = request(url, { agent, method: 'POST', headers }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 200) resolve('accepted');
        else reject(new Error(`the ingest URL answered ${response.statusCode}`));
      });
    });
    call.on('error', (error: NodeJS.ErrnoException) => {
      if (call.reusedSocket && error.code === 'ECONNRESET') resolve('stale');
      else reject(error);
    });
    call.end(text);
  });
}

async function postAll({ url }: LocalRuntime, count: number): Promise<void> {
  await inParallel(Array.from({ length: count }), sendersAtOnce, async () => {
    await post(url, orderCompleted());
  });
}

async function postAtRate({ url }: LocalRuntime): Promise<number[]> {
  const startedMs = performance.now();
  const calls: Promise<number>[] = [];
  for (let i = 0; i < requestsPerSecond * seconds; i++) {
    const dueMs = startedMs + (1000 * i) / requestsPerSecond;
    await sleep(Math.max(0, dueMs - performance.now()));
    // Counted from when it was due, so that a sender that falls behind hides nothing.
    const lateMs = performance.now() - dueMs;
    const call = post(url, orderCompleted()).then((elapsedMs) => elapsedMs + Math.max(0, lateMs));
    // A failure is met below, when all were sent.
    call.catch(() => undefined);
    calls.push(call);
  }
  return Promise.all(calls);
}

type Metrics = { metrics: { name: string; sum: number; dimensions: Record<string, string> }[] };

/** Waits until the runtime has counted this many finished actions. */
async function untilDone({ url }: LocalRuntime, actions: number): Promise<void> {
  const endsAtMs = performance.now() + 120_000;
  for (;;) {
    const { metrics } = (await (await fetch(new URL('/_local/metrics', url))).json()) as Metrics;
    const done = metrics
      .filter(({ name, dimensions }) => name === 'ActionsSucceeded' && Object.keys(dimensions).join() === 'environment')
      .reduce((sum, metric) => sum + metric.sum, 0);
    if (done >= actions) return;
    if (performance.now() > endsAtMs) throw new Error(`only ${done} of ${actions} actions are done after two minutes`);
    await sleep(50);
  }
}

const count = (value: number) => value.toLocaleString('en-US');
