import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Environment } from '../environment.ts';
import { type RefusalRow, unknownSource } from '../refusals/refusals.ts';
import type { Expectations } from '../sources/expectations.ts';
import type { KnownSource } from '../sources/known-sources.ts';
import { isoOrNull } from '../words/iso.ts';
import { formatCount, plural } from '../words/text.ts';
import type { CountsOfRange } from './counts.ts';
import { type Finding, finding, on } from './finding.ts';
import { sinceText } from './loudest-source.ts';
import type { Range } from './problems.ts';
import type { Habit } from './silence.ts';

/* What counts and queues say. */

/** So many copies of one source are worth a word, if they are most of what it sent. */
const duplicatesMin = 100;

export function countFindings(
  { environment: counts, sources }: CountsOfRange,
  range: Range,
  environment: Environment,
): Finding[] {
  const { ConfigurationUnreadable, KeysRefused } = counts;
  return [
    ...[...sources].flatMap(([source, { EventsDuplicate, EventsAccepted }]) =>
      EventsDuplicate.total >= duplicatesMin && EventsDuplicate.total > EventsAccepted.total / 2
        ? [
            finding('duplicates_many', {
              source,
              reason: 'duplicate',
              cause: `${formatCount(EventsDuplicate.total)} of ${plural(EventsAccepted.total, 'event')} were copies of earlier ones: the sender repeats itself, and nothing ran twice`,
              count: EventsDuplicate.total,
              since: isoOrNull(EventsDuplicate.sinceMs),
              last: isoOrNull(EventsDuplicate.lastMs),
              next: `npx signalbox events --source ${source} --status idempotent --since ${sinceText(range)}${on(environment)}`,
            }),
          ]
        : [],
    ),
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
  const refused = `${requests} refused (${reason})`;
  const dropped = `most senders drop the event for good.${at}`;
  if (signatureReasons.has(reason))
    return finding('signatures_refused', {
      ...common,
      cause: `${refused}: the secret here and the sender's may differ; ${dropped}`,
      next: `npx signalbox secrets list${on(environment)}`,
    });
  const isOldUrl = source === unknownSource || reason === 'token_wrong';
  return finding('requests_refused', {
    ...common,
    cause: isOldUrl ? `${refused}: a sender may have an old URL; ${dropped}` : `${refused}; ${dropped}`,
    next: isOldUrl
      ? `npx signalbox sources${on(environment)}`
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
              cause: `no event for more than ${expectedEvery}, which is how often its file expects one: ${lookAtSender}`,
              count: 1,
              since: lastEventAt,
              next: refusalsOf(source, environment),
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

const lookAtSender = "its sender has stopped, or is refused; the sender's own log says which";

function refusalsOf(source: string, environment: Environment): string {
  return `npx signalbox refusals --source ${source} --since 1d${on(environment)}`;
}

/** @param expected sources whose file says how often they send */
export function silenceFindings(
  habits: Map<string, Habit>,
  known: KnownSource[],
  live: LiveConfiguration,
  expected: ReadonlySet<string>,
  environment: Environment,
): Finding[] {
  return known.flatMap(({ key, lastEventAtMs }) => {
    const habit = expected.has(key) ? undefined : habits.get(key);
    if (habit === undefined || !habit.isSilent || !(key in live.snapshot.sources)) return [];
    return [
      finding('source_silent', {
        source: key,
        cause: `no event for ${plural(habit.silentHours ?? 0, 'hour')}, and its longest pause of the week was ${plural(habit.longestPauseHours, 'hour')}: ${lookAtSender}`,
        count: habit.silentHours ?? 0,
        since: isoOrNull(lastEventAtMs),
        next: refusalsOf(key, environment),
      }),
    ];
  });
}
