import { failure } from '../refusal.ts';
import { pickSources } from '../sources/known-sources.ts';
import type { AcceptedCounts } from './accepted-counts.ts';
import {
  expiredSource,
  hashOf,
  makeStatement,
  Statement,
  type StatementEnvironment,
  type StatementOptions,
} from './statement.ts';
import { readStoredStatement } from './stored-statements.ts';

export type StatementCheck = {
  statement: Statement;
  /** False: the document is not as it was made. Nothing else of it was checked then. */
  isUnchanged: boolean;
  /** The copy that the environment's schedule kept: the same, another, or it kept none. */
  stored: 'same' | 'different' | 'none';
  /** Absent: the rows may be gone, so that nothing can be compared any more. */
  now?: Statement;
  /** Numbers that changed since, such as failed rows that were replayed. */
  changes: { source: string; what: string; stated: number; now: number }[];
  /** Fewer events or rows than the statement says, or something unexplained: no passing of time does that. */
  contradictions: string[];
};

/** @throws Refusal for a text that is no statement */
export function readStatement(text: string): Statement {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw failure('the file is not JSON', 'name the .json file that verify --statement --output wrote');
  }
  const parsed = Statement.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw failure(`the file is not a statement: ${first?.path.join('.') ?? ''}: ${first?.message}`);
}

/**
 * Whether a statement is as it was made, and what the environment says about its window now.
 * @throws Refusal for a statement of another environment
 */
export async function checkStatement(
  environment: StatementEnvironment,
  accepted: AcceptedCounts,
  statement: Statement,
  options: Omit<StatementOptions, 'known' | 'range' | 'all'>,
): Promise<StatementCheck> {
  if (statement.environment !== environment.name)
    throw failure(
      `the statement is of ${statement.environment}, and this is ${environment.name}`,
      `repeat it with -e ${statement.environment}`,
    );
  const isUnchanged = hashOf(statement) === statement.sha256;
  const kept = await readStoredStatement(environment.configuration, statement);
  const stored = kept === undefined ? 'none' : kept.sha256 === statement.sha256 ? 'same' : 'different';
  const check: StatementCheck = { statement, isUnchanged, stored, changes: [], contradictions: [] };
  const { nowMs } = options;
  const sinceMs = Date.parse(statement.window.since);
  const keys = statement.sources.map(({ source }) => source);
  const known = keys.flatMap((key) => pickSources(options.directory.known, key));
  const areRowsGone =
    sinceMs < nowMs - environment.outputs.LogRetentionDays * 86_400_000 ||
    expiredSource(options.directory, known, { sinceMs }, nowMs) !== undefined;
  if (!isUnchanged || areRowsGone) return check;
  const range = {
    sinceMs,
    untilMs: Date.parse(statement.window.until),
    periodSeconds: statement.window.period_seconds,
  };
  const { statement: now } = await makeStatement(environment, accepted, { ...options, known, range, all: false });
  const changes = changesBetween(statement, now);
  return { ...check, now, changes, contradictions: contradictionsOf(changes, now) };
}

/** Every number of every source, by its name in the document. */
function numbersOf({ sources }: Statement): Map<string, { source: string; what: string; value: number }> {
  return new Map(
    sources.flatMap(({ source, accepted, without_row, rows_not_counted, forced_replays, ...of }) =>
      Object.entries({
        accepted,
        without_row,
        rows_not_counted,
        forced_replays,
        ...named('rows', of.rows),
        ...named('executions', of.executions),
      }).map(([what, value]) => [`${source} ${what}`, { source, what, value }] as const),
    ),
  );
}

function named(of: string, counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([name, value]) => [`${of}.${name}`, value]));
}

function changesBetween(then: Statement, now: Statement): StatementCheck['changes'] {
  const [before, after] = [numbersOf(then), numbersOf(now)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const { source = '', what = '' } = before.get(key) ?? after.get(key) ?? {};
    const [was, is] = [before.get(key)?.value ?? 0, after.get(key)?.value ?? 0];
    return was === is ? [] : [{ source, what, stated: was, now: is }];
  });
}

function contradictionsOf(changes: StatementCheck['changes'], now: Statement): string[] {
  const rows = Map.groupBy(
    changes.filter(({ what }) => what.startsWith('rows.')),
    ({ source }) => source,
  );
  return [
    ...changes
      .filter(({ what }) => what === 'accepted')
      .map(({ source, stated, now: is }) => `${source}: ${stated} events were accepted, and now ${is} are counted`),
    ...[...rows].flatMap(([source, of]) => {
      const gone = of.reduce((sum, { stated, now: is }) => sum + stated - is, 0);
      return gone > 0 ? [`${source}: ${gone} fewer rows than then`] : [];
    }),
    ...(now.verdict === 'differs' ? [now.summary] : []),
  ];
}
