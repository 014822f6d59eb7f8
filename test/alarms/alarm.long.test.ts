import { describe, expect, test } from '@jest/globals';
import { environments } from '../../infra/environments.ts';
import { templateOf } from '../infra/templates.ts';
import { alarmsOf, isRaised, type TemplateAlarm } from './alarm.ts';
import { expectedThere, incidents } from './incidents.ts';
import { parseMetricMath } from './metric-math.ts';
import { MetricStore } from './metric-store.ts';
import { promisedMinutesOf } from './promises.ts';

const minuteMs = 60_000;
const metric = { namespace: 'N', name: 'M', dimensions: {} };

/** An alarm over the sums of a metric's minutes. */
function alarmOver(change: Partial<TemplateAlarm>): TemplateAlarm {
  const { periodMs = minuteMs } = change;
  return {
    name: 'test',
    metrics: [{ ...metric, statistic: 'Sum' }],
    periodMs,
    evaluationPeriods: 3,
    datapointsToAlarm: 3,
    isBreaching: (value) => value > 0,
    missingIsBreaching: false,
    valuesAt: (store, times) => times.map((untilMs) => store.statistic(metric, 'Sum', untilMs - periodMs, untilMs)),
    ...change,
  };
}

/** `X`: breaching, `0`: not, `-`: missing; oldest first, one for each minute. */
function storeOf(points: string): { store: MetricStore; nowMs: number } {
  const store = new MetricStore();
  for (const [minute, point] of [...points].entries())
    if (point !== '-') store.add(metric, minute * minuteMs, point === 'X' ? 1 : 0);
  return { store, nowMs: points.length * minuteMs };
}

// The tables of
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
describe('an alarm is judged as the guide of CloudWatch shows', () => {
  test.each([
    ['0-X-X', 3, false, false],
    ['----0', 3, false, false],
    ['-----', 3, false, true],
    ['0XX-X', 3, true, true],
    ['--X--', 3, false, true],
    ['0-X-X', 2, true, true],
    ['00X0X', 2, true, true],
    ['0-X--', 2, false, true],
    ['----0', 2, false, true],
    ['---X-', 2, false, true],
  ])('%s, %d of 3: missing as not breaching %p, as breaching %p', (points, datapointsToAlarm, ifNot, ifBreaching) => {
    const { store, nowMs } = storeOf(points);
    expect(isRaised(alarmOver({ datapointsToAlarm }), store, nowMs)).toBe(ifNot);
    expect(isRaised(alarmOver({ datapointsToAlarm, missingIsBreaching: true }), store, nowMs)).toBe(ifBreaching);
  });

  test('over periods that end now, not at a full five minutes', () => {
    const { store } = storeOf('--X--X');
    const alarm = alarmOver({ periodMs: 5 * minuteMs, evaluationPeriods: 1, datapointsToAlarm: 1 });
    const twice = { ...alarm, isBreaching: (value: number) => value > 1 };
    expect(isRaised(twice, store, 5 * minuteMs)).toBe(false);
    expect(isRaised(twice, store, 6 * minuteMs)).toBe(true);
  });
});

// A quiet period must not be passed over for a busy one before it.
test('a source that was busy is silent as soon as it sent nothing for as long as is expected', () => {
  const expected = {
    shop: { every: { text: '1h', seconds: 3600 } },
    cron: { every: { text: '2d', seconds: 172_800 } },
  };
  const alarms = alarmsOf(templateOf('staging', {}, {}, undefined, expected), 'staging');
  const silent = (source: string, nowMs: number) =>
    isRaised(alarms.find(({ name }) => name === `source-silent/${source}`) as TemplateAlarm, store, nowMs);
  const store = new MetricStore();
  const hour = 60 * minuteMs;
  const startMs = 100 * 24 * hour;
  expect(silent('shop', startMs)).toBe(true);
  for (const source of ['shop', 'cron'])
    for (let i = 0; i < 5; i++)
      store.add(
        { namespace: 'Signalbox', name: 'EventsAccepted', dimensions: { environment: 'staging', source } },
        startMs - i * 20 * minuteMs,
        1,
      );
  expect([silent('shop', startMs + minuteMs), silent('cron', startMs + minuteMs)]).toEqual([false, false]);
  expect(silent('shop', startMs + hour)).toBe(false);
  expect(silent('shop', startMs + hour + minuteMs)).toBe(true);
  expect(silent('cron', startMs + 47 * hour)).toBe(false);
  expect(silent('cron', startMs + 48 * hour + minuteMs)).toBe(true);
});

describe('metric math', () => {
  const values = new Map([
    ['a', 6],
    ['b', 2],
    ['zero', 0],
  ]);
  test.each([
    ['a - b - 1', 3],
    ['a + b * 2', 10],
    ['(a + b) * 2', 16],
    ['-a + b', -4],
    ['IF(a > b, 10, 20)', 10],
    ['IF(a >= 7 OR (b == 2 AND a < 7), a, 0)', 6],
    ['IF(a != 6 || b > 2, 1, 0)', 0],
    ['FILL(none, 0) + a', 6],
    ['none + a', undefined],
    ['IF(none > 1, 1, 0)', undefined],
    ['a / zero', undefined],
    ['100 * FILL(none, 3) / b', 150],
  ])('%s is %p', (text, value) => {
    expect(parseMetricMath(text)((id) => values.get(id))).toBe(value);
  });

  test.each(['SUM(a)', 'a +', 'a b', 'IF(a, b', '$a', 'A'])('%s is refused, not guessed at', (text) => {
    expect(() => parseMetricMath(text)).toThrow(`"${text}"`);
  });
});

test('statistics are those of the values within a range of minutes, and none without a value', () => {
  const store = new MetricStore();
  store.add(metric, 0, 100);
  store.add(metric, minuteMs, 1, 3);
  store.add(metric, 2 * minuteMs, 8);
  const of = (statistic: string) => store.statistic(metric, statistic, minuteMs, 3 * minuteMs);
  expect(['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'].map(of)).toEqual([12, 4, 1, 8, 3]);
  expect(store.statistic(metric, 'Sum', 3 * minuteMs, 9 * minuteMs)).toBeUndefined();
  expect(store.statistic({ ...metric, dimensions: { a: 'b' } }, 'Sum', 0, 9 * minuteMs)).toBeUndefined();
});

describe.each(environments)('every alarm of $name', ({ name }) => {
  const template = templateOf(name, { notify: { slack: true }, dailyStatement: true }, {}, undefined, expectedThere);
  const alarms = alarmsOf(template, name).map((alarm) => alarm.name);

  test('is raised by an incident, and no incident waits for one that does not exist', () => {
    expect([...new Set(incidents.flatMap(({ raises }) => raises))].sort()).toEqual(alarms.toSorted());
  });

  test('has a promised time', () => {
    for (const alarm of alarms) expect(promisedMinutesOf(alarm)).toBeGreaterThan(0);
  });
});
