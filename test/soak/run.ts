import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { builtFile } from '../../infra/build/build.js';
import type { VerifyRow } from '../../shared/operations/verify/verify-row.ts';
import { makeRandom } from '../support/random.ts';
import { writeConfiguration } from './configuration.ts';
import { type EventKind, eventOf, type SoakEvent } from './events.ts';
import type { Sample } from './runtime-process.ts';
import { makeSender, type SenderCounts } from './sender.ts';
import type { Settings } from './settings.ts';
import { type SoakStack, startStack } from './stack.ts';
import { type SoakTarget, startTarget, troubles } from './target.ts';

export type SoakResult = {
  events: number;
  copies: number;
  kinds: Record<EventKind, number>;
  sendingMs: number;
  drainingMs: number;
  sender: SenderCounts;
  target: SoakTarget['counts'];
  killed: { functions: Record<string, number>; runtime: number };
  outages: number;
  samples: Sample[];
  memoryMb: Record<string, number>;
  verification: VerifyRow;
  verifyExitCode: number;
  /** Everything that should not be; a run without any has passed. */
  violations: string[];
};

// Senders have a limit too: what is due beyond it waits, or a slow machine would be told that it is a fast one.
const underWayMax = 1_000;
const underWayMaxInBurst = 200;
// Of all events, so many are sent a second time: at once, or some hundred events later.
const copiesShare = 0.1;
const copyDelayEventsMax = 400;
// Ten events a second, which the slowest machine does.
const drainMsPerEvent = 100;

/**
 * Sends events under faults, waits until all is worked off, and looks whether everything accepted is accounted for, and
 * every order had its effect exactly once.
 *
 * @param folder everything that the run writes goes there
 */
export async function soak(folder: string, settings: Settings, say: (line: string) => void): Promise<SoakResult> {
  const samples: Sample[] = [];
  const target = await startTarget();
  writeConfiguration(join(folder, 'config'), target.url);
  say('starting the local runtime');
  const { port, hurry } = settings;
  const stack = await startStack(folder, { port, hurry, onSample: (sample) => samples.push(sample) });
  try {
    return await runOn(stack, target, samples, settings, say);
  } finally {
    stack.stop();
    await target.stop();
  }
}

async function runOn(
  stack: SoakStack,
  target: SoakTarget,
  samples: Sample[],
  settings: Settings,
  say: (line: string) => void,
): Promise<SoakResult> {
  const { events: count, seed, perSecond } = settings;
  const random = makeRandom(seed);
  const sender = makeSender((source) => stack.ingestUrls[source] as string);
  const orders: SoakEvent[] = [];
  const kinds: Record<EventKind, number> = {
    order: 0,
    refused_order: 0,
    signup: 0,
    identify: 0,
    unmapped: 0,
    invalid: 0,
  };
  const copiesAt = new Map<number, SoakEvent[]>();
  const faults = planFaults(stack, target, settings);
  const under = new Set<Promise<void>>();
  const since = new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString();
  const startedMs = performance.now();
  let copies = 0;
  const start = (event: SoakEvent) => {
    const sent = sender.send(event).finally(() => under.delete(sent));
    under.add(sent);
  };

  for (let i = 0; i < count; i++) {
    const event = eventOf(`soak-${seed}-${i}`, random);
    kinds[event.kind]++;
    if (event.kind === 'order' || event.kind === 'refused_order') orders.push(event);
    start(event);
    if (random() < copiesShare) {
      copies++;
      const at = i + Math.floor(random() ** 2 * copyDelayEventsMax);
      copiesAt.set(at, [...(copiesAt.get(at) ?? []), event]);
    }
    for (const copy of copiesAt.get(i) ?? []) start(copy);
    copiesAt.delete(i);
    faults.reached(i);
    // Steady: each event is due at its time. Otherwise as fast as answers come.
    if (perSecond !== undefined) await sleep(Math.max(0, startedMs + (1000 * i) / perSecond - performance.now()));
    while (under.size >= (perSecond === undefined ? underWayMaxInBurst : underWayMax)) await Promise.race(under);
    if (i % 500 === 0) say(progress(i, count, startedMs, samples.at(-1)));
  }
  for (const copy of [...copiesAt.values()].flat()) start(copy);
  await Promise.all(under);
  const sendingMs = performance.now() - startedMs;
  await faults.over();

  say('everything is sent; waiting until it is worked off');
  const limitMs = 180_000 + count * drainMsPerEvent;
  const firstDrained = await untilIdle(stack, samples, limitMs, say);
  // What its target refused for good has failed and let go of its key, so a copy must run. It may have come before.
  const refused = orders.filter(({ kind, key }) => kind === 'refused_order' && !target.effects.has(key));
  say(`sending ${refused.length} refused orders again`);
  copies += refused.length;
  await Promise.all(refused.map((event) => sender.send(event)));
  const drained = (await untilIdle(stack, samples, limitMs, say)) && firstDrained;
  const drainingMs = performance.now() - startedMs - sendingMs;
  sender.stop();

  say('npx signalbox verify');
  const { verification, exitCode } = await verify(stack, since);
  const result = {
    events: count,
    copies,
    kinds,
    sendingMs,
    drainingMs,
    sender: sender.counts,
    target: target.counts,
    killed: faults.killed,
    outages: faults.outages(),
    samples,
    memoryMb: stack.memoryMb,
    verification,
    verifyExitCode: exitCode,
  };
  const violations = violationsOf(result, orders, target, settings);
  if (!drained) violations.unshift(`not worked off ${limitMs / 1000} s after it was sent`);
  return { ...result, violations };
}

type Faults = {
  killed: SoakResult['killed'];
  outages(): number;
  /** The event of this place is sent. */
  reached(place: number): void;
  /** All faults have happened, and everything is well again. */
  over(): Promise<void>;
};

/** Faults at fixed places of the run, one after the other; those that would overlap wait. */
function planFaults(stack: SoakStack, target: SoakTarget, { events, faults, seed }: Settings): Faults {
  const random = makeRandom(seed + 1);
  const names = Object.keys(stack.memoryMb).filter((name) => !name.includes('DeadLetter'));
  const killed: SoakResult['killed'] = { functions: {}, runtime: 0 };
  let outages = 0;
  const plan = new Map<number, (() => Promise<void>)[]>();
  // Spread evenly with some chance, never in the last tenth, so that each meets load.
  const spread = (count: number, [from, to]: [number, number], make: (i: number) => () => Promise<void>) => {
    for (let i = 0; i < count; i++) {
      const at = Math.floor(((i + from + (to - from) * random()) / count) * events * 0.9);
      plan.set(at, [...(plan.get(at) ?? []), make(i)]);
    }
  };
  spread(faults.outages, [0, 0.3], (i) => async () => {
    outages++;
    target.trouble = troubles[(i + seed) % troubles.length];
    const before = target.counts.troubled;
    await sleep(faults.outageMs);
    // One that nobody met was none.
    for (let waited = 0; target.counts.troubled < before + 5 && waited < 200; waited++) await sleep(100);
    target.trouble = undefined;
  });
  spread(faults.functionKills, [0.3, 0.6], (i) => async () => {
    const name = names[(i + seed) % names.length] as string;
    if (await stack.killFunction(name, 5_000)) killed.functions[name] = (killed.functions[name] ?? 0) + 1;
  });
  // After a kill of a function: the new runtime hands out at once what that one had in work.
  spread(faults.runtimeKills, [0.6, 1], () => async () => {
    await stack.killAndRestart();
    killed.runtime++;
  });
  let line: Promise<void> = Promise.resolve();
  return {
    killed,
    outages: () => outages,
    reached(place) {
      for (const fault of plan.get(place) ?? []) line = line.then(fault);
    },
    over: () => line,
  };
}

/** Until no message waits, is worked on or is put off, over three samples; says whether that came in time. */
async function untilIdle(
  stack: SoakStack,
  samples: Sample[],
  limitMs: number,
  say: (line: string) => void,
): Promise<boolean> {
  const endsAtMs = performance.now() + limitMs;
  let idle = 0;
  let seen = samples.length;
  for (let waited = 0; idle < 3; waited++) {
    if (performance.now() > endsAtMs) return false;
    await sleep(500);
    const latest = samples.at(-1);
    if (samples.length === seen || latest === undefined) {
      if (waited > 240) throw new Error(`the runtime of ${stack.runtimeFile} says nothing any more`);
      continue;
    }
    waited = 0;
    seen = samples.length;
    idle = latest.queued + latest.parked === 0 ? idle + 1 : 0;
    if (seen % 10 === 0) say(`${latest.queued} messages wait, ${latest.parked} are parked`);
  }
  return true;
}

const cli = builtFile('infra/cli/main.ts');

/** The command itself, as an operator would run it. */
function verify(stack: SoakStack, since: string): Promise<{ verification: VerifyRow; exitCode: number }> {
  const env = { ...process.env, SIGNALBOX_RUNTIME_FILE: stack.runtimeFile };
  const args = [cli, 'verify', '--since', since, '--json'];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { env, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : Number(error.code);
      try {
        resolve({ verification: JSON.parse(stdout), exitCode });
      } catch {
        reject(new Error(`signalbox verify ended with ${exitCode}: ${stderr}`));
      }
    });
  });
}

const shown = 5;

/** Everything that should not be. */
export function violationsOf(
  { events, copies, kinds, sender, verification, samples, memoryMb, killed }: Omit<SoakResult, 'violations'>,
  orders: SoakEvent[],
  target: Pick<SoakTarget, 'effects' | 'counts'>,
  { faults, profile }: Pick<Settings, 'faults' | 'profile'>,
): string[] {
  const violations: string[] = [];
  const some = (what: string, keys: string[]) => {
    if (keys.length > 0) violations.push(`${what}: ${keys.length} (${keys.slice(0, shown).join(', ')})`);
  };
  some('answered 4xx', sender.refusals);
  some(
    'accepted orders without effect',
    orders.filter(({ key }) => !target.effects.has(key)).map(({ key }) => key),
  );
  some(
    'orders with two effects',
    [...target.effects].filter(([, ids]) => ids.size > 1).map(([key]) => key),
  );
  const { sources, events: accounted, actions } = verification;
  if (accounted.missing > 0) violations.push(`accepted events without a row: ${accounted.missing}`);
  some('events without a row of their actions', actions.waiting);
  some('events with actions that are not over', actions.pending);
  // Ingest can be killed between queue and count; such a request was never answered.
  if (accounted.surplus > sender.maybeAccepted)
    violations.push(
      `rows that ingest did not count: ${accounted.surplus}, and ${sender.maybeAccepted} requests without answer`,
    );
  const of = (status: keyof (typeof sources)[number]['rows']) =>
    sources.reduce((sum, { rows }) => sum + rows[status], 0);
  if (of('failed') > 0) violations.push(`events that failed: ${of('failed')}`);
  // Each key runs once: what is processed beyond that took a key twice. A refused order runs again with its copy.
  const keyed = kinds.order + kinds.refused_order + kinds.signup + kinds.identify;
  if (of('processed') < keyed) violations.push(`processed: ${of('processed')}, fewer than the ${keyed} keys`);
  if (of('processed') > keyed + kinds.refused_order * 2)
    violations.push(
      `processed: ${of('processed')}, more than the ${keyed} keys and ${kinds.refused_order} second tries`,
    );
  const accepted = sources.reduce((sum, source) => sum + source.accepted, 0);
  if (accepted < sender.accepted) violations.push(`counted ${accepted}, answered ${sender.accepted}`);
  if (sender.accepted !== events + copies)
    violations.push(`answered ${sender.accepted} of ${events + copies} requests`);
  for (const [name, limitMb] of Object.entries(memoryMb)) {
    const peakMb = Math.max(0, ...samples.map(({ heapsMb }) => heapsMb[name] ?? 0));
    if (peakMb > limitMb) violations.push(`${name} used ${peakMb.toFixed(0)} MB of ${limitMb}`);
    const growth = growthMb(samples, name);
    if (profile === 'memory' && growth > growthMaxMb)
      violations.push(`${name}: its heap grew by ${growth.toFixed(1)} MB from the first third to the last`);
  }
  if (faults.outages > 0 && target.counts.troubled === 0) violations.push('no call met an outage');
  if (killed.runtime < faults.runtimeKills) violations.push('not every kill of the runtime took place');
  if (faults.functionKills > 0 && Object.keys(killed.functions).length === 0)
    violations.push('no function was killed at work');
  return violations;
}

/** More than a cache that fills, less than a leak of 200 bytes an event over 100,000. */
const growthMaxMb = 12;

/** How much fuller the heap is in the last third than in the first: by its low points, which garbage does not raise. */
export function growthMb(samples: Sample[], name: string): number {
  const heaps = samples.map(({ heapsMb }) => heapsMb[name] ?? 0).filter((heap) => heap > 0);
  const third = Math.floor(heaps.length / 3);
  if (third < 5) return 0;
  const low = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 10)] ?? 0;
  return low(heaps.slice(-third)) - low(heaps.slice(0, third));
}

function progress(done: number, count: number, startedMs: number, sample: Sample | undefined): string {
  const seconds = (performance.now() - startedMs) / 1000;
  const rate = done / Math.max(seconds, 0.001);
  const left = rate === 0 ? '' : `, ${Math.ceil((count - done) / rate)} s left`;
  return `${done} of ${count} events, ${rate.toFixed(0)} per second${left}; ${sample?.queued ?? 0} messages wait`;
}
