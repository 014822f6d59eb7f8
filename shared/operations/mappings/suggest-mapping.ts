import { type Action, requiredParameters } from '../../core/actions/action.ts';
import { actions, findAction } from '../../core/actions/index.ts';
import type { SampledEvent } from '../../core/actions/parts/suggestion.ts';
import type { Snapshot } from '../../core/configuration/schema.ts';
import { mappingsOf } from '../../core/configuration/triggers.ts';
import type { NormalizedEvent } from '../../core/events/normalized-event.ts';
import type { JsonValue } from '../../core/json/values.ts';
import type { Mapping, ParameterValue } from '../../core/mappings/schema.ts';
import { type PayloadPath, payloadPaths } from './payload-paths.ts';

export type Suggestion = {
  mapping: Mapping;
  /** What to check before use: guesses that the event does not support. */
  notes: string[];
  paths: PayloadPath[];
  /** Paths of the event beyond those. */
  more: number;
  /** The number of values that a path cannot reach. */
  without: number;
};

export type SuggestionRequest = {
  event: NormalizedEvent;
  source: string;
  action?: string | undefined;
  snapshot: Snapshot;
};

/**
 * A first mapping, made from one real event. It finds parameters by the names of fields. It is
 * valid, but partly guessed: the notes list every guess that the event does not support.
 */
export function suggestMapping({ event, source, action: wanted, snapshot }: SuggestionRequest): Suggestion {
  const { paths, more, without } = payloadPaths(event);
  const slug = slugOf(event.eventType);
  const id = freeId(slug, source, snapshot);
  const context: Context = { event, find: finderIn(paths), snapshot, slug, notes: [] };
  const action = (wanted === undefined ? undefined : findAction(wanted)) ?? likelyAction(event);
  const parameters = parametersOf(action, context);
  return {
    mapping: { id, event: event.eventType, action: action.id, parameters },
    notes: context.notes,
    paths,
    more,
    without,
  };
}

/**
 * The action's own suggestion for this event; without one, fields with the names of its parameters.
 */
function parametersOf(action: Action, context: Context): Parameters {
  const suggested = action.suggestion?.parameters(sampled(context)) ?? byName(action, context);
  return Object.fromEntries(
    Object.entries(suggested).filter((entry): entry is [string, ParameterValue] => entry[1] !== undefined),
  );
}

function byName(action: Action, { find, notes }: Context): Parameters {
  return Object.fromEntries(
    requiredParameters(action).map((name) => {
      const found = find(name);
      if (found === undefined) notes.push(`no field is called ${name}, which ${action.id} requires`);
      return [name, found ?? `data.${name}`];
    }),
  );
}

/** The event in the form that definitions read. */
function sampled(context: Context): SampledEvent {
  const { event, find } = context;
  return {
    eventType: event.eventType,
    find,
    id: (...names) => idOf(context, ...names),
    person: () => person(context),
    fullName: () => fullName(context),
    traits: () => traits(context),
    computed: (name) => (Object.hasOwn(event.preprocess, name) ? `preprocess.${name}` : undefined),
    data: () => dataOf(event),
    workflow: () => workflowKey(context),
    audience: () => audienceKey(context),
    collection: () => collection(context),
  };
}

type Find = (...names: string[]) => string | undefined;
type Context = { event: NormalizedEvent; find: Find; snapshot: Snapshot; slug: string; notes: string[] };
type Parameters = Record<string, ParameterValue>;

/** The likely action for an event of this type: the first one that claims it. */
export function likelyAction({ eventType }: Pick<NormalizedEvent, 'eventType'>): Action {
  const fitting = actions.find(({ suggestion }) => suggestion?.fits?.(eventType));
  if (fitting === undefined) throw new Error('no action of the listing fits every event');
  return fitting;
}

/** `track/Order Completed` is `order-completed`. */
function slugOf(eventType: string): string {
  const name = eventType.replace(/^track\//, '').replace(/([a-z0-9])([A-Z])/g, '$1-$2');
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
    .replace(/-+$/, '');
  return slug === '' ? 'event' : slug;
}

function freeId(slug: string, source: string, snapshot: Snapshot): string {
  const taken = new Set(mappingsOf(snapshot, source).map(({ id }) => id));
  let id = slug;
  for (let n = 2; taken.has(id); n++) id = `${slug}-${n}`;
  return id;
}

/**
 * Finds a field by the names that senders use for it: earlier names first, then fields nearer to
 * the top.
 */
function finderIn(paths: PayloadPath[]): Find {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const candidates = paths
    .filter(({ segments, value }) => !['user_id', 'headers'].includes(segments[0] ?? '') && isScalar(value))
    .filter(({ segments }) => !segments.some((name) => /^\d+$/.test(name)))
    // Every field of the body is under `body`, also when its path leaves that out.
    .map(({ path, segments }) => ({
      path,
      name: plain(segments.at(-1) ?? ''),
      depth: segments.length - (segments[0] === 'body' ? 1 : 0),
    }))
    .sort((a, b) => a.depth - b.depth);
  return (...names) => {
    for (const name of names) {
      const found = candidates.find((candidate) => candidate.name === plain(name));
      if (found !== undefined) return found.path;
    }
    return undefined;
  };
}

function isScalar(value: JsonValue): boolean {
  return (typeof value === 'string' && value !== '') || typeof value === 'number';
}

/** The event's subject: the user who did it, otherwise a field that names a user. */
function person({ event, find, notes }: Context): string {
  if (event.userId !== undefined) return 'user_id';
  const found = find(
    'user_id',
    'userId',
    'customer_id',
    'customer',
    'recipient_id',
    'contact_id',
    'member_id',
    'owner_id',
    'assignee_id',
    'external_id',
    'id',
    'email',
  );
  if (found === undefined) notes.push('this event names no user; user_id is there once the sender knows who it is');
  return found ?? 'user_id';
}

function idOf({ find, notes }: Context, ...names: string[]): string {
  const found = find(...names, 'id');
  if (found === undefined) notes.push(`no field looks like an id; "data.id" leads nowhere in this event`);
  return found ?? 'data.id';
}

/** Everything without a separate parameter: the source's computed value for it, else all data. */
function traits({ event }: Context): ParameterValue {
  return 'custom_traits' in event.preprocess ? 'preprocess.custom_traits' : dataOf(event);
}

function dataOf({ data }: NormalizedEvent): string {
  return Object.keys(data).length > 0 ? 'data' : 'body';
}

function fullName({ find }: Context): ParameterValue | undefined {
  const whole = find('name', 'full_name', 'display_name');
  if (whole !== undefined) return whole;
  const [first, last] = [find('first_name', 'given_name'), find('last_name', 'family_name')];
  return first !== undefined && last !== undefined ? { template: `{{${first}}} {{${last}}}` } : first;
}

function workflowKey({ slug, snapshot, notes }: Context): ParameterValue {
  if (Object.hasOwn(snapshot.workflows, slug)) return slug;
  const keys = Object.keys(snapshot.workflows);
  const there = keys.length > 0 ? `; there is ${keys.slice(0, 10).join(', ')}` : '';
  notes.push(`there is no workflow "${slug}" yet: write workflows/${slug}.yaml, or name another${there}`);
  return { value: slug };
}

function audienceKey({ slug, snapshot, notes }: Context): ParameterValue {
  const [key] = Object.keys(snapshot.audiences);
  notes.push(
    key === undefined ? `there is no audience yet: write audiences/${slug}.yaml` : 'which audience is a guess',
  );
  return { value: key ?? slug };
}

function collection({ event, notes }: Context): ParameterValue {
  if (event.eventType === 'group') return { value: 'groups' };
  notes.push('the collection is a guess: name the kind of thing, in the plural');
  const [noun = 'object'] = slugOf(event.eventType).split('-');
  return { value: `${noun}s` };
}
