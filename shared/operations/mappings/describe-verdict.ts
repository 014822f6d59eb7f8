import type { JsonObject } from '../../core/json/values.ts';
import type { ConditionRow, ConsideredRow } from '../events/event-row.ts';
import { safeJson } from '../words/text.ts';
import { inline } from '../words/values.ts';
import type { DryRunMappingRow } from './dry-run-rows.ts';

/** A mapping that was considered for an event, or would be. */
export type ConsideredMappingRow = ConsideredRow | DryRunMappingRow;

/** `was`: for a processed event. `would be`: for a dry run. */
export type Mood = 'was' | 'would be';

const notRun = { was: 'did not run', 'would be': 'would not run' } as const;

const whyOff = {
  duplicate: 'the event is a copy of one that ran',
  identify_disabled: 'identify is switched off for this source',
  mapping_inactive: 'the mapping is inactive in this environment',
  not_verified: 'the action deletes, and the event is not verified',
  source_disabled: 'the source is switched off in this environment',
} as const;

/** A mapping's outcome in a sentence: `runs`, `would not run: data.total is 5, not gte 100`. */
export function describeVerdict(row: ConsideredMappingRow, mood: Mood): string {
  if (row.verdict !== 'runs') {
    const why = row.verdict === 'conditions_not_met' ? row.detail : whyOff[row.verdict];
    return [notRun[mood], why].filter((part) => part !== null).join(': ');
  }
  const outcome = 'outcome' in row ? row.outcome : null;
  if (outcome === null || outcome.status === 'runs') return mood === 'was' ? 'runs' : 'would run';
  const verb = outcome.status === 'skipped' ? 'would be skipped' : 'would fail';
  return [`${verb}: ${outcome.reason}`, outcome.detail].filter((part) => part !== null).join(' · ');
}

/** `when data.total gte 100` */
export function describeCondition({ path, test }: ConditionRow): string {
  return `when ${path} ${testsOf(test)}`;
}

function testsOf(test: JsonObject): string {
  return Object.entries(test)
    .map(([name, bound]) => {
      if (name === 'exists') return bound === true ? 'exists' : 'does not exist';
      return `${name.replaceAll('_', ' ')} ${safeJson(bound)}`;
    })
    .join(' and ');
}

export function describeFound({ found }: ConditionRow): string {
  return found === null ? 'nothing there, or null' : inline(found, 60);
}
