import { sameJson } from '../json/values.ts';
import type { DryRun, DryRunMapping } from './dry-run.ts';

export const changeKinds = [
  'event_rejected',
  'event_accepted',
  'event_type_differs',
  'user_differs',
  'key_differs',
  'newly_runs',
  'no_longer_runs',
  'action_differs',
  'parameters_differ',
  'reason_differs',
] as const;

/** One difference in an event's outcome between two configurations. */
export type DryRunChange = {
  kind: (typeof changeKinds)[number];
  /** For changes of a mapping's outcome; other changes belong to the event. */
  mapping?: string;
  /** For `parameters_differ`: their names. */
  parameters?: string[];
  /** A few words for people: `track/order`, `runs`, `skipped: required_field_missing`. */
  before: string;
  after: string;
};

/**
 * Differences in effect, in the order of `changeKinds`. A reworded mapping with the same parameters
 * and outcome is not a change. Neither is the order of mappings, since actions have their own
 * order.
 */
export function compareDryRuns(before: DryRun, after: DryRun): DryRunChange[] {
  const changes = [...eventChanges(before, after), ...mappingChanges(before, after)];
  return changes.sort((a, b) => changeKinds.indexOf(a.kind) - changeKinds.indexOf(b.kind));
}

function eventChanges({ planned: before }: DryRun, { planned: after }: DryRun): DryRunChange[] {
  const [was, is] = [rejectionOf(before.plan), rejectionOf(after.plan)];
  if (was !== is) {
    const kind = is === undefined ? 'event_accepted' : was === undefined ? 'event_rejected' : 'reason_differs';
    return [{ kind, before: was ?? 'accepted', after: is ?? 'accepted' }];
  }
  const differs = (kind: DryRunChange['kind'], a: string | undefined, b: string | undefined): DryRunChange[] =>
    a === b ? [] : [{ kind, before: a ?? 'none', after: b ?? 'none' }];
  return [
    ...differs('event_type_differs', before.event?.eventType, after.event?.eventType),
    ...differs('user_differs', before.event?.userId, after.event?.userId),
    ...differs('key_differs', before.key, after.key),
  ];
}

function rejectionOf(plan: DryRun['planned']['plan']): string | undefined {
  return plan.kind === 'rejected' ? `rejected: ${plan.reason}` : undefined;
}

function mappingChanges(before: DryRun, after: DryRun): DryRunChange[] {
  const byId = ({ mappings }: DryRun) => new Map(mappings.map((one) => [one.mapping.id, one]));
  const [was, is] = [byId(before), byId(after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((id) =>
    mappingChange(was.get(id), is.get(id)).map((change) => ({ ...change, mapping: id })),
  );
}

function mappingChange(was: DryRunMapping | undefined, is: DryRunMapping | undefined): DryRunChange[] {
  const [before, after] = [outcomeOf(was), outcomeOf(is)];
  if (before !== after) {
    const kind = after === 'runs' ? 'newly_runs' : before === 'runs' ? 'no_longer_runs' : 'reason_differs';
    // A mapping that is added or removed has no effect while it asks for nothing. An action that fails has one.
    const hasNoEffect = kind === 'reason_differs' && (was ?? is)?.action === undefined;
    return hasNoEffect && (was === undefined || is === undefined) ? [] : [{ kind, before, after }];
  }
  if (before !== 'runs' || was === undefined || is === undefined) return [];
  if (was.mapping.action !== is.mapping.action) {
    return [{ kind: 'action_differs', before: was.mapping.action, after: is.mapping.action }];
  }
  const parameters = differingParameters(was, is);
  if (parameters.length === 0) return [];
  return [{ kind: 'parameters_differ', parameters, before: 'runs', after: 'runs' }];
}

/**
 * Names of parameters with different resolved values. An unresolved parameter equals an absent one.
 */
export function differingParameters(
  was: Pick<DryRunMapping, 'parameters'>,
  is: Pick<DryRunMapping, 'parameters'>,
): string[] {
  const valuesOf = ({ parameters }: Pick<DryRunMapping, 'parameters'>) =>
    new Map(parameters.map(({ name, value }) => [name, value]));
  const [before, after] = [valuesOf(was), valuesOf(is)];
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => !sameJson(before.get(name), after.get(name)),
  );
}

/** A mapping's outcome in a few words: `runs`, `mapping_inactive`, `failed: workflow_missing`. */
export function outcomeOf(one: DryRunMapping | undefined): string {
  if (one === undefined) return 'not there';
  if (one.verdict !== 'runs') return one.verdict;
  const { action } = one;
  return action === undefined || action.status === 'runs' ? 'runs' : `${action.status}: ${action.reason}`;
}
