import { findAction } from '../../../core/actions/index.ts';
import { canonicalJson } from '../../../core/json/canonical-json.ts';
import { isJsonObject, type JsonObject, type JsonValue, own, sameJson } from '../../../core/json/values.ts';
import { factsOf } from '../../../core/mappings/action-facts.ts';

/** One action of an event, as either side's log tells it. */
export type Effect = {
  action: string;
  /** What it was asked: `succeeded`, `failed`, in the side's own word. */
  status: string;
  done: boolean;
  /** Its resolved parameters, in one form for both sides. */
  parameters: JsonObject;
};

export type EffectDifference =
  | { kind: 'only_here' | 'only_at_knock'; effect: string }
  | { kind: 'status'; effect: string; here: string; knock: string }
  | { kind: 'parameter'; effect: string; parameter: string; here: JsonValue; knock: JsonValue };

/** What a person calls an effect: `workflows_trigger order-completed`, `users_identify u-1`. */
export function effectText({ action, parameters }: Effect): string {
  const named = factsOf(action).names?.parameter;
  const about = [named === undefined ? undefined : parameters[named], parameters.collection, parameters.id].filter(
    (part) => typeof part === 'string',
  );
  return [action, ...about].join(' ');
}

/**
 * Parameters in the one form in which both sides are compared: a user is its id, a single recipient
 * is a list of one, and what is empty is left out. Knock's log also has a snapshot of the workflow,
 * which is dropped.
 */
export function comparable(action: string, given: JsonObject): JsonObject {
  const known = findAction(action)?.params.shape ?? {};
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]): [string, JsonValue][] => {
      if (!Object.hasOwn(known, name)) return [];
      const plain = plainOf(value);
      if (isEmpty(plain)) return [];
      return [[name, lists.has(name) ? listOf(plain) : plain]];
    }),
  );
}

/** Parameters that take one or several, in any order. */
const lists = new Set(['recipients', 'members', 'user']);

const listOf = (value: JsonValue): JsonValue[] =>
  (Array.isArray(value) ? value : [value]).toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));

function plainOf(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(plainOf).filter((one) => !isEmpty(one));
  if (!isJsonObject(value)) return value;
  const { collection, id, ...rest } = value;
  if (collection === '$users' && typeof id === 'string' && Object.keys(rest).length === 0) return id;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]): [string, JsonValue][] => {
      const plain = plainOf(inner);
      return isEmpty(plain) ? [] : [[name, plain]];
    }),
  );
}

function isEmpty(value: JsonValue): boolean {
  if (value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** The differences between the effects of one event, in the order of the effects here. */
export function effectDifferences(here: readonly Effect[], knock: readonly Effect[]): EffectDifference[] {
  const left = [...knock];
  const differences: EffectDifference[] = [];
  for (const effect of here) {
    const text = effectText(effect);
    const twin = takeTwin(effect, left);
    if (twin === undefined) {
      differences.push({ kind: 'only_here', effect: text });
      continue;
    }
    if (twin.done !== effect.done)
      differences.push({ kind: 'status', effect: text, here: effect.status, knock: twin.status });
    const names = new Set([...Object.keys(effect.parameters), ...Object.keys(twin.parameters)]);
    for (const parameter of names) {
      const [ours, theirs] = [own(effect.parameters, parameter) ?? null, own(twin.parameters, parameter) ?? null];
      if (!sameJson(ours, theirs))
        differences.push({ kind: 'parameter', effect: text, parameter, here: ours, knock: theirs });
    }
  }
  return [...differences, ...left.map((effect) => ({ kind: 'only_at_knock' as const, effect: effectText(effect) }))];
}

/** The most similar effect of the same action, which is taken out: same parameters, else same name. */
function takeTwin(effect: Effect, left: Effect[]): Effect | undefined {
  const ofAction = (one: Effect) => one.action === effect.action;
  const found =
    left.find((one) => ofAction(one) && sameJson(one.parameters, effect.parameters)) ??
    left.find((one) => ofAction(one) && effectText(one) === effectText(effect));
  if (found !== undefined) left.splice(left.indexOf(found), 1);
  return found;
}
