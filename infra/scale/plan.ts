import { billOf } from '../cost/bill.ts';
import { recordedUnits } from '../cost/recorded-units.ts';
import type { TemplateFacts } from '../cost/template-facts.ts';
import { type EventUnits, pollersFirst, type RunningUnits, unitsAtBatch } from '../cost/units.ts';
import { type Advice, awsLimits, perConcurrency, type ScaleLoad } from './ceilings.ts';
import type { ConsumerCeiling, Day, DayCeilings, DayResult } from './day.ts';

export type ScaleTarget = keyof typeof recordedUnits.targets;

export const fullBatch = 10;

/** Events of 1.5 KB with one trigger each, as they were counted. */
export function loadOf(target: ScaleTarget, perRequest: number, sources: number): ScaleLoad {
  return { event: atPerRequest(recordedUnits.targets[target].full, perRequest), fullBatch, sources };
}

/** Events of one request share its call; what ingest takes for each of them is small beside that. */
function atPerRequest(event: EventUnits, perRequest: number): EventUnits {
  const { gatewayRequests, calls, milliseconds } = event;
  return {
    ...event,
    gatewayRequests: gatewayRequests / perRequest,
    calls: { ...calls, ingest: calls.ingest / perRequest },
    milliseconds: { ...milliseconds, ingest: milliseconds.ingest / perRequest },
  };
}

/**
 * What a day meets in this stack. Tables took twice the highest curve of the day before, unless
 * they are new. Raised quotas stand in the way of nothing.
 */
export function dayCeilings(
  facts: TemplateFacts,
  { event }: ScaleLoad,
  day: Day,
  { areTablesNew, areQuotasRaised }: { areTablesNew: boolean; areQuotasRaised: boolean },
): DayCeilings {
  const quota = (value: number) => (areQuotasRaised ? Number.POSITIVE_INFINITY : value);
  const consumer = (name: 'processor' | 'workflow-trigger'): ConsumerCeiling => ({
    concurrency: facts.consumers.find((one) => one.function === name)?.maxConcurrency ?? awsLimits.consumerConcurrency,
    batch: fullBatch,
    batchMs: event.milliseconds[name] * fullBatch,
    pollersFirst,
    rampPerSecond: awsLimits.consumerRampPerSecond,
  });
  const { writeUnits } = event;
  const unitsOf = (...tables: string[]) =>
    Object.entries(writeUnits).flatMap(([name, units]) => (tables.includes(name.split('.')[0] ?? '') ? [units] : []));
  const reserved = facts.functions.get('ingest')?.reservedConcurrency ?? awsLimits.lambdaConcurrency;
  const eventsPerRequest = 1 / event.gatewayRequests;
  const usual = 2 * day.rate * (1 + day.swing) * Math.max(...Object.values(writeUnits));
  return {
    gateway: {
      perSecond: Math.min(facts.throttle.requestsPerSecond, quota(awsLimits.gatewayRequests)) * eventsPerRequest,
      burst: facts.throttle.burst * eventsPerRequest,
    },
    ingestPerSecond: reserved * perConcurrency(event, 'ingest'),
    processor: consumer('processor'),
    trigger: consumer('workflow-trigger'),
    oneSourcePerSecond: (facts.logShards * awsLimits.writesPerPartition) / (writeUnits.EventLog ?? 1),
    actionLogPerSecond: (facts.logShards * awsLimits.writesPerPartition) / (writeUnits.ActionLog ?? 1),
    processorTables: unitsOf('Claims', 'EventLog'),
    triggerTables: unitsOf('ActionLog', 'WorkflowRuns'),
    warmUnits: areTablesNew ? awsLimits.writesOfNewTable : Math.max(awsLimits.writesOfNewTable, usual),
    tableUnitsMax: quota(Math.max(awsLimits.writesPerTable, usual)),
  };
}

/** The facts as they would be with the settings that are advised. */
export function withAdvice(facts: TemplateFacts, { settings }: Advice): TemplateFacts {
  const advised = (name: string, now: number) => Math.max(now, settings.find((one) => one.name === name)?.value ?? now);
  const ingest = facts.functions.get('ingest');
  const reserved = ingest?.reservedConcurrency;
  const functions = new Map(facts.functions);
  if (ingest !== undefined && reserved !== undefined)
    functions.set('ingest', { ...ingest, reservedConcurrency: advised('ingestReservedConcurrency', reserved) });
  const settingOf: Record<string, string> = {
    processor: 'concurrency.processor',
    'workflow-trigger': 'concurrency.workflowTrigger',
  };
  return {
    ...facts,
    throttle: {
      requestsPerSecond: advised('throttle.requestsPerSecond', facts.throttle.requestsPerSecond),
      burst: advised('throttle.burst', facts.throttle.burst),
    },
    logShards: advised('logShards', facts.logShards),
    functions,
    consumers: facts.consumers.map((one) => {
      const name = settingOf[one.function];
      if (name === undefined || one.maxConcurrency === undefined) return one;
      return { ...one, maxConcurrency: advised(name, one.maxConcurrency) };
    }),
  };
}

const monthDays = 730 / 24;

/** What the day costs: a month of such days, divided. */
export function dollarsOfDay(result: DayResult, target: ScaleTarget, perRequest: number, facts: TemplateFacts): number {
  const { single, full, running }: { single: EventUnits; full: EventUnits; running: RunningUnits } =
    recordedUnits.targets[target];
  const event = atPerRequest(unitsAtBatch({ single, full, fullBatch }, result.meanBatch), perRequest);
  const milliseconds = {
    ...event.milliseconds,
    'workflow-trigger': event.milliseconds['workflow-trigger'] + result.slowMsPerEvent,
  };
  const load = { events: result.events * monthDays, sources: 10, secrets: 10 };
  return billOf({ ...event, milliseconds }, running, load, facts).dollars / monthDays;
}
