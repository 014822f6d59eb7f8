import { sameJson } from '../../core/json/values.ts';

/**
 * Why something of an account is in the report.
 *
 * The kind of an entry says what it asks of a person:
 * - `not_moved`: it has no counterpart here, and is not in the files;
 * - `differs`: it moved, and works in another way than there;
 * - `to_do`: it moves by hand.
 */
export type ReportKind = 'not_moved' | 'differs' | 'to_do';

/** One thing of an account, in whole sentences except `what`. */
export type ReportEntry = {
  kind: ReportKind;
  /** From a closed list, for programs: `script`, `dynamic_audience`. */
  reason: ReportReason;
  /** Where it is at Knock: `source stripe, production`. */
  where: string;
  /** What it is: `the script "preprocess"`. */
  what: string;
  why: string;
  instead: string;
};

const reasons = {
  environment_unknown: 'not_moved',
  environment_without_counterpart: 'differs',
  key_invalid: 'not_moved',
  kind_assumed: 'to_do',
  script: 'not_moved',
  computed_path: 'to_do',
  path_unreadable: 'not_moved',
  parameter_unknown: 'not_moved',
  parameter_unreadable: 'not_moved',
  action_unknown: 'not_moved',
  workflow_missing: 'not_moved',
  mapping_deleted: 'not_moved',
  mapping_refused: 'not_moved',
  mapping_uncommitted: 'differs',
  mapping_never_matches: 'to_do',
  mapping_differs: 'differs',
  dynamic_audience: 'not_moved',
  conditions: 'not_moved',
  conditions_translated: 'differs',
  data_schema: 'not_moved',
  trigger_frequency: 'not_moved',
  setting_unknown: 'not_moved',
  setting_differs: 'differs',
  image: 'not_moved',
  unverified: 'to_do',
  secret: 'to_do',
  sender_url: 'to_do',
  records: 'to_do',
  messages: 'not_moved',
} as const satisfies Record<string, ReportKind>;

export type ReportReason = keyof typeof reasons;

/** Collects entries; the reason decides the kind. */
export type Report = (entry: Omit<ReportEntry, 'kind'>) => void;

/** A report that holds each entry once: two mappings may find the same of one workflow. */
export function makeReport(): { entries: ReportEntry[]; report: Report } {
  const entries: ReportEntry[] = [];
  return {
    entries,
    report(entry) {
      const whole: ReportEntry = { kind: reasons[entry.reason], ...entry };
      if (!entries.some((one) => sameJson(one, whole))) entries.push(whole);
    },
  };
}
