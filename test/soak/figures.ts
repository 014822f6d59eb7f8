import { percentile } from '../bench/measure.ts';
import { growthMb, type SoakResult } from './run.ts';

export type Figures = Record<string, string | number>;

/** What a run is worth telling, in one line each. */
export function figuresOf(result: SoakResult): Figures {
  const { sender, samples, verification, killed, target, sendingMs, drainingMs } = result;
  const rows = (status: keyof (typeof verification.sources)[number]['rows']) =>
    verification.sources.reduce((sum, source) => sum + source.rows[status], 0);
  const most = (pick: (sample: (typeof samples)[number]) => number) => Math.max(0, ...samples.map(pick));
  const lag = lagOf(result);
  return {
    'events sent': result.events,
    'copies sent': result.copies,
    'events per second while sending': round((1000 * (result.events + result.copies)) / sendingMs),
    'seconds of sending': round(sendingMs / 1000),
    'seconds until worked off': round(drainingMs / 1000),
    'answer, median (ms)': round(percentile(sender.latenciesMs, 50), 1),
    'answer, p99 (ms)': round(percentile(sender.latenciesMs, 99), 1),
    'requests sent again (no answer, 5xx)': sender.retries,
    'from received to processed, mean (s)': round(lag.meanMs / 1000, 2),
    'from received to processed, longest (s)': round(lag.maxMs / 1000, 1),
    'most messages in queues': most(({ queued }) => queued),
    processed: rows('processed'),
    idempotent: rows('idempotent'),
    no_mapping: rows('no_mapping'),
    rejected: rows('rejected'),
    failed: rows('failed'),
    'rows ingest did not count': verification.events.surplus,
    'kills of the runtime survived': killed.runtime,
    ...Object.fromEntries(
      Object.entries(killed.functions).map(([name, kills]) => [`kills of ${shortName(name)} survived`, kills]),
    ),
    'outages of the target': result.outages,
    'calls of the target': target.requests,
    '· in an outage': target.troubled,
    '· repeated, recognised by webhook-id': target.repeats,
    'retries of actions': lifeSum(samples, ({ actionsRetried }) => actionsRetried),
    'events handed back': lifeSum(samples, ({ handedBack }) => handedBack),
    'most resident memory of the runtime (MB)': round(most(({ residentMb }) => residentMb)),
    ...Object.fromEntries(
      Object.entries(result.memoryMb).flatMap(([name, limitMb]) => [
        [
          `heap of ${shortName(name)}, most of ${limitMb} MB`,
          round(
            most(({ heapsMb }) => heapsMb[name] ?? 0),
            1,
          ),
        ],
        [`· its growth, first to last third (MB)`.padEnd(40 + name.length), round(growthMb(samples, name), 1)],
      ]),
    ),
  };
}

/** Over all lives of the runtime: a counter that is lower than before has begun anew. */
function lifeSum(samples: SoakResult['samples'], pick: (sample: SoakResult['samples'][number]) => number): number {
  let sum = 0;
  for (const [i, sample] of samples.entries()) {
    const next = samples[i + 1];
    if (next === undefined || pick(next) < pick(sample)) sum += pick(sample);
  }
  return sum;
}

function lagOf({ samples }: SoakResult): { meanMs: number; maxMs: number } {
  const count = lifeSum(samples, ({ lag }) => lag.samples);
  return {
    meanMs: count === 0 ? 0 : lifeSum(samples, ({ lag }) => lag.sumMs) / count,
    maxMs: Math.max(0, ...samples.map(({ lag }) => lag.maxMs)),
  };
}

export function tableOf(figures: Figures): string {
  const width = Math.max(...Object.keys(figures).map((name) => name.trimEnd().length));
  return Object.entries(figures)
    .map(([name, value]) => `${name.trimEnd().padEnd(width)}  ${value.toLocaleString('en-US')}`)
    .join('\n');
}

/** `Processor` of `signalbox-development-ProcessorFunction5B2A90E2`. */
const shortName = (name: string) => /-([A-Za-z]+?)Function[0-9A-F]{8}$/.exec(name)?.[1] ?? name;
const round = (value: number, digits = 0) => Number(value.toFixed(digits));
