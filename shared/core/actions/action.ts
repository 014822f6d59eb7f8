import type * as z from 'zod';
import type { FieldError } from '../errors.ts';
import { isBlank, type JsonObject } from '../json/values.ts';
import type { ActionWarning } from '../logs/action-log-entry.ts';
import { type ActionResult, invalidParams, nothingGiven } from '../logs/action-result.ts';
import type { ActionFacts } from '../mappings/facts.ts';
import type { ActionContext } from '../runs/action-context.ts';
import { isNothing, leftOut, withNotes } from './parts/params.ts';
import type { ActionSuggestion } from './parts/suggestion.ts';

/** Facts about an action that are no code of its own. Planning knows some of them: `ActionFacts`. */
type Facts = ActionFacts & {
  /** For lists of actions: a sentence without its full stop. */
  does: string;
  /** The parameter that lists who gets a workflow run. Absent: the action starts none for its recipients. */
  startsRunsFor?: string;
  /** Optional parameters that say whom the action is for: one that cannot be read fails it instead of being left out. */
  decidesWhom?: readonly string[];
  /** Absent: the required parameters are looked for by their names. */
  suggestion?: ActionSuggestion;
};

/** An action as the engine sees it: parameters of any shape in, a result out. */
export type Action = Facts & {
  id: string;
  /** Names and shapes of the parameters, for checks and documentation. */
  params: z.ZodObject;
  /** @throws RetryableError when a table is throttled or away; anything else that is thrown is a bug */
  run(payload: JsonObject, context: ActionContext): Promise<ActionResult>;
};

/**
 * One kind of work. `run` takes parsed parameters and what it names of the context, answers every expected "no" as a
 * result, and throws only when trying again later could help.
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
 * Checks what a mapping resolved, parameter by parameter.
 *
 * - A required one that is nothing (missing, null, blank text, empty list) skips the action. One of the wrong type fails it.
 * - An optional one that is null or blank text counts as not given: both come from data that is not there. One of the
 *   wrong type is left out with a warning: an odd picture is no reason to lose a person.
 * - Those of `decidesWhom` are optional and fail the action all the same: without them it would be for others.
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
    // Required ones are something by now. Blank text is what templates make of data that is not there.
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
