import type * as z from 'zod';
import type { JsonObject } from '../json/values.ts';
import { type ActionResult, invalidParams, nothingGiven } from '../logs/action-result.ts';
import type { ActionFacts } from '../mappings/action-facts.ts';
import type { ActionContext } from '../runs/action-context.ts';
import { isNothing } from './parts/params.ts';
import type { ActionSuggestion } from './parts/suggestion.ts';

/** Facts about an action that are no code of its own. Planning knows some of them: `ActionFacts`. */
type Facts = ActionFacts & {
  /** For lists of actions: a sentence without its full stop. */
  does: string;
  /** The parameter that lists who gets a workflow run. Absent: the action starts none for its recipients. */
  startsRunsFor?: string;
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
      const parsed = parseParams(definition.params, payload);
      return parsed.kind === 'no' ? parsed.result : definition.run(parsed.params, context);
    },
  };
}

/** The parameters without which an action is skipped. */
export function requiredParameters({ params }: Pick<Action, 'params'>): string[] {
  return Object.keys(params.shape).filter((name) => !params.shape[name].isOptional());
}

/**
 * Checks what a mapping resolved. A required parameter that is nothing (missing, null, empty text, empty list) skips the
 * action; an optional one that is null counts as not given, since null comes from data that is not there. A value of the
 * wrong type fails it. Rule: https://docs.knock.app/integrations/sources/overview
 */
function parseParams<Params extends z.ZodObject>(
  params: Params,
  payload: JsonObject,
): { kind: 'ok'; params: z.output<Params> } | { kind: 'no'; result: ActionResult } {
  const given = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== null));
  const required = Object.keys(params.shape).filter((name) => !params.shape[name].isOptional());
  const missing = required.filter((name) => isNothing(given[name]));
  if (missing.length > 0) return { kind: 'no', result: nothingGiven(...missing) };
  const result = params.safeParse(given);
  if (result.success) return { kind: 'ok', params: result.data };
  const errors = result.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  return { kind: 'no', result: invalidParams(errors) };
}
