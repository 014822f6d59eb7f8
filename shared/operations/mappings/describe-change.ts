import { outcomeOf } from '../../core/rehearsal/compare-dry-runs.ts';

const headlines = {
  event_rejected: 'is rejected',
  event_accepted: 'is no longer rejected',
  event_type_differs: 'event type differs',
  user_differs: 'user differs',
  key_differs: 'idempotency key differs',
  newly_runs: 'newly runs',
  no_longer_runs: 'no longer runs',
  action_differs: 'another action',
  parameters_differ: 'parameters differ',
  reason_differs: 'does not run, for another reason',
} as const;

/** A change of one event's outcome, or of many alike. */
export type DescribedChange = {
  kind: keyof typeof headlines;
  mapping: string | null;
  parameters: string[];
  before: string | null;
  after: string | null;
};

/** `order-completed: newly runs (was conditions_not_met)` */
export function describeChange({ kind, mapping, parameters, before, after }: DescribedChange): string {
  const of = mapping === null ? '' : `${mapping}: `;
  switch (kind) {
    case 'newly_runs':
      return `${of}${headlines[kind]} (was ${before})`;
    case 'no_longer_runs':
    case 'event_rejected':
      return `${of}${headlines[kind]} (${after})`;
    case 'reason_differs':
      if (before === outcomeOf(undefined)) return `${of}is new, and does not run (${after})`;
      if (after === outcomeOf(undefined)) return `${of}is gone, and did not run (${before})`;
      return `${of}${headlines[kind]}: ${before} → ${after}`;
    case 'parameters_differ':
      return `${of}${headlines[kind]}: ${parameters.join(', ')}`;
    default:
      return `${of}${headlines[kind]}${before === null ? '' : `: ${before} → ${after}`}`;
  }
}
