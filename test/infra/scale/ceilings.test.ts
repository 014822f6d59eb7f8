import { expect, test } from '@jest/globals';
import { readTemplateFacts } from '../../../infra/cost/template-facts.ts';
import { environmentNamed, type PipelineEnvironment } from '../../../infra/environments.ts';
import type { Template } from '../../../infra/local/template.ts';
import {
  adviceFor,
  ceilingsOf,
  ceilingsOfOneKey,
  firstBottleneck,
  type ScaleLoad,
} from '../../../infra/scale/ceilings.ts';
import { loadOf, withAdvice } from '../../../infra/scale/plan.ts';
import { templateOf } from '../templates.ts';

const production = environmentNamed('production');
const factsOf = (changes: Partial<PipelineEnvironment> = {}) =>
  readTemplateFacts(templateOf('production', changes) as unknown as Template);
// Rows of fixed units: what an event takes changes, and what follows from it does not.
const recorded = loadOf('log', 1, 1);
const writeUnits = { Claims: 1, EventLog: 2, 'EventLog.users': 1, WorkflowRuns: 1, ActionLog: 1 };
const load: ScaleLoad = { ...recorded, event: { ...recorded.event, writeUnits } };
const rateOf = (component: string, facts = factsOf(), of = load) =>
  ceilingsOf(facts, of).find((one) => one.component === component)?.eventsPerSecond;

test('each ceiling is the setting times what one unit of it takes', () => {
  expect(rateOf('API Gateway, throttle of the stage')).toBe(production.throttle.requestsPerSecond);
  // Ten calls per second and unit of concurrency, however short they are.
  expect(rateOf('Lambda, ingest')).toBe(10 * (production.ingestReservedConcurrency ?? 0));
  // A partition takes 1,000 units, a row of 1.5 KB two.
  expect(rateOf('DynamoDB, shards of EventLog')).toBe((production.logShards * 1000) / 2);
  expect(rateOf('DynamoDB, shards of ActionLog')).toBe(production.logShards * 1000);
  expect(rateOf('Lambda, processor')).toBeCloseTo(
    (production.concurrency.processor * 1000) / load.event.milliseconds.processor,
    6,
  );
});

test('a row and its entry in an index count for one table, and for two that warm apart', () => {
  expect(rateOf('DynamoDB, EventLog with its indexes')).toBeCloseTo(40_000 / 3, 6);
  expect(rateOf('DynamoDB, EventLog when it is new')).toBe(2000);
  expect(rateOf('DynamoDB, EventLog.users when it is new')).toBe(4000);
});

test('the first bottleneck is the lowest that stays: growing tables are none', () => {
  const ceilings = ceilingsOf(factsOf(), load);
  expect(firstBottleneck(ceilings).component).toBe('API Gateway, throttle of the stage');
  const high = factsOf({ throttle: { requestsPerSecond: 9000, burst: 9000 }, logShards: 32 });
  expect(firstBottleneck(ceilingsOf(high, load)).component).toBe('Lambda, ingest');
  expect(ceilings.map(({ eventsPerSecond }) => eventsPerSecond)).toEqual(
    ceilings.map(({ eventsPerSecond }) => eventsPerSecond).toSorted((a, b) => a - b),
  );
});

test('several events in a request, and several sources, raise what they share', () => {
  expect(rateOf('API Gateway, throttle of the stage', factsOf(), loadOf('log', 10, 1))).toBe(10_000);
  expect(rateOf('DynamoDB, shards of EventLog', factsOf(), { ...load, sources: 3 })).toBe(6000);
  expect(rateOf('DynamoDB, shards of ActionLog', factsOf(), { ...load, sources: 3 })).toBe(4000);
});

test('without a reservation ingest has no ceiling but the account’s', () => {
  const { ingestReservedConcurrency: _reserved, ...rest } = production;
  const facts = readTemplateFacts(templateOf('staging') as unknown as Template);
  expect(rest).not.toHaveProperty('ingestReservedConcurrency');
  expect(rateOf('Lambda, ingest', facts)).toBeUndefined();
  expect(rateOf('Lambda, all functions of the account', facts)).toBeGreaterThan(0);
});

test.each([10, 100, 1000, 10_000])('with the settings for %i events/s no setting is below that rate', (rate) => {
  const facts = factsOf();
  const advice = adviceFor(facts, load, rate);
  const raised = ceilingsOf(withAdvice(facts, advice), load).filter(({ raise }) => raise.by === 'setting');
  expect(advice.beyond).toEqual([]);
  for (const { component, eventsPerSecond } of raised)
    expect({ component, suffices: eventsPerSecond >= 1.5 * rate - 1e-6 }).toEqual({ component, suffices: true });
});

test('a higher rate never needs less', () => {
  const rates = [1, 10, 100, 1000, 5000, 10_000];
  const values = rates.map((rate) => adviceFor(factsOf(), load, rate).settings.map(({ value }) => value));
  for (const [i, later] of values.slice(1).entries())
    for (const [j, value] of later.entries()) expect(value).toBeGreaterThanOrEqual(values[i]?.[j] ?? Number.NaN);
});

test('what no setting reaches is said, with the most that there is', () => {
  const { beyond } = adviceFor(factsOf(), load, 50_000);
  expect(beyond).toContain('DynamoDB, shards of EventLog: 150 would be needed, 32 is the most');
});

test('quotas and tables are named only where the rate needs more than they give', () => {
  expect(adviceFor(factsOf(), load, 100)).toMatchObject({ quotas: [], warming: [] });
  const { quotas, warming } = adviceFor(factsOf(), load, 10_000);
  expect(quotas).toContainEqual({ name: 'API Gateway: requests per second', value: 15_000 });
  // From 4,000 to 30,000 units: three doublings.
  expect(warming).toContainEqual({ name: 'warm throughput of EventLog', value: 30_000, minutes: 90 });
});

test('one user is bounded by the partitions of that user', () => {
  expect(ceilingsOfOneKey(load.event)).toContainEqual({ key: 'events of one user', eventsPerSecond: 4000 });
  const { 'EventLog.users': _users, ...others } = writeUnits;
  expect(ceilingsOfOneKey({ ...load.event, writeUnits: others }).map(({ key }) => key)).not.toContain(
    'events of one user',
  );
});
