import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Peeked } from '../dead-letters/dead-letters.ts';
import type { Environment } from '../environment.ts';
import type { QueueDepth } from '../queues/queue-depths.ts';
import { type RefusalRow, unknownSource } from '../refusals/refusals.ts';
import type { Expectations } from '../sources/expectations.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { isoOrNull } from '../words/iso.ts';
import { plural } from '../words/text.ts';
import type { CountsOfRange } from './counts.ts';
import { type Finding, finding, on } from './finding.ts';
import type { Range } from './problems.ts';
import type { Habit } from './silence.ts';
import { settledEvents, waitingIn } from './stages.ts';

/* What counts and queues say. */

const minuteMs = 60_000;
/** A backlog of so many minutes of the range's work is worth a word. */
const backlogMinutes = 5;

export function countFindings({ environment: counts }: CountsOfRange, environment: Environment): Finding[] {
  const { ConfigurationUnreadable, KeysRefused } = counts;
  return [
    ...(ConfigurationUnreadable.total > 0
      ? [
          finding('configuration_unreadable', {
            cause: 'functions could not read the live configuration and use an older one',
            count: ConfigurationUnreadable.total,
            since: isoOrNull(ConfigurationUnreadable.sinceMs),
            last: isoOrNull(ConfigurationUnreadable.lastMs),
            next: `npx signalbox config log${on(environment)}`,
          }),
        ]
      : []),
    ...(KeysRefused.total > 0
      ? [
          finding('keys_refused', {
            source: 'api',
            cause: `${plural(KeysRefused.total, 'call')} of the REST API came without a valid key`,
            count: KeysRefused.total,
            since: isoOrNull(KeysRefused.sinceMs),
            last: isoOrNull(KeysRefused.lastMs),
            next: `npx signalbox keys list${on(environment)}`,
          }),
        ]
      : []),
  ];
}

export function queueFindings(
  depths: readonly QueueDepth[],
  counts: CountsOfRange | undefined,
  range: Range,
  environment: Environment,
  peeked?: Peeked,
): Finding[] {
  const waiting = (queue: string) => waitingIn(depths, queue);
  const dead = waiting('events dead-letter') + waiting('actions dead-letter');
  const minutes = Math.max(1, (range.untilMs - range.sinceMs) / minuteMs);
  const backlog = (id: 'events_wait' | 'actions_wait', queue: string, done: number): Finding[] => {
    const count = depths.find((depth) => depth.queue === queue)?.ready ?? 0;
    if (count <= Math.max(100, (done / minutes) * backlogMinutes)) return [];
    return [
      finding(id, {
        cause: `${plural(count, 'message')} in the ${queue} queue, more than ${backlogMinutes} minutes of work at the present rate`,
        count,
        next: `npx signalbox doctor${on(environment)} again in a minute: does the number fall?`,
      }),
    ];
  };
  const of = counts?.environment;
  return [
    ...(dead > 0
      ? [
          finding('dead_letters_stuck', {
            cause: `${plural(dead, 'dead letter')} without a row: they fail in the dead-letter function too, whose log says why, and are lost 14 days after they were sent${peeked === undefined ? '' : `. The oldest of those looked at is lost on ${peeked.lostAt.slice(0, 10)}`}`,
            count: dead,
            ...(peeked && { since: peeked.oldestSentAt }),
            ...(peeked?.example !== undefined && { example: peeked.example }),
            next: `npx signalbox replay --dlq --dry-run${on(environment)}`,
          }),
        ]
      : []),
    ...backlog('events_wait', 'events', of === undefined ? 0 : settledEvents(of)),
    ...backlog('actions_wait', 'actions', of === undefined ? 0 : of.EventsProcessed.total),
  ];
}

const signatureReasons = new Set(['signature_missing', 'signature_wrong', 'signature_partial']);

export function refusalFinding(row: RefusalRow, environment: Environment): Finding {
  const { source, outcome, reason, count, first_at, last_at, example } = row;
  const requests = plural(count, 'request');
  const at = example === null ? '' : ` The last one that was noted: request ${example.request_id}, ${example.at}.`;
  const common = { source, reason, count, since: first_at, last: last_at };
  if (outcome === 'unanswered')
    return finding('requests_unanswered', {
      ...common,
      cause: `${requests} answered 503 (${reason}); the sender tries again.${at}`,
      next: nextAfter503(source, reason, environment),
    });
  const cause = `${requests} refused (${reason}); most senders drop the event for good.${at}`;
  if (signatureReasons.has(reason))
    return finding('signatures_refused', {
      ...common,
      cause,
      next: `npx signalbox secrets list${on(environment)}: is it the secret that the sender has?`,
    });
  return finding('requests_refused', {
    ...common,
    cause,
    next:
      source === unknownSource || reason === 'token_wrong'
        ? `npx signalbox sources${on(environment)}: has a sender an old URL?`
        : `npx signalbox refusals --source ${source}${on(environment)}`,
  });
}

function nextAfter503(source: string, reason: string, environment: Environment): string {
  switch (reason) {
    case 'secret_missing':
      return `npx signalbox secrets set ${source}${on(environment)}`;
    case 'scheduled_for_deletion':
      return `npx signalbox secrets restore ${source}${on(environment)}`;
    case 'uncommitted':
      return `npx signalbox config push --commit${on(environment)}`;
    default:
      return environment.local
        ? 'read the lines of ingest where npm start runs'
        : `aws logs tail /signalbox/${environment.name}/ingest --since 1h`;
  }
}

/** What a source's file expects counts instead of its habit. */
export function expectationFindings({ silence, volume }: Expectations, environment: Environment): Finding[] {
  return [
    ...silence.flatMap(({ source, lastEventAt, expectedEvery, silent }) =>
      silent
        ? [
            finding('source_silent', {
              source,
              cause: `no event for more than ${expectedEvery}, which is how often its file expects one`,
              count: 1,
              since: lastEventAt,
              next: lookAtSender(source),
            }),
          ]
        : [],
    ),
    ...volume.flatMap(({ source, thisHour, sameHourLastWeek, ratio, expected, unusual }) =>
      unusual && ratio !== null
        ? [
            finding('volume_unusual', {
              source,
              cause: `${plural(thisHour, 'event')} in the last full hour, ${ratio.toFixed(2)} times the ${sameHourLastWeek} of the same hour a week before; its file expects ${expected}`,
              count: thisHour,
              next: `npx signalbox events --source ${source} --since 2h${on(environment)}`,
            }),
          ]
        : [],
    ),
  ];
}

function lookAtSender(source: string): string {
  return `look at the sender's own log; npx signalbox refusals --source ${source} shows what was refused here`;
}

/** @param expected sources whose file says how often they send */
export function silenceFindings(
  habits: Map<string, Habit>,
  known: KnownSource[],
  live: LiveConfiguration,
  expected: ReadonlySet<string>,
): Finding[] {
  return known.flatMap(({ key, lastEventAtMs }) => {
    const habit = expected.has(key) ? undefined : habits.get(key);
    if (habit === undefined || !habit.isSilent || !(key in live.snapshot.sources)) return [];
    return [
      finding('source_silent', {
        source: key,
        cause: `no event for ${plural(habit.silentHours ?? 0, 'hour')}; its longest pause of the week was ${plural(habit.longestPauseHours, 'hour')}`,
        count: habit.silentHours ?? 0,
        since: isoOrNull(lastEventAtMs),
        next: lookAtSender(key),
      }),
    ];
  });
}
