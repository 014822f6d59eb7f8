import { type BilledFunction, billedFunctions } from '../cost/measured-times.ts';
import type { TemplateFacts } from '../cost/template-facts.ts';
import type { EventUnits } from '../cost/units.ts';

/** How many events per second one component takes, and what raises that. */
export type Ceiling = {
  component: string;
  eventsPerSecond: number;
  /** Events per second that each unit of `raise` adds. */
  perUnit: number;
  raise: Raise;
};

export type Raise =
  /** A setting in infra/environments.ts, up to `most`. */
  | { by: 'setting'; name: SettingName; value: number; most?: number }
  /** A quota of the account, which AWS raises on request. */
  | { by: 'quota'; name: string; value: number }
  /** DynamoDB doubles it within 30 minutes of use, or at once when told to. */
  | { by: 'warming'; name: string; value: number };

export type SettingName =
  | 'throttle.requestsPerSecond'
  | 'ingestReservedConcurrency'
  | 'concurrency.processor'
  | 'concurrency.workflowTrigger'
  | 'logShards';

/** AWS's default quotas, and limits that no setting changes. */
export const awsLimits = {
  /** https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: all APIs of an account and region. */
  gatewayRequests: 10_000,
  /** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
  lambdaConcurrency: 1_000,
  /**
   * However short a call is, a function takes ten of them per second and unit of concurrency.
   * https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
   */
  callsPerConcurrency: 10,
  /** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
  consumerConcurrency: 1_000,
  consumerRampPerSecond: 300 / 60,
  /** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
  messagesInFlight: 120_000,
  /** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html */
  writesPerPartition: 1_000,
  /** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html: of a table with its indexes. */
  writesPerTable: 40_000,
  /** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html */
  writesOfNewTable: 4_000,
  logShards: 32,
} as const;

/** Units of an event with full batches, and how its load comes. */
export type ScaleLoad = { event: EventUnits; fullBatch: number; sources: number };

const consumerSettings = {
  processor: 'concurrency.processor',
  'workflow-trigger': 'concurrency.workflowTrigger',
} as const;

/** What each component takes, lowest first. Those of new tables are apart: they rise by themselves. */
export function ceilingsOf(facts: TemplateFacts, { event, fullBatch, sources }: ScaleLoad): Ceiling[] {
  const { tables, ...rest } = { tables: tablesOf(event.writeUnits), throttle: facts.throttle };
  const ceilings: Ceiling[] = [
    ceiling('API Gateway, throttle of the stage', 1 / event.gatewayRequests, {
      by: 'setting',
      name: 'throttle.requestsPerSecond',
      value: rest.throttle.requestsPerSecond,
    }),
    ceiling('API Gateway, all APIs of the account', 1 / event.gatewayRequests, {
      by: 'quota',
      name: 'API Gateway: requests per second',
      value: awsLimits.gatewayRequests,
    }),
    ...ingestCeilings(facts, event),
    ...facts.consumers.flatMap((consumer) => {
      const name = consumer.function;
      if (name !== 'processor' && name !== 'workflow-trigger') return [];
      if (event.calls[name] === 0) return [];
      const concurrency = consumer.maxConcurrency ?? awsLimits.consumerConcurrency;
      return [
        ceiling(`Lambda, ${name}`, perConcurrency(event, name), {
          by: 'setting',
          name: consumerSettings[name],
          value: concurrency,
          most: awsLimits.consumerConcurrency,
        }),
        // A message is in flight from its receive to the end of its batch.
        ceiling(`SQS, messages in flight to ${name}`, 1000 / (event.milliseconds[name] * fullBatch), {
          by: 'quota',
          name: 'SQS: messages in flight',
          value: awsLimits.messagesInFlight,
        }),
      ];
    }),
    ceiling(
      'Lambda, all functions of the account',
      1 /
        billedFunctions.reduce((sum, name) => sum + (event.calls[name] === 0 ? 0 : 1 / perConcurrency(event, name)), 0),
      { by: 'quota', name: 'Lambda: concurrent executions', value: awsLimits.lambdaConcurrency },
    ),
    // Rows of a day and a source lie in as many partitions as there are shards; rows of actions in those of all sources.
    ...[
      { table: 'EventLog', partitions: sources },
      { table: 'ActionLog', partitions: 1 },
    ].flatMap(({ table, partitions }) => {
      const units = event.writeUnits[table] ?? 0;
      if (units === 0) return [];
      return ceiling(`DynamoDB, shards of ${table}`, (partitions * awsLimits.writesPerPartition) / units, {
        by: 'setting',
        name: 'logShards',
        value: facts.logShards,
        most: awsLimits.logShards,
      });
    }),
    ...[...tables].map(([table, units]) =>
      ceiling(`DynamoDB, ${table} with its indexes`, 1 / units, {
        by: 'quota',
        name: 'DynamoDB: write units per table',
        value: awsLimits.writesPerTable,
      }),
    ),
    ...Object.entries(event.writeUnits).map(([table, units]) =>
      ceiling(`DynamoDB, ${table} when it is new`, 1 / units, {
        by: 'warming',
        name: `warm throughput of ${table}`,
        value: awsLimits.writesOfNewTable,
      }),
    ),
  ];
  return ceilings.toSorted((a, b) => a.eventsPerSecond - b.eventsPerSecond);
}

function ingestCeilings({ functions }: TemplateFacts, event: EventUnits): Ceiling[] {
  const reserved = functions.get('ingest')?.reservedConcurrency;
  // Without a reservation it shares the account's concurrency, which has a line of its own.
  if (reserved === undefined) return [];
  const raise = { by: 'setting', name: 'ingestReservedConcurrency', value: reserved } as const;
  return [ceiling('Lambda, ingest', perConcurrency(event, 'ingest'), raise)];
}

/** Events per second for each unit of a function's concurrency. */
export function perConcurrency({ calls, milliseconds }: EventUnits, name: BilledFunction): number {
  const byTime = 1000 / milliseconds[name];
  const byCalls = awsLimits.callsPerConcurrency / calls[name];
  return Math.min(byTime, byCalls);
}

/** An index counts for its table. */
function tablesOf(writeUnits: Record<string, number>): Map<string, number> {
  const tables = new Map<string, number>();
  for (const [name, units] of Object.entries(writeUnits)) {
    const [table = name] = name.split('.');
    tables.set(table, (tables.get(table) ?? 0) + units);
  }
  return tables;
}

function ceiling(component: string, perUnit: number, raise: Raise): Ceiling {
  return { component, eventsPerSecond: perUnit * raise.value, perUnit, raise };
}

/** The lowest that stays once tables are warm. */
export function firstBottleneck(ceilings: Ceiling[]): Ceiling {
  const [first] = ceilings
    .filter(({ raise }) => raise.by !== 'warming')
    .toSorted((a, b) => a.eventsPerSecond - b.eventsPerSecond);
  if (first === undefined) throw new Error('there is no ceiling');
  return first;
}

/**
 * What one key takes at most, whatever the settings: a load that falls on one user is bounded by
 * that user's partitions.
 */
export function ceilingsOfOneKey({ writeUnits }: EventUnits): { key: string; eventsPerSecond: number }[] {
  const perSecond = (partitions: number, units: number | undefined) =>
    units === undefined ? [] : [(partitions * awsLimits.writesPerPartition) / units];
  return [
    ...perSecond(1, writeUnits.WorkflowRuns).map((rate) => ({ key: 'runs of one recipient', eventsPerSecond: rate })),
    // Four and eight: docs/tables.md.
    ...perSecond(4, writeUnits['EventLog.users']).map((rate) => ({ key: 'events of one user', eventsPerSecond: rate })),
    { key: 'new users, objects or tenants, of each kind', eventsPerSecond: 8 * awsLimits.writesPerPartition },
    { key: 'events that are rejected or fail', eventsPerSecond: 8 * awsLimits.writesPerPartition },
  ];
}

export type Advice = {
  settings: { name: SettingName | 'throttle.burst'; value: number; now: number | undefined; isTooLow: boolean }[];
  /** Quotas to have raised before. */
  quotas: { name: string; value: number }[];
  /** Write units to which a new table or index must be warmed first, with the minutes that it takes by itself. */
  warming: { name: string; value: number; minutes: number }[];
  /** What no setting reaches. */
  beyond: string[];
};

/** A half more than the rate: a retry of a sender or a burst must not meet the ceiling. */
export const headroom = 1.5;

/** The settings for `rate` events per second: those of infra/environments.ts, and what AWS must raise before. */
export function adviceFor(facts: TemplateFacts, load: ScaleLoad, rate: number): Advice {
  const ceilings = ceilingsOf(facts, load);
  const needed = (one: Ceiling) => rounded((rate * headroom) / one.perUnit);
  const settings = new Map<string, Advice['settings'][number]>();
  const beyond: string[] = [];
  const note = (name: SettingName | 'throttle.burst', value: number, now: number | undefined) => {
    const most = Math.max(value, settings.get(name)?.value ?? 0);
    settings.set(name, { name, value: most, now, isTooLow: now === undefined ? false : now < most });
  };
  for (const one of ceilings) {
    if (one.raise.by !== 'setting') continue;
    const { name, value, most = Number.POSITIVE_INFINITY } = one.raise;
    const wanted = name.startsWith('concurrency.') ? Math.max(2, needed(one)) : needed(one);
    if (wanted > most) beyond.push(`${one.component}: ${wanted} would be needed, ${most} is the most`);
    note(name, Math.min(wanted, most), value);
  }
  const requests = settings.get('throttle.requestsPerSecond')?.value ?? 0;
  note('throttle.burst', 2 * requests, facts.throttle.burst);
  const quotas = new Map<string, number>();
  for (const one of ceilings) {
    if (one.raise.by !== 'quota' || needed(one) <= one.raise.value) continue;
    quotas.set(one.raise.name, Math.max(needed(one), quotas.get(one.raise.name) ?? 0));
  }
  const warming = ceilings.flatMap((one) => {
    if (one.raise.by !== 'warming' || needed(one) <= one.raise.value) return [];
    const doublings = Math.ceil(Math.log2(needed(one) / one.raise.value));
    return [{ name: one.raise.name, value: needed(one), minutes: doublings * 30 }];
  });
  return {
    settings: [...settings.values()].toSorted((a, b) => a.name.localeCompare(b.name)),
    quotas: [...quotas].map(([name, value]) => ({ name, value })),
    warming,
    beyond,
  };
}

/** Up, to two digits. */
function rounded(value: number): number {
  const whole = Math.ceil(value - 1e-9);
  if (whole < 100) return whole;
  const step = 10 ** (Math.floor(Math.log10(whole)) - 1);
  return Math.ceil(whole / step) * step;
}
