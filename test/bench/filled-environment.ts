import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import { searchEvents } from '../../shared/operations/events/event-search.ts';
import { readSources } from '../../shared/operations/sources/known-sources.ts';
import { pageOf } from '../../shared/operations/tables/search.ts';
import { run } from '../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../cli/environment-for-tests.ts';
import { liveConfiguration } from '../support/build.ts';
import { temporaryFolder } from './assembly.ts';
import type { Settings } from './figure.ts';
import { fillTables } from './filled-tables.ts';

export const filledDays = 3;
const daysMs = filledDays * 86_400_000;

type Filled = { events: number; nowMs: number };

export type FilledEnvironment = {
  environment: TestEnvironment;
  /** When the newest event came. */
  nowMs: number;
  /** Absent: an earlier run filled the tables. */
  fillSeconds?: number;
};

/** An environment whose tables hold as many events as the settings say, of three days. */
export async function openFilled(
  { events, tables }: Settings,
  say: (line: string) => void,
): Promise<FilledEnvironment> {
  const folder = tables ?? temporaryFolder();
  const path = join(folder, 'tables');
  // Written last, so that tables of a run that was broken off are filled anew.
  const file = join(folder, 'filled.json');
  let filled = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Filled) : undefined;
  let fillSeconds: number | undefined;
  if (filled?.events !== events) {
    mkdirSync(folder, { recursive: true });
    const startedMs = performance.now();
    filled = { events, nowMs: Date.now() };
    await fillTables({ path, days: filledDays, ...filled }, say);
    fillSeconds = (performance.now() - startedMs) / 1000;
    writeFileSync(file, JSON.stringify(filled));
  }
  const environment = await startEnvironment(path);
  await environment.commit(liveConfiguration());
  return { environment, nowMs: filled.nowMs, ...(fillSeconds !== undefined && { fillSeconds }) };
}

/** Processed events of all the days, evenly spread; each gets its claim and its run. */
export async function tellable({ environment, nowMs }: FilledEnvironment, count: number): Promise<EventLogEntry[]> {
  const directory = await readSources(environment);
  const claims = makeClaimStore(environment.documents, environment.outputs.ClaimsTable);
  const told: EventLogEntry[] = [];
  for (let i = 0; i < count; i++) {
    const until_ms = Math.floor(nowMs - (i * daysMs) / (count + 1));
    const range = { status: ['processed' as const], since_ms: nowMs - daysMs, until_ms };
    const { rows } = await pageOf(searchEvents(environment, directory, range, { nowMs, limit: 2 }), 1);
    const entry = rows[0]?.entry;
    if (entry === undefined) throw new Error(`there is no processed event before ${new Date(until_ms).toISOString()}`);
    const { id, key = '', source, eventType = '' } = entry;
    const claim = { key, source, eventType, eventId: id, leaseEndsAtMs: nowMs, expiresAtMs: nowMs + 86_400_000 };
    await claims.claim(claim, nowMs);
    await environment.runs.createIfAbsent(run(entry));
    told.push(entry);
  }
  return told;
}
