import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type HistoryEntry, historyNewestFirst } from '../../adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../adapters/dynamodb-configuration-table.ts';
import { EventStatus } from '../../core/logs/event-log-entry.ts';
import type { Environment, StackOutputs } from '../environment.ts';
import { usageError } from '../refusal.ts';
import { listRefusals, type RefusalRow, unknownSource } from '../refusals/refusals.ts';
import type { SourceDirectory } from '../sources/known-sources.ts';
import { iso } from '../words/iso.ts';
import { plural } from '../words/text.ts';
import { formatTime } from '../words/times.ts';
import type { AcceptedCounts } from './accepted-counts.ts';
import {
  rowsIn,
  type Verification,
  type VerifiedEnvironment,
  type VerifyOptions,
  verifyEvents,
} from './verify-events.ts';
import type { VerifyRange } from './verify-range.ts';
import { waitsByReason } from './waits.ts';

const count = z.int().min(0);
const counts = z.record(z.string(), count);
const time = z.iso.datetime();

/**
 * What became of every event that was accepted in a window, source by source, with what it was
 * compared with and what it cannot know. A document for people who were not there, so it says all
 * that is needed to read it, and a hash of itself.
 */
export const Statement = z.strictObject({
  statement: z.literal('signalbox-completeness/1'),
  environment: z.string(),
  where: z.string(),
  made_at: time,
  made_by: z.string(),
  /** This program; and, as the stack names them, the code of the functions that were deployed then. */
  made_with: z.strictObject({ signalbox: z.string(), functions: z.string().nullable() }),
  /** From `since` until before `until`, by the time at which ingest received an event. */
  window: z.strictObject({ since: time, until: time, period_seconds: count }),
  /**
   * - `complete`: every accepted event has a row, and nothing waits.
   * - `not_yet_complete`: every accepted event has a row or waits.
   * - `differs`: something is lost or unexplained.
   */
  verdict: z.enum(['complete', 'not_yet_complete', 'differs']),
  /** What the verdict means, in words. */
  summary: z.string(),
  sources: z.array(
    z.strictObject({
      source: z.string(),
      /** Events that ingest counted as accepted. */
      accepted: count,
      /** Rows by final state: `idempotent` are duplicates, `no_mapping` found no mapping to run. */
      rows: counts,
      /** Accepted, without a row: they wait or are lost. */
      without_row: count,
      /** Rows of events that were answered 503 and queued all the same. */
      unanswered_rows: count,
      /** Further rows, which nothing explains. */
      rows_not_counted: count,
      /** Rows of forced replays and test runs, which are new events that ingest never saw. */
      forced_replays: count,
      /** Executions of actions, each by its worst action; `pending` waits, `no_row` has left no row yet. */
      executions: counts,
      /** Requests that never became events, by reason: 4xx are refused, 503 unanswered. */
      requests_refused: counts,
      requests_unanswered: counts,
      /** Rows by the configuration version that processed them; "0": none could be read. */
      configuration_versions: counts,
    }),
  ),
  /** Requests whose URL named no source, by reason. */
  requests_of_no_source: counts,
  /** Accepted under sources that are no longer known. */
  unknown_accepted: count,
  /** What was in force in the window, oldest first. */
  configuration: z.array(
    z.strictObject({ version: count, id: z.string(), kind: z.string(), author: z.string(), live_since: time }),
  ),
  /** `events`: in a queue, without a row. Executions by what they wait for. */
  waiting: z.strictObject({ events: count, executions: counts }),
  /** Jobs of operators that were going on. */
  jobs: z.array(z.strictObject({ id: z.string(), kind: z.string(), author: z.string(), total: count })),
  /** What does not add up; at most the first hundred, each with at most a hundred events. */
  unexplained: z.array(
    z.strictObject({
      what: z.string(),
      source: z.string(),
      since: time.nullable(),
      count,
      event_ids: z.array(z.string()),
    }),
  ),
  cannot_show: z.array(z.string()),
  /** Of the canonical JSON of all above: members in the order of their names, no white space. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Statement = z.infer<typeof Statement>;

export type StatementEnvironment = VerifiedEnvironment &
  Pick<Environment, 'name' | 'where' | 'metrics'> & {
    outputs: Pick<StackOutputs, 'FunctionCode' | 'LogRetentionDays'>;
  };

export type StatementOptions = Pick<VerifyOptions, 'known' | 'range' | 'all' | 'looks' | 'pauseMs'> & {
  directory: SourceDirectory;
  madeBy: string;
  /** The version of this program. */
  version: string;
  nowMs: number;
};

/**
 * Compares the window and makes a statement of it.
 * @throws Refusal (usage) when rows of a source may be gone, since they would count as lost
 */
export async function makeStatement(
  environment: StatementEnvironment,
  accepted: AcceptedCounts,
  { directory, madeBy, version, nowMs, ...options }: StatementOptions,
): Promise<{ statement: Statement; verification: Verification }> {
  const { known, range } = options;
  const expired = expiredSource(directory, known, range, nowMs);
  if (expired !== undefined)
    throw usageError(
      `rows of ${expired.key} are kept for ${plural(expired.days, 'day')}; those from before ${formatTime(expired.oldestMs)} may be gone, and gone rows would count as lost`,
      'name a later window, or --source for another source',
    );
  const verification = await verifyEvents(environment, accepted, { ...options, nowMs: () => nowMs });
  const window = { ...verification.range, untilMs: verification.range.untilMs - 1 };
  const [refusals, configuration] = await Promise.all([
    listRefusals(
      environment,
      known.map(({ key }) => key),
      window,
    ),
    inForce(environment.configuration, verification.range),
  ]);
  const statement: Omit<Statement, 'sha256'> = {
    statement: 'signalbox-completeness/1',
    environment: environment.name,
    where: environment.where,
    made_at: iso(nowMs),
    made_by: madeBy,
    made_with: { signalbox: version, functions: environment.outputs.FunctionCode ?? null },
    window: {
      since: iso(verification.range.sinceMs),
      until: iso(verification.range.untilMs),
      period_seconds: range.periodSeconds,
    },
    ...verdictOf(verification),
    sources: verification.sources.map((account) => ({
      source: account.source,
      accepted: account.accepted,
      rows: account.rows,
      without_row: account.missing,
      unanswered_rows: account.unanswered,
      rows_not_counted: account.surplus,
      forced_replays: account.replays,
      executions: {
        ...account.executions,
        no_row: verification.actions.waiting.filter(({ source }) => source === account.source).length,
      },
      requests_refused: reasonsOf(refusals, account.source, 'refused'),
      requests_unanswered: reasonsOf(refusals, account.source, 'unanswered'),
      configuration_versions: Object.fromEntries(account.versions),
    })),
    requests_of_no_source: reasonsOf(refusals, unknownSource, 'refused'),
    unknown_accepted: verification.unknownAccepted,
    configuration: configuration.map(({ version: number, id, kind, author, createdAtMs }) => {
      return { version: number, id, kind, author, live_since: iso(createdAtMs) };
    }),
    waiting: {
      events: verification.events.waiting,
      executions: Object.fromEntries(
        waitsByReason(verification.actions.pending).map(({ reason, executions }) => [reason, executions.length]),
      ),
    },
    jobs: verification.jobs.map(({ id, kind, author, total }) => ({ id, kind, author, total })),
    unexplained: verification.unexplained.slice(0, listedMax).map(({ what, source, period, count: of, eventIds }) => ({
      what,
      source,
      since: period === undefined ? null : iso(period.sinceMs),
      count: of,
      event_ids: eventIds.slice(0, listedMax),
    })),
    cannot_show: cannotShow(verification),
  };
  return { statement: { ...statement, sha256: hashOf(statement) }, verification };
}

const listedMax = 100;

/** @param statement with or without its hash, which is left out */
export function hashOf({ sha256: _, ...statement }: Omit<Statement, 'sha256'> & { sha256?: string }): string {
  return createHash('sha256').update(sortedJson(statement)).digest('hex');
}

/**
 * As `jq -cS` writes it. An object of JavaScript would put a member "9" before "10", whatever the
 * order in which they are added.
 */
function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, one]) => one !== undefined);
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, one]) => `${JSON.stringify(name)}:${sortedJson(one)}`)
    .join(',')}}`;
}

/** A source may keep its rows for less than the environment does: one of which rows may be gone. */
export function expiredSource(
  { live }: SourceDirectory,
  known: StatementOptions['known'],
  { sinceMs }: Pick<VerifyRange, 'sinceMs'>,
  nowMs: number,
): { key: string; days: number; oldestMs: number } | undefined {
  return known
    .map(({ key }) => ({ key, days: live.state.sources[key]?.retention_days ?? Number.POSITIVE_INFINITY }))
    .map((source) => ({ ...source, oldestMs: nowMs - source.days * 86_400_000 }))
    .find(({ oldestMs }) => sinceMs < oldestMs);
}

function reasonsOf(refusals: RefusalRow[], source: string, outcome: RefusalRow['outcome']): Record<string, number> {
  const of = refusals.filter((row) => row.source === source && row.outcome === outcome);
  return Object.fromEntries(of.map(({ reason, count: number }) => [reason, number]));
}

/** The entries of the history that were live in the range, oldest first. */
async function inForce(table: ConfigurationTable, { sinceMs, untilMs }: VerifyRange): Promise<HistoryEntry[]> {
  const found: HistoryEntry[] = [];
  for await (const entry of historyNewestFirst(table)) {
    if (entry.createdAtMs >= untilMs) continue;
    found.push(entry);
    if (entry.createdAtMs <= sinceMs) break;
  }
  return found.reverse();
}

function verdictOf(verification: Verification): Pick<Statement, 'verdict' | 'summary'> {
  const { balanced, sources, events, actions } = verification;
  const accepted = sources.reduce((sum, source) => sum + source.accepted, verification.unknownAccepted);
  const rows = sources.reduce((sum, source) => sum + rowsIn(source.rows), 0);
  const failed = sources.reduce((sum, { rows: of, executions }) => sum + of.failed + (executions.failed ?? 0), 0);
  const ofThem =
    failed === 0
      ? ''
      : ` ${plural(failed, 'event or execution', 'events or executions')} ended as failed: accounted for, and open to a replay.`;
  if (!balanced) {
    const parts = [
      events.lost > 0 && `${plural(events.lost, 'accepted event')} without a row that no queue holds`,
      events.surplus > 0 && plural(events.surplus, 'row that ingest did not count', 'rows that ingest did not count'),
      actions.lost > 0 && `${plural(actions.lost, 'execution')} of actions without a row or a message`,
    ].filter((part) => part !== false);
    return {
      verdict: 'differs',
      summary: `Of ${plural(accepted, 'accepted event')} not all are accounted for: ${parts.join('; ')}.`,
    };
  }
  const executions = actions.pending.length + actions.waiting.length;
  const waits = [
    events.waiting > 0 && plural(events.waiting, 'event waits in a queue', 'events wait in a queue'),
    executions > 0 && plural(executions, 'execution of actions waits', 'executions of actions wait'),
  ].filter((part) => part !== false);
  if (waits.length > 0)
    return {
      verdict: 'not_yet_complete',
      summary: `${plural(accepted, 'accepted event')}, and each is accounted for, but not all are over: ${waits.join(', and ')}.${ofThem}`,
    };
  return {
    verdict: 'complete',
    summary: `${plural(accepted, 'accepted event')}, and each is accounted for: ${plural(rows, 'row')}, and nothing waits.${ofThem}`,
  };
}

function cannotShow({ cutAtMs, range, actions, jobs, sources }: Verification): string[] {
  return [
    'It compares numbers, not ids: a lost event and an uncounted row of one source in one period would hide each other.',
    'A run that was handed off was taken by its target. What the target did then is in its own records.',
    'Requests that were refused or unanswered are no events: they are counted by reason, and nothing more of them is kept.',
    ...(cutAtMs === undefined ? [] : [`Events kept coming in, so the window ends at ${formatTime(cutAtMs)}.`]),
    ...(range.periodSeconds > 60
      ? [`Counts of that age are kept by ${range.periodSeconds / 60} minutes, so that is how finely it compares.`]
      : []),
    ...(actions.pending.length + actions.waiting.length > 0
      ? ['What waits may still fail: make the statement again when it is over.']
      : []),
    ...(jobs.length > 0 ? ['A job that goes on may still add executions, and forced replays.'] : []),
    ...(sources.length === 0 ? ['No source is known here.'] : []),
  ];
}

/** Duplicates, unmapped and the rest in one order for every source, older statements included. */
export function statusesOf({ sources }: Pick<Statement, 'sources'>): string[] {
  const own: readonly string[] = EventStatus.options;
  const others = sources.flatMap(({ rows }) => Object.keys(rows)).filter((status) => !own.includes(status));
  return [...own, ...new Set(others)];
}
