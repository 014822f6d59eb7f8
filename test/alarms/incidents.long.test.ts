import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { templateOf } from '../infra/templates.ts';
import { alarmsOf, isRaised } from './alarm.ts';
import {
  alarmConfiguration,
  expectedThere,
  incidents,
  postEvent,
  steadyTraffic,
  steadyWeekBefore,
  surgeAbove,
  tellRaised,
} from './incidents.ts';
import { normalDays } from './normal-days.ts';
import { type AlarmPipeline, environment, startAlarmPipeline } from './pipeline.ts';
import { promisedMinutesOf } from './promises.ts';

const changes = { surgeAbove, notify: { slack: true, gatherSeconds: 0 }, dailyStatement: true } as const;
const template = templateOf(environment, changes, {}, undefined, expectedThere);
const alarms = alarmsOf(template, environment);
let pipeline: AlarmPipeline;

beforeAll(async () => {
  pipeline = await startAlarmPipeline(template, Date.parse('2026-03-02T00:00:00Z'));
  await pipeline.start();
  await pipeline.goLive(alarmConfiguration(pipeline.targetUrl));
});
afterAll(() => pipeline?.stop());
/** Each begins where nothing is left of the one before, breakers included. */
beforeEach(async () => {
  pipeline.reset();
  await pipeline.pass(5, (minute) => minute === 0 && postEvent(pipeline, 'paid'));
  pipeline.reset();
});

/** CloudWatch has a metric a minute or two after it was made, and evaluates it once a minute. */
const lateMinutes = 2;

/**
 * Alarms with the minute in which a person hears of each, until all of `wanted` are raised or the
 * time is over.
 */
async function watch(
  minutes: number,
  each: (minute: number) => unknown,
  wanted: readonly string[] = [],
): Promise<Map<string, number>> {
  const beganMs = pipeline.nowMs();
  const raised = new Map<string, number>();
  await pipeline.pass(minutes, each, () => {
    for (const alarm of alarms) {
      if (raised.has(alarm.name) || !isRaised(alarm, pipeline.store, pipeline.nowMs())) continue;
      raised.set(alarm.name, (pipeline.nowMs() - beganMs) / 60_000 + lateMinutes);
      tellRaised(pipeline, alarm.name);
    }
    return wanted.length > 0 && wanted.every((name) => raised.has(name)) ? 'enough' : undefined;
  });
  return raised;
}

describe('an alarm is raised within the time that its page promises when', () => {
  test.each(incidents)('$name', async ({ raises, happens }) => {
    const promised = raises.map((name) => [name, promisedMinutesOf(name)] as const);
    const longest = Math.max(...promised.map(([, minutes]) => minutes));
    const raised = await watch(longest, (minute) => happens(pipeline, minute), raises);
    const inTime = promised.filter(([name, minutes]) => (raised.get(name) ?? Number.POSITIVE_INFINITY) <= minutes);
    expect({ inTime, raised: [...raised] }).toEqual({ inTime: promised, raised: expect.anything() });
  });
});

test('a person reads in Slack what happened, how often, why, with an example, and what to run', async () => {
  const claims = incidents.find(({ raises }) => raises.includes('events-failed'));
  await watch(25, (minute) => claims?.happens(pipeline, minute), ['events-failed']);
  await pipeline.pass(1);
  const told = pipeline.slack.find((text) => text.includes('*events-failed*'));
  expect(told).toMatch(/Why: \d+ of source web: retries_exhausted: .*ResourceNotFoundException/);
  const [, example] = /Next: `npx signalbox why (\w+) -e production`/.exec(told ?? '') ?? [];
  expect(told).toContain(`(${example})`);
  expect(told).toContain('docs/runbooks/events-failed.md');
});

test('a day of which all is accounted for is stated without an alarm', async () => {
  await pipeline.pass(3, (minute) => minute === 0 && postEvent(pipeline));
  await pipeline.stateYesterday(true);
  const raised = alarms.filter((alarm) => isRaised(alarm, pipeline.store, pipeline.nowMs()));
  // The night was skipped, so that sources were silent.
  expect(raised.map(({ name }) => name).filter((name) => name.startsWith('statement'))).toEqual([]);
});

test('an unusual volume is told once, and is over 20 minutes after the first usual hour', async () => {
  steadyWeekBefore(pipeline, 6);
  const [alarm] = alarms.filter(({ name }) => name === 'volume-unusual/steady');
  const raised: number[] = [];
  const beganMs = pipeline.nowMs();
  // Nothing for two hours.
  const traffic = (minute: number) => (minute < 120 ? undefined : steadyTraffic(pipeline, minute));
  await pipeline.pass(4 * 60, traffic, () => {
    const minute = (pipeline.nowMs() - beganMs) / 60_000;
    if (alarm && isRaised(alarm, pipeline.store, pipeline.nowMs())) raised.push(minute);
    return undefined;
  });
  // From the comparison of the first hour until that of the second one no longer counts, without a gap.
  const from = 66;
  const to = 125 + 75;
  expect(raised).toEqual(Array.from({ length: to - from + 1 }, (_, i) => from + i));
});

describe('no alarm is raised on a day with', () => {
  test.each(normalDays)(
    '$name',
    async ({ happens }) => {
      expect([...(await watch(24 * 60, (minute) => happens(pipeline, minute)))]).toEqual([]);
    },
    600_000,
  );
});
