import { historyNewestFirst } from '../../adapters/dynamodb-configuration-history.ts';
import { UnreadableConfiguration } from '../../core/configuration/unreadable.ts';
import { asError } from '../../core/errors.ts';
import { type Peeked, peekDeadLetters } from '../dead-letters/dead-letters.ts';
import type { Environment } from '../environment.ts';
import { type QueueDepth, readQueueDepths } from '../queues/queue-depths.ts';
import { explainRefusals } from '../refusals/refusals.ts';
import { checkExpectations } from '../sources/expectations.ts';
import { readSources } from '../sources/known-sources.ts';
import { iso, isoOrNull } from '../words/iso.ts';
import { countFindings, expectationFindings, refusalFinding, silenceFindings } from './count-findings.ts';
import { type Counts, type CountsOfRange, readAllCounts, refusedBy } from './counts.ts';
import { withPaths } from './decided-paths.ts';
import { type Finding, finding, inOrder, isHealthy, on, unlessOver } from './finding.ts';
import { heldFindings, limitFindings } from './held-findings.ts';
import { heldEventsIn, heldSourceFindings } from './held-sources.ts';
import { sinceText } from './loudest-source.ts';
import { type Range, retriedActions, troubledActions, troubledEvents, waitingActions } from './problems.ts';
import { queueFindings } from './queue-findings.ts';
import { habitsOf } from './silence.ts';
import { healthOf, type SourceHealth, type StageRow, stagesOf, waitingIn } from './stages.ts';
import { clockFindings, leftAlone, secretFindings, switchedOff } from './state-findings.ts';
import { throttleFindings } from './throttle-findings.ts';

/* `--json` of `doctor`: fields are added, never renamed or removed. docs/cli.md, "For programs". */
export type Diagnosis = {
  /** Nothing is wrong; there may be notes. */
  ok: boolean;
  /** When the last fault of the range ended, if nothing is wrong now and nothing waits. */
  over_since: string | null;
  environment: string;
  since: string;
  until: string;
  /** Null: none was ever committed, or it cannot be read. */
  configuration: { version: number; live_since: string | null; by: string | null } | null;
  findings: Finding[];
  /** Messages in queues, and triggers and events that are held; null where the queues cannot be read. */
  waiting: { messages: number; held: number } | null;
  /** The command that lists what had no effect, and why; null when nothing was unmapped, skipped or rejected. */
  did_nothing_next: string | null;
  /** Empty where counts cannot be read. */
  stages: StageRow[];
  sources: SourceHealth[];
};

const minuteMs = 60_000;

/**
 * What is wrong in an environment, and what to do next: one look at every stage. All examinations
 * run at once. One that cannot be made is a finding itself (`check_failed`), so a table that is away
 * does not hide what the others see. Reads by key and index only.
 */
export async function diagnose(environment: Environment, range: Range): Promise<Diagnosis> {
  const nowMs = range.untilMs;
  const findings: Finding[] = [];
  const attempt = async <Result>(what: string, examine: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await examine();
    } catch (error) {
      findings.push(checkFailed(what, asError(error), environment));
      return undefined;
    }
  };

  const counted = (found: Finding[]) => findings.push(...found.map((one) => unlessOver(one, nowMs)));
  const here = (found: Finding[]) => found.map((one) => ({ ...one, next: `${one.next}${on(environment)}` }));
  const directory = await attempt('the configuration', () => readSources(environment));
  const known = directory?.known ?? [];
  const live = directory?.live;
  const keys = known.map(({ key }) => key);
  const [, , counts, depths, habits, expected, current, held, heldEvents = 0] = await Promise.all([
    attempt('events', async () => findings.push(...here(await troubledEvents(environment, known, range)))),
    attempt('actions', async () =>
      findings.push(...here(await withPaths(environment, known, await troubledActions(environment, known, range)))),
    ),
    attempt('counts', () => readAllCounts(environment, keys, range)),
    attempt('the queues', () => readQueueDepths(environment)),
    attempt('silent sources', () => habitsOf(environment, keys, nowMs)),
    attempt('what sources are expected to send', async () =>
      live ? checkExpectations(environment, live.snapshot, nowMs) : undefined,
    ),
    attempt('the history', () => newestEntry(environment)),
    attempt('held runs', async () => (live ? heldFindings(environment, live, nowMs) : undefined)),
    attempt('held events', async () => {
      const found = live === undefined ? [] : await heldSourceFindings(environment, live, range);
      findings.push(...found);
      return heldEventsIn(found);
    }),
    attempt('limits', async () => live && findings.push(...(await limitFindings(environment, live, nowMs)))),
    attempt('targets', async () => live && findings.push(...(await leftAlone(environment, live, nowMs)))),
    attempt('secrets', async () => live && findings.push(...(await secretFindings(environment, live, nowMs)))),
    attempt('the clock', async () => findings.push(...(await clockFindings(environment)))),
  ]);
  if (waitingIn(depths, 'actions') > 0)
    await attempt('waiting actions', async () =>
      findings.push(...here(retriedActions(await waitingActions(environment, known, range), justSet(findings)))),
    );
  if (live !== undefined) findings.push(...switchedOff(live, environment));
  if (held !== undefined) findings.push(...held.findings);
  if (counts !== undefined)
    counted([...countFindings(counts, range, environment), ...throttleFindings(counts, range, environment)]);
  if (depths !== undefined)
    findings.push(...queueFindings(depths, counts, range, environment, await peekOrNot(environment, depths)));
  const refused = counts === undefined ? [] : refusedBy(counts);
  await attempt('refused requests', async () =>
    counted((await explainRefusals(environment, refused, range)).map((row) => refusalFinding(row, environment))),
  );
  if (expected !== undefined) findings.push(...expectationFindings(expected, environment));
  const watched = new Set(expected?.silence.map(({ source }) => source));
  if (habits !== undefined && live !== undefined)
    findings.push(...silenceFindings(habits, known, live, watched, environment));

  const ok = isHealthy(findings);
  const messages = depths?.reduce((sum, { ready, in_flight, delayed }) => sum + ready + in_flight + delayed, 0);
  const heldNow = (held?.triggers ?? 0) + heldEvents;
  const waits = messages === undefined || messages + heldNow > 0;
  return {
    ok,
    over_since: ok && !waits ? isoOrNull(endOfTrouble(counts, nowMs)) : null,
    environment: environment.name,
    since: iso(range.sinceMs),
    until: iso(range.untilMs),
    configuration:
      live === undefined || live.uncommitted
        ? null
        : { version: live.version, live_since: isoOrNull(current?.createdAtMs), by: current?.author ?? null },
    findings: inOrder(findings),
    waiting: messages === undefined ? null : { messages, held: heldNow },
    did_nothing_next: counts === undefined ? null : didNothingNext(counts.environment, range, environment),
    stages: counts === undefined ? [] : stagesOf(counts, depths, nowMs),
    sources: known.map((source) => healthOf(source, { live, counts, habits })),
  };
}

function justSet(findings: readonly Finding[]): Set<string> {
  return new Set(findings.flatMap(({ id, workflow = '' }) => (id === 'secret_changed' ? [workflow] : [])));
}

/** Only where dead letters wait. The policy `read` may not receive messages: then their number is all. */
async function peekOrNot(environment: Environment, depths: readonly QueueDepth[]): Promise<Peeked | undefined> {
  if (!depths.some(({ queue, ready }) => queue.endsWith('dead-letter') && ready > 0)) return undefined;
  return peekDeadLetters(environment).catch(() => undefined);
}

/** Copies did nothing either, but they are those of events that ran. */
function didNothingNext(counts: Counts, range: Range, environment: Environment): string | null {
  const { EventsUnmapped, EventsRejected, ActionsSkipped } = counts;
  if (EventsUnmapped.total + EventsRejected.total + ActionsSkipped.total === 0) return null;
  return `npx signalbox events --did-nothing --since ${sinceText(range)}${on(environment)}`;
}

const troubles = [
  'RequestsRefused',
  'RequestsFailed',
  'KeysRefused',
  'EventsFailed',
  'ActionsFailed',
  'TargetFailures',
  'DeadLetters',
  'ConfigurationUnreadable',
] as const;

/** The end of the minute of the last count of any fault, or now within it; undefined when there was none in the range. */
function endOfTrouble(counts: CountsOfRange | undefined, nowMs: number): number | undefined {
  if (counts === undefined) return undefined;
  const { requests, functions, tables } = counts.pressure;
  const counted = [
    ...troubles.map((name) => counts.environment[name]),
    requests,
    ...functions.values(),
    ...tables.values(),
  ];
  const last = counted.flatMap(({ lastMs }) => lastMs ?? []);
  return last.length === 0 ? undefined : Math.min(Math.max(...last) + minuteMs, nowMs);
}

function checkFailed(what: string, error: Error, environment: Environment): Finding {
  if (error instanceof UnreadableConfiguration)
    return finding('configuration_unreadable', {
      reason: error.reason,
      cause: `the live configuration cannot be read: ${error.message}; running functions use the one that they have, and new ones cannot work`,
      count: 1,
      next: `npx signalbox config log${on(environment)}`,
    });
  return finding('check_failed', {
    cause: `${what} could not be examined: ${error.name}: ${error.message}`,
    count: 1,
    next: 'look at the error; the rest of this page is what could be read without it',
  });
}

async function newestEntry({ configuration }: Environment) {
  for await (const entry of historyNewestFirst(configuration)) return entry;
  return undefined;
}
