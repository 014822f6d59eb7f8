import type * as z from 'zod';
import type { MemberKey } from '../../ports/audiences.ts';
import type { FieldError } from '../errors.ts';
import { isBlank, type JsonObject } from '../json/values.ts';
import type { ActionWarning } from '../logs/action-log-entry.ts';
import { type ActionResult, invalidParams, nothingGiven } from '../logs/action-result.ts';
import type { ActionFacts } from '../mappings/facts.ts';
import type { ActionContext } from '../runs/action-context.ts';
import { isNothing, leftOut, withNotes } from './parts/params.ts';
import type { ActionSuggestion } from './parts/suggestion.ts';

export type AddedMembers = { audience: string; members: MemberKey[] };

/** Facts about an action that other code reads. Planning reads some of them: `ActionFacts`. */
type Facts = ActionFacts & {
  /** For lists of actions: a sentence without full stop. */
  does: string;
  /**
   * The parameter that lists the recipients of workflow runs. Absent: the action starts none for
   * recipients.
   */
  startsRunsFor?: string;
  /**
   * Whose record it writes: the one that its parameters `id` and, for objects, `collection` name.
   * Absent: it writes a relation, or no record.
   */
  writes?: 'user' | 'object' | 'tenant';
  /**
   * The audience and the members that workflows may greet because of the action, from its
   * parameters. Absent: it adds no members.
   */
  adds?(payload: JsonObject): AddedMembers | undefined;
  /**
   * Optional parameters that decide whom the action is for: an unreadable one fails the action
   * instead of being left out.
   */
  decidesWhom?: readonly string[];
  /**
   * Parameters that name the persons whom it is for: without them it does nothing. Erased persons
   * are taken out of these and of `mentions`.
   */
  isFor?: readonly string[];
  /** Parameters that name persons whom it can do without. */
  mentions?: readonly string[];
  /** Absent: required parameters are found by their names. */
  suggestion?: ActionSuggestion;
};

/** An action as the engine sees it: it takes parameters of any shape and returns a result. */
export type Action = Facts & {
  id: string;
  /** Names and shapes of the parameters, for checks and documentation. */
  params: z.ZodObject;
  /**
   * @throws RetryableError when a table is throttled or unavailable; any other exception is a bug
   */
  run(payload: JsonObject, context: ActionContext): Promise<ActionResult>;
};

/**
 * One kind of work. `run` gets parsed parameters and the parts of the context that it names. It
 * returns every expected refusal as a result, and throws only when trying again later could help.
 */
export function defineAction<Params extends z.ZodObject>(
  definition: Facts & {
    id: string;
    params: Params;
    run(params: z.output<Params>, context: ActionContext): Promise<ActionResult>;
  },
): Action {
  return {
    ...definition,
    async run(payload, context) {
      const parsed = parseParams(definition, payload);
      if (parsed.kind === 'no') return parsed.result;
      const result = await definition.run(parsed.params, context);
      if (parsed.warnings.length === 0) return result;
      return { ...result, warnings: [...parsed.warnings, ...(result.warnings ?? [])] };
    },
  };
}

/** The parameters without which an action is skipped. */
export function requiredParameters({ params }: Pick<Action, 'params'>): string[] {
  return Object.keys(params.shape).filter((name) => !params.shape[name].isOptional());
}

type ParsedParams<Params extends z.ZodObject> =
  | { kind: 'ok'; params: z.output<Params>; warnings: ActionWarning[] }
  | { kind: 'no'; result: ActionResult };

/**
 * Checks a mapping's resolved parameters one by one.
 * - A required one that is empty (missing, null, blank text, empty list) skips the action. A wrong
 *   type fails it.
 * - An optional one that is null or blank text counts as not given, since missing data resolves to
 *   both. A wrong type is left out with a warning: an odd picture must not lose a person.
 * - Parameters of `decidesWhom` are optional but fail the action: without them it would be for
 *   other recipients.
 *
 * Rule: https://docs.knock.app/integrations/sources/overview
 */
function parseParams<Params extends z.ZodObject>(
  { params, decidesWhom = [] }: { params: Params; decidesWhom?: readonly string[] | undefined },
  payload: JsonObject,
): ParsedParams<Params> {
  const required = requiredParameters({ params });
  const missing = required.filter((name) => isNothing(payload[name]));
  if (missing.length > 0) return { kind: 'no', result: nothingGiven(...missing) };

  const parsed: [string, unknown][] = [];
  const errors: FieldError[] = [];
  const warnings: ActionWarning[] = [];
  for (const [name, schema] of Object.entries(params.shape)) {
    const value = payload[name];
    // Required ones are present by now. Templates make blank text from missing data.
    if (value === undefined || value === null || (typeof value === 'string' && isBlank(value))) continue;
    const { result, notes } = withNotes(() => (schema as z.ZodType).safeParse(value));
    if (result.success) {
      parsed.push([name, result.data]);
      warnings.push(...notes);
      continue;
    }
    const found = result.error.issues.map(({ path, message }) => ({ field: [name, ...path].join('.'), message }));
    if (required.includes(name) || decidesWhom.includes(name)) errors.push(...found);
    else warnings.push(...found.slice(0, 1).map(({ field, message }) => leftOut(field, message)));
  }
  if (errors.length > 0) return { kind: 'no', result: invalidParams(errors) };
  return { kind: 'ok', params: Object.fromEntries(parsed) as z.output<Params>, warnings };
}
