import type { Environment } from '../environment.ts';

/**
 * What the doctor can find; `docs/cli.md` has a line for each. Critical: events or their effects
 * fail now, or were lost. Warning: it will hurt, or a person has to look. Note: a decision of
 * people that explains what is seen, such as a paused workflow; nothing is wrong.
 */
const severities = {
  configuration_absent: 'critical',
  configuration_unreadable: 'critical',
  check_failed: 'critical',
  dead_letters_stuck: 'critical',
  events_failed: 'critical',
  events_rejected: 'warning',
  events_wait: 'warning',
  events_late: 'critical',
  actions_failed: 'critical',
  actions_skipped: 'warning',
  actions_wait: 'warning',
  actions_late: 'critical',
  actions_retried: 'warning',
  target_left_alone: 'critical',
  signatures_refused: 'critical',
  requests_refused: 'warning',
  requests_unanswered: 'critical',
  keys_refused: 'warning',
  requests_throttled: 'warning',
  function_throttled: 'warning',
  table_throttled: 'warning',
  source_silent: 'warning',
  volume_unusual: 'warning',
  secret_missing: 'critical',
  target_secret_missing: 'warning',
  secret_changed: 'note',
  secret_deleted: 'critical',
  secrets_overlap: 'note',
  duplicates_many: 'note',
  source_disabled: 'note',
  identify_off: 'note',
  source_paused: 'note',
  held_events_expire: 'warning',
  events_left_held: 'warning',
  workflow_paused: 'note',
  runs_held: 'note',
  held_runs_expire: 'warning',
  release_left: 'warning',
  runs_wait_for_limit: 'note',
  clock_skewed: 'warning',
} as const;

export type FindingId = keyof typeof severities;
export type Severity = (typeof severities)[FindingId];

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */
export type Finding = {
  id: FindingId;
  severity: Severity;
  source?: string;
  workflow?: string;
  /** The function or table that it is about. */
  part?: string;
  /** From the closed list of the thing that failed: an event, an action, a request. */
  reason?: string;
  /** The cause in one sentence. */
  cause: string;
  count: number;
  /** When it began, as far as the range shows; null when that is not recorded. */
  since: string | null;
  /** When it was last counted, to the minute; null for a state that lasts, such as a missing secret. */
  last: string | null;
  /** An event's id, for `why`. */
  example?: string;
  /** The command that comes next, as it can be typed; words about it stand in the cause. */
  next: string;
};

type Described = Omit<Finding, 'id' | 'severity' | 'since' | 'last'> & Partial<Pick<Finding, 'since' | 'last'>>;

export function finding(id: FindingId, { since = null, last = null, ...rest }: Described): Finding {
  return { id, severity: severities[id], ...rest, since, last };
}

/** A count that did not grow for so long is over. On AWS a count can be three minutes late. */
const quietMs = 5 * 60_000;

/**
 * The same finding as a note, if it only counts what happened, and nothing like it has happened for
 * five minutes.
 */
export function unlessOver(found: Finding, nowMs: number): Finding {
  if (found.last === null || nowMs - Date.parse(found.last) < quietMs) return found;
  return { ...found, severity: 'note', cause: `over: ${found.cause}` };
}

const order: Record<Severity, number> = { critical: 0, warning: 1, note: 2 };

/** The worst first, and of these the most frequent. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => order[a.severity] - order[b.severity] || b.count - a.count);
}

/** Whether nothing is wrong. A note does not count. */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity === 'note');
}

/** The option that repeats the command for this environment. */
export function on({ name }: Environment): string {
  return name === 'development' ? '' : ` -e ${name}`;
}
