import { readFileSync } from 'node:fs';
import * as z from 'zod';

const ByName = z.record(z.string(), z.number());
const ByFunction = z.object({ ingest: z.number(), processor: z.number(), 'workflow-trigger': z.number() });

const Event = z.object({
  gatewayRequests: z.number(),
  calls: ByFunction,
  milliseconds: ByFunction,
  queueRequests: z.number(),
  groupedQueueRequests: z.number(),
  writeUnits: ByName,
  readUnits: ByName,
  byteDays: ByName,
  logBytes: z.number(),
  sentBytes: z.number(),
});

const Target = z.object({
  single: Event,
  full: Event,
  running: z.object({
    metrics: z.object({ environment: z.number(), source: z.number() }),
    tableKeys: z.number(),
  }),
});

const Recorded = z.object({
  recordedOn: z.iso.date(),
  by: z.string(),
  question: z.object({ bytes: z.number(), actions: z.number(), perRequest: z.number(), awsMs: z.number() }),
  targets: z.object({ log: Target, http: Target }),
});

/**
 * What an event of 1.5 KB with one trigger took in production's template when it was last counted,
 * by target. `npm run cost -- --record` counts again and writes it.
 */
export const recordedUnits = Recorded.parse(
  JSON.parse(readFileSync(new URL('./recorded-units.json', import.meta.url), 'utf8')),
);
