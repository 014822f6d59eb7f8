import { readLive } from '../../adapters/dynamodb-configuration.ts';
import { readVersion } from '../../adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import { makePreprocessor } from '../../adapters/jsonata-preprocessor.ts';
import type { NormalizedEvent } from '../../core/events/normalized-event.ts';
import { type RawEvent, unpackEventText, VerificationStatus } from '../../core/events/raw-event.ts';
import type { EventLogEntry, EventStatus } from '../../core/logs/event-log-entry.ts';
import { explainMapping } from '../../core/plan/explain-mapping.ts';
import { type ConsideredMapping, type PlannedEvent, readAndPlan } from '../../core/plan/plan-event.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Environment } from '../environment.ts';
import { type ConsideredRow, conditionRow, parameterRow } from './event-row.ts';

/**
 * An event's row, planned again as the processor planned it: the same configuration gives the same
 * plan.
 */
export type Recomputed = {
  /** The event's own text as received; undefined when the stored bytes cannot be unpacked. */
  text?: string;
  headers: Record<string, string>;
  /** The configuration version used; `exact` when it is the version that the row names. */
  configVersion: number;
  exact: boolean;
  planned?: PlannedEvent;
  /** Why there is no plan. */
  problem?: string;
};

/** The event as it was received, from its row. */
export function rawEventOf(entry: EventLogEntry): RawEvent {
  const verification = VerificationStatus.safeParse(entry.verification);
  return {
    id: entry.id,
    source: entry.source,
    verification: verification.success ? verification.data : 'not_enforced:skipped',
    payload: entry.payload,
    ...(entry.batchIndex !== undefined && { batchIndex: entry.batchIndex }),
    ...(entry.replayOf !== undefined && { replayOf: entry.replayOf }),
  };
}

/**
 * The configuration that a row names; the live one when the row names none, or its history is gone.
 */
export async function configurationOf(
  { configuration }: Environment,
  entry: EventLogEntry,
): Promise<{ configuration: LiveConfiguration; exact: boolean }> {
  const version = entry.configVersion;
  const past = version === undefined ? undefined : await pastVersion(configuration, version);
  return past ? { configuration: past, exact: true } : { configuration: await readLive(configuration), exact: false };
}

const versionsKept = 20;
const pastVersions = new WeakMap<ConfigurationTable, Map<number, Promise<LiveConfiguration | undefined>>>();

/** Versions never change, and most events of a replay name the same one. */
function pastVersion(table: ConfigurationTable, version: number): Promise<LiveConfiguration | undefined> {
  const kept = pastVersions.get(table) ?? new Map();
  pastVersions.set(table, kept);
  const known = kept.get(version);
  if (known !== undefined) return known;
  const read = readVersion(table, version);
  kept.set(version, read);
  // One that could not be read, or is not there yet, is asked for again.
  read.then(
    (found) => found === undefined && kept.delete(version),
    () => kept.delete(version),
  );
  if (kept.size > versionsKept) kept.delete(kept.keys().next().value);
  return read;
}

const preprocessor = makePreprocessor(() => performance.now());

export async function recompute(
  entry: EventLogEntry,
  configuration: LiveConfiguration,
  exact: boolean,
): Promise<Recomputed> {
  const base = { headers: {}, configVersion: configuration.version, exact };
  let unpacked: { headers: Record<string, string>; body: string };
  try {
    unpacked = unpackEventText(entry.payload);
  } catch {
    return { ...base, problem: 'the stored event cannot be unpacked' };
  }
  const known = { ...base, headers: unpacked.headers, text: unpacked.body };
  try {
    return { ...known, planned: await readAndPlan(rawEventOf(entry), configuration, preprocessor) };
  } catch (error) {
    return { ...known, problem: error instanceof Error ? error.message : String(error) };
  }
}

export function consideredRow({ mapping, verdict, detail }: ConsideredMapping, event: NormalizedEvent): ConsideredRow {
  const { conditions, parameters } = explainMapping(mapping, event);
  return {
    mapping: mapping.id,
    action: mapping.action,
    verdict,
    detail: detail ?? null,
    conditions: conditions.map(conditionRow),
    parameters: parameters.map(parameterRow),
  };
}

/** @param status the event's status; a mapping of a copy did not run, even if it matches */
export function consideredRows({ planned }: Recomputed, status: EventStatus): ConsideredRow[] {
  const event = planned?.event;
  if (planned === undefined || event === undefined) return [];
  const rows = planned.considered.map((one) => consideredRow(one, event));
  if (status !== 'idempotent') return rows;
  return rows.map((row) => (row.verdict === 'runs' ? { ...row, verdict: 'duplicate' as const } : row));
}
