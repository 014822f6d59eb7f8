import { expect, test } from '@jest/globals';
import { type BillLine, billOf, monthSeconds, processesOf } from '../../../infra/cost/bill.ts';
import { ageWarning, dollarsOf, priceList } from '../../../infra/cost/prices.ts';
import { readTemplateFacts } from '../../../infra/cost/template-facts.ts';
import { batchAt, callMs, type EventUnits, mix, unitsAtBatch } from '../../../infra/cost/units.ts';
import type { Template } from '../../../infra/local/template.ts';
import { templateOf } from '../templates.ts';

const facts = readTemplateFacts(templateOf('production') as unknown as Template);

/** Numbers that are easy to add up by hand. */
const event: EventUnits = {
  gatewayRequests: 1,
  calls: { ingest: 1, processor: 0.1, 'workflow-trigger': 0.1 },
  milliseconds: { ingest: 10, processor: 20, 'workflow-trigger': 20 },
  queueRequests: 2,
  groupedQueueRequests: 1,
  writeUnits: { EventLog: 2, Claims: 1 },
  readUnits: { Directory: 1 },
  byteDays: { EventLog: 1000 * (monthSeconds / 86_400) },
  logBytes: 1000,
  sentBytes: 0,
};
const running = { metrics: { environment: 5, source: 7 }, tableKeys: 10 };
const load = { events: 1e6, sources: 2, secrets: 3 };
const lineOf = (lines: BillLine[], component: string) => lines.find((line) => line.component === component)?.dollars;

test('a bill of a million events is what its prices say, line by line', () => {
  const { lines, perMillion } = billOf(event, running, load, facts);
  const expected = {
    'API Gateway': 1,
    // 1.2 million calls.
    'Lambda, calls': 0.24,
    // 10 ms × 1 GB, then 20 ms × 0.5 GB twice: 10,000 GB-seconds each.
    'Lambda, ingest': 0.133334,
    'Lambda, processor': 0.133334,
    'Lambda, workflow-trigger': 0.133334,
    SQS: 0.8,
    'SQS, groups of messages': 0.1,
    'DynamoDB writes, EventLog': 1.25,
    'DynamoDB writes, Claims': 0.625,
    'DynamoDB reads, Directory': 0.125,
    'CloudWatch Logs': 0.5,
  };
  for (const [component, dollars] of Object.entries(expected)) expect(lineOf(lines, component)).toBeCloseTo(dollars, 9);
  expect(perMillion.events).toBeCloseTo(
    Object.values(expected).reduce((sum, dollars) => sum + dollars),
    9,
  );
  // A kilobyte for a month, a million times: a gigabyte.
  expect(lineOf(lines, 'DynamoDB rows, EventLog')).toBeCloseTo(0.25, 9);
  expect(lineOf(lines, 'DynamoDB point-in-time recovery')).toBeCloseTo(0.2, 9);
  expect(lineOf(lines, 'CloudWatch metrics')).toBeCloseTo((5 + 2 * 7) * 0.3, 9);
});

test('an environment without a single event costs its alarms, its dashboard, its secrets and the empty receives', () => {
  const { lines, dollars, byCause, perMillion } = billOf(event, running, { ...load, events: 0 }, facts);
  expect(lines.map(({ component }) => component).sort()).toEqual([
    'SQS, empty receives of the pollers',
    'Secrets Manager, secrets',
    'alarms',
    'dashboard',
  ]);
  expect([byCause.events, byCause.kept, byCause.running]).toEqual([0, 0, 0]);
  expect(dollars).toBeCloseTo(byCause.idle, 9);
  // `npm run cost -- --events 0` must not say that a million events are free, nor that the target is met.
  expect(perMillion).toEqual(billOf(event, running, { ...load, events: 1e6 }, facts).perMillion);
  // Four queues have five pollers each, which ask three times a minute.
  expect(lineOf(lines, 'SQS, empty receives of the pollers')).toBeCloseTo(4 * 5 * 3 * 60 * 730 * 0.4e-6, 9);
});

test('the sum is that of the lines, and of the causes', () => {
  const { lines, dollars, byCause } = billOf(event, running, { ...load, events: 3e9 }, facts);
  expect(lines.reduce((sum, line) => sum + line.dollars, 0)).toBeCloseTo(dollars, 6);
  expect(Object.values(byCause).reduce((sum, part) => sum + part)).toBeCloseTo(dollars, 6);
});

test('more events never cost less, nor a million of them more', () => {
  const counts = [1, 1e3, 1e6, 3e8, 1e9, 1e10];
  const bills = counts.map((events) => billOf(event, running, { ...load, events }, facts));
  for (const [i, bill] of bills.slice(1).entries()) {
    expect(bill.dollars).toBeGreaterThan(bills[i]?.dollars ?? Number.NaN);
    expect(bill.perMillion.events).toBeLessThanOrEqual((bills[i]?.perMillion.events ?? Number.NaN) + 1e-9);
  }
});

test('a tier applies to what is above its mark alone', () => {
  const requests = priceList.prices['api-gateway requests'];
  expect(dollarsOf(requests, 300e6)).toBeCloseTo(300, 9);
  expect(dollarsOf(requests, 301e6)).toBeCloseTo(300.9, 9);
  expect(dollarsOf(requests, 0)).toBe(0);
});

test('lines that share a price share its tiers', () => {
  const { lines } = billOf(event, running, { ...load, events: 1e12 }, facts);
  const compute = lines.filter(({ price }) => price === 'lambda GB-seconds');
  const quantity = compute.reduce((sum, line) => sum + line.quantity, 0);
  expect(compute.reduce((sum, line) => sum + line.dollars, 0)).toBeCloseTo(
    dollarsOf(priceList.prices['lambda GB-seconds'], quantity),
    3,
  );
});

test('every price names a page of AWS, has tiers that rise from nothing, and falls with the quantity', () => {
  for (const { tiers, source } of Object.values(priceList.prices)) {
    expect(source).toMatch(/^https:\/\/aws\.amazon\.com\/[a-z0-9-]+\/pricing\/([a-z-]+\/)?$/);
    const marks = tiers.map(({ above }) => above);
    expect([marks[0], marks]).toEqual([0, marks.toSorted((a, b) => a - b)]);
    const dollars = tiers.map((tier) => tier.dollars);
    expect(dollars).toEqual(dollars.toSorted((a, b) => b - a));
  }
});

test('prices of half a year ago give a warning, younger ones none', () => {
  const readMs = Date.parse(priceList.readOn);
  const afterDays = (days: number) => ageWarning(priceList, readMs + days * 86_400_000);
  expect(afterDays(180)).toBeUndefined();
  expect(afterDays(181)).toContain(`181 days ago, on ${priceList.readOn}`);
});

test('traces are on the bill once a function is traced', () => {
  const traced = new Map(facts.functions).set('ingest', { memoryMb: 1024, timeoutSeconds: 10, isTraced: true });
  expect(lineOf(billOf(event, running, load, facts).lines, 'X-Ray')).toBeUndefined();
  expect(lineOf(billOf(event, running, load, { ...facts, functions: traced }).lines, 'X-Ray')).toBeCloseTo(0.25, 9);
});

test('between two measured loads lies the share of each', () => {
  const other = { ...event, queueRequests: 6, writeUnits: { EventLog: 4 }, calls: { ...event.calls, processor: 1 } };
  const half = mix(event, other, 0.5);
  expect(half.queueRequests).toBe(4);
  // A table that only one of them writes counts as none in the other.
  expect(half.writeUnits).toEqual({ EventLog: 3, Claims: 0.5 });
  expect(mix(event, other, 1)).toEqual({ ...event, writeUnits: { EventLog: 2, Claims: 1 } });
});

test('a batch shares what it takes for itself among its messages', () => {
  const single = { ...event, queueRequests: 6 };
  const full = { ...event, queueRequests: 1.5 };
  const at = (batch: number) => unitsAtBatch({ single, full, fullBatch: 10 }, batch).queueRequests;
  // One request for each event, and five for each batch.
  expect([at(1), at(2), at(5), at(10)].map((count) => Number(count.toFixed(6)))).toEqual([6, 3.5, 2, 1.5]);
});

test('batches fill with the rate, from one message to full', () => {
  expect(batchAt(0.1, 100)).toBe(1);
  expect(batchAt(100, 100)).toBe(2);
  expect(batchAt(1e6, 100)).toBe(10);
});

test('a call takes what was measured, and a time on the line between where it was not', () => {
  const functions = {
    ingest: [{ records: 1, meanMs: { 512: 20, 1024: 10 } }],
    processor: [
      { records: 1, meanMs: { 512: 20 } },
      { records: 10, meanMs: { 512: 110, 1024: 55 } },
    ],
    'workflow-trigger': [{ records: 10, meanMs: { 512: 100 } }],
  };
  const ms = (name: 'ingest' | 'processor', records: number, memoryMb: number) =>
    callMs(name, records, memoryMb, { functions });
  expect([ms('ingest', 1, 512), ms('ingest', 1, 768)]).toEqual([20, 15]);
  expect([ms('processor', 1, 512), ms('processor', 4, 512), ms('processor', 10, 512)]).toEqual([20, 50, 110]);
  // Measured at one size only, it follows the line that has more.
  expect(ms('processor', 1, 1024)).toBe(10);
  expect(() => ms('ingest', 1, 128)).toThrow('ingest was measured with 512, 1024 MB, which 128 MB is not between');
});

test('at least one process of each function is warm, and as many as are at work at once', () => {
  expect(processesOf(event, 0.001)).toEqual({ ingest: 1, processor: 1, 'workflow-trigger': 1 });
  expect(processesOf(event, 1000)).toEqual({ ingest: 10, processor: 20, 'workflow-trigger': 20 });
});
