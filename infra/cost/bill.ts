import { type BilledFunction, billedFunctions } from './measured-times.ts';
import { dollarsOf, type PriceName, priceList } from './prices.ts';
import type { TemplateFacts } from './template-facts.ts';
import { type EventUnits, pollersFirst, type RunningUnits } from './units.ts';

/** 730 hours, as AWS's calculator counts. */
export const monthSeconds = 730 * 3600;

/**
 * Why a line is on the bill: it costs the same without a single event (`idle`), it is there once
 * events come, however many (`running`), each event adds to it (`events`), or each event's rows are
 * kept (`kept`).
 */
export type Cause = 'idle' | 'running' | 'events' | 'kept';

export type BillLine = { component: string; cause: Cause; price: PriceName; quantity: number; dollars: number };

export type Load = {
  /** Events of a month. */
  events: number;
  /** Sources that send. */
  sources: number;
  /** Secrets besides the stack's own: of senders and targets. */
  secrets: number;
};

export type Bill = {
  lines: BillLine[];
  dollars: number;
  byCause: Record<Cause, number>;
  /** What a million events add: work, and rows that are kept. */
  perMillion: { events: number; kept: number };
};

type Facts = Pick<
  TemplateFacts,
  'functions' | 'consumers' | 'functionLogDays' | 'alarmMetrics' | 'dashboards' | 'secrets'
>;

const gb = 1e9;
/** CloudWatch compresses what it keeps; JSON lines that are alike shrink to about a tenth. */
const logCompression = 0.1;
// An empty receive waits for twenty seconds, the longest there is.
const emptyReceiveSeconds = 20;
/** Both are of `shared/adapters`: secrets-manager-secrets.ts and dynamodb-configuration.ts. */
const secretReadSeconds = 5 * 60;
const configurationReadSeconds = 15;
// DynamoDB asks KMS for a table's key once in five minutes for each caller.
const tableKeySeconds = 5 * 60;

/**
 * The most that the work for a million events may cost, with full batches: events of 1.5 KB, one to
 * a request, with one trigger of a `log` target each. `npm run bench -- cost` measures it.
 */
export const perMillionMax = 5;

/** A month's bill, at list prices. */
export function billOf(event: EventUnits, running: RunningUnits, load: Load, facts: Facts): Bill {
  const lines = [
    ...idleLines(load, facts),
    ...(load.events > 0 ? [...runningLines(event, running, load), ...eventLines(event, load, facts)] : []),
    ...keptLines(event, load, facts),
  ].filter(({ quantity }) => quantity > 0);
  const dollars = sumOf(lines);
  const byCause = Object.fromEntries(
    (['idle', 'running', 'events', 'kept'] as const).map((cause) => [
      cause,
      sumOf(lines.filter((line) => line.cause === cause)),
    ]),
  ) as Record<Cause, number>;
  // Without an event there is nothing to divide: then a month with a million shows it.
  if (load.events === 0) {
    const { perMillion } = billOf(event, running, { ...load, events: 1e6 }, facts);
    return { lines, dollars, byCause, perMillion };
  }
  const millions = load.events / 1e6;
  return {
    lines,
    dollars,
    byCause,
    perMillion: { events: byCause.events / millions, kept: byCause.kept / millions },
  };
}

function idleLines({ secrets }: Load, facts: Facts): BillLine[] {
  const emptyReceives = (facts.consumers.length * pollersFirst * monthSeconds) / emptyReceiveSeconds;
  return [
    line('SQS, empty receives of the pollers', 'idle', 'sqs requests', emptyReceives),
    line('alarms', 'idle', 'alarm metrics', facts.alarmMetrics),
    line('dashboard', 'idle', 'dashboards', facts.dashboards),
    line('Secrets Manager, secrets', 'idle', 'secrets', facts.secrets + secrets),
  ];
}

function runningLines(event: EventUnits, running: RunningUnits, load: Load): BillLine[] {
  const { ingest, 'workflow-trigger': trigger } = processesOf(event, load.events / monthSeconds);
  const all = sum(Object.values(processesOf(event, load.events / monthSeconds)));
  // Ingest reads the ingest key and the secrets of senders; the rest are of targets.
  const readers =
    ingest * (1 + Math.min(load.secrets, load.sources)) + trigger * Math.max(0, load.secrets - load.sources);
  return [
    line(
      'CloudWatch metrics',
      'running',
      'custom metrics',
      running.metrics.environment + running.metrics.source * load.sources,
    ),
    line('Secrets Manager, reads', 'running', 'secret reads', (readers * monthSeconds) / secretReadSeconds),
    line('KMS, keys of the tables', 'running', 'key uses', (running.tableKeys * monthSeconds) / tableKeySeconds),
    line(
      'DynamoDB reads, configuration',
      'running',
      'dynamodb read units',
      (all * monthSeconds) / configurationReadSeconds,
    ),
  ];
}

/** Processes that are warm at this rate: those at work at once on average, and at least one. */
export function processesOf(event: EventUnits, perSecond: number): Record<BilledFunction, number> {
  return Object.fromEntries(
    billedFunctions.map((name) => [name, Math.max(1, Math.ceil(perSecond * (event.milliseconds[name] / 1000)))]),
  ) as Record<BilledFunction, number>;
}

function eventLines(event: EventUnits, { events }: Load, { functions }: Facts): BillLine[] {
  const memoryGb = (name: BilledFunction) => (functions.get(name)?.memoryMb ?? 0) / 1024;
  const traced = billedFunctions.filter((name) => functions.get(name)?.isTraced);
  return [
    line('API Gateway', 'events', 'api-gateway requests', events * event.gatewayRequests),
    line('Lambda, calls', 'events', 'lambda requests', events * sum(Object.values(event.calls))),
    ...shared(
      'lambda GB-seconds',
      billedFunctions.map((name) => [`Lambda, ${name}`, (events * event.milliseconds[name] * memoryGb(name)) / 1000]),
    ),
    line('SQS', 'events', 'sqs requests', events * event.queueRequests),
    line('SQS, groups of messages', 'events', 'sqs fair queues', events * event.groupedQueueRequests),
    ...shared(
      'dynamodb write units',
      Object.entries(event.writeUnits).map(([table, units]) => [`DynamoDB writes, ${table}`, events * units]),
    ),
    ...shared(
      'dynamodb read units',
      Object.entries(event.readUnits).map(([table, units]) => [`DynamoDB reads, ${table}`, events * units]),
    ),
    line('CloudWatch Logs', 'events', 'logs GB', (events * event.logBytes) / gb),
    line('data sent', 'events', 'GB sent to the internet', (events * event.sentBytes) / gb),
    // X-Ray takes five in a hundred requests by default.
    line('X-Ray', 'events', 'x-ray traces', traced.length > 0 ? events * event.gatewayRequests * 0.05 : 0),
  ];
}

/** What is kept once it is kept for its whole time: a month's events, as many months as they stay. */
function keptLines(event: EventUnits, { events }: Load, { functionLogDays }: Facts): BillLine[] {
  const monthDays = monthSeconds / 86_400;
  const rows = Object.entries(event.byteDays).map(
    ([table, byteDays]) => [table, (events * byteDays) / monthDays / gb] as const,
  );
  return [
    ...shared(
      'dynamodb GB-months',
      rows.map(([table, quantity]) => [`DynamoDB rows, ${table}`, quantity]),
      'kept',
    ),
    line(
      'DynamoDB point-in-time recovery',
      'kept',
      'dynamodb point-in-time recovery GB-months',
      sum(rows.map(([, quantity]) => quantity)),
    ),
    line(
      'CloudWatch Logs, kept',
      'kept',
      'logs stored GB-months',
      (events * event.logBytes * logCompression * (functionLogDays / monthDays)) / gb,
    ),
  ];
}

/** Lines that share the tiers of one price: each pays its part. */
function shared(price: PriceName, parts: (readonly [string, number])[], cause: Cause = 'events'): BillLine[] {
  const all = sum(parts.map(([, quantity]) => quantity));
  const dollars = dollarsOf(priceList.prices[price], all);
  return parts.map(([component, quantity]) => ({
    component,
    cause,
    price,
    quantity,
    dollars: all === 0 ? 0 : (dollars * quantity) / all,
  }));
}

function line(component: string, cause: Cause, price: PriceName, quantity: number): BillLine {
  return { component, cause, price, quantity, dollars: dollarsOf(priceList.prices[price], quantity) };
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
const sumOf = (lines: BillLine[]) => sum(lines.map(({ dollars }) => dollars));
