import { money, table } from '../cost/report.ts';
import { type Advice, type Ceiling, ceilingsOfOneKey, firstBottleneck, type ScaleLoad } from './ceilings.ts';
import { type Day, type DayResult, sparkline } from './day.ts';

/** The ceilings as text, lowest first, and the first bottleneck. */
export function ceilingsText(ceilings: Ceiling[], { event }: ScaleLoad): string {
  const lasting = ceilings.filter(({ raise }) => raise.by !== 'warming');
  const ofNew = ceilings.filter(({ raise }) => raise.by === 'warming');
  const rowOf = ({ component, raise, eventsPerSecond }: Ceiling) => [
    component,
    `${raise.name} = ${whole(raise.value)}`,
    `${whole(eventsPerSecond)}/s`,
  ];
  const first = firstBottleneck(ceilings);
  return [
    'events per second that each component takes:',
    ...table(lasting.map(rowOf)),
    '',
    'until the tables have grown, which takes 30 minutes for each doubling:',
    ...table(ofNew.map(rowOf)),
    '',
    'of one key, whatever the settings:',
    ...table(ceilingsOfOneKey(event).map(({ key, eventsPerSecond }) => [key, `${whole(eventsPerSecond)}/s`])),
    '',
    `first bottleneck: ${first.component}, ${whole(first.eventsPerSecond)} events/s (${first.raise.name})`,
  ].join('\n');
}

/** What to raise for a rate; nothing to raise is said too. */
export function adviceText({ settings, quotas, warming, beyond }: Advice, rate: number, environment: string): string {
  const low = settings.filter(({ isTooLow }) => isTooLow);
  const rows = low.map(({ name, value, now }) => [name, whole(now ?? 0), '→', whole(value)]);
  return [
    low.length === 0
      ? `for ${whole(rate)} events/s the settings of ${environment} suffice`
      : `for ${whole(rate)} events/s, raise in infra/environments.ts, ${environment}:`,
    ...table(rows),
    ...(quotas.length === 0
      ? []
      : ['have AWS raise before:', ...table(quotas.map(({ name, value }) => [name, whole(value)]))]),
    ...(warming.length === 0
      ? []
      : [
          'warm new tables first (docs/scale.md), or let the load grow for the minutes given:',
          ...table(warming.map(({ name, value, minutes }) => [name, whole(value), `${minutes} min`])),
        ]),
    ...beyond.map((line) => `no setting reaches it: ${line}`),
  ].join('\n');
}

export function dayText(day: Day, result: DayResult, dollars: number): string {
  const { quarters, lagSeconds, waiting, events, done, refused, backlogMax } = result;
  const { bursts, hot, slow, seed } = day;
  const left = waiting.atSenders + waiting.inEventsQueue + waiting.inActionsQueue;
  const line = (title: string, values: number[], unit: string) =>
    `  ${title.padEnd(12)}${sparkline(values)}  at most ${whole(Math.max(...values))}${unit}`;
  return [
    `a day of ${whole(day.rate)} events/s on average, ${bursts.count} bursts × ${bursts.factor}, one source with ${hot.share * 100} % of all from ${hot.fromHour} to ${hot.toHour} h, a target that is ${slow.extraMs / 1000} s late from ${slow.fromHour} to ${slow.toHour} h (seed ${seed})`,
    `  ${''.padEnd(12)}${hours(quarters.length)}`,
    line(
      'arrived',
      quarters.map(({ arrived }) => arrived / 900),
      '/s',
    ),
    line(
      'done',
      quarters.map((quarter) => quarter.done / 900),
      '/s',
    ),
    line(
      'backlog',
      quarters.map((quarter) => quarter.backlogMax),
      '',
    ),
    line(
      'lag',
      quarters.map(({ lagMaxSeconds }) => lagMaxSeconds),
      ' s',
    ),
    '',
    `  ${whole(events)} events, ${whole(done)} done, ${whole(left)} waiting at midnight`,
    `  lag: p50 ${lagText(lagSeconds.p50)}, p99 ${lagText(lagSeconds.p99)}, at most ${lagText(lagSeconds.max)}`,
    `  backlog: at most ${whole(backlogMax)}; refused with 429 at first: ${whole(refused)} (${percent(refused / Math.max(1, events))})`,
    `  batches of ${Number(result.meanBatch.toPrecision(2))} on average; the day costs ${money(dollars)}`,
  ].join('\n');
}

export const lagText = (seconds: number): string =>
  seconds === 0 ? '< 1 s' : seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;

const percent = (share: number) => `${Number((100 * share).toPrecision(2))} %`;
export const whole = (value: number): string => Math.floor(value + 1e-6).toLocaleString('en-US');

/** A mark every six hours above a line of quarters. */
function hours(quarters: number): string {
  return Array.from({ length: Math.ceil(quarters / 24) }, (_, i) => `${i * 6} h`.padEnd(24))
    .join('')
    .trimEnd();
}
