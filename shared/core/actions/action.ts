import type * as z from 'zod';
import type { Audiences } from '../../ports/audiences.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Subscriptions } from '../../ports/subscriptions.ts';
import type { WorkflowRuns } from '../../ports/workflow-runs.ts';
import type { OpenTarget } from '../../ports/workflow-target.ts';
import type { FieldError } from '../errors.ts';
import type { JsonObject } from '../json/values.ts';
import type { ActionReason, ActionWarning } from '../logs/action-log-entry.ts';
import { isNothing } from './parts/params.ts';

export type { FieldError };

/** What an action reports; `pending` is tried again, everything else is for good. */
export type ActionResult = { detail?: string; warnings?: ActionWarning[] } & (
  | { status: 'succeeded'; result: JsonObject }
  | { status: 'skipped'; reason: ActionReason; errors: FieldError[] }
  | { status: 'failed'; reason: ActionReason; errors?: FieldError[]; result?: JsonObject }
  | {
      status: 'pending';
      reason: ActionReason;
      retryAfterSeconds?: number;
      result?: JsonObject;
      /** Given back as `context.progress`; absent: what was given stays. */
      progress?: JsonObject;
    }
);

/** What the metrics count while an action runs. */
export type ActionCount = 'RunsStarted' | 'TargetCalls' | 'TargetFailures';

/** All an action may know and use; each takes what it names. */
export type ActionContext = {
  /** The invocation's id: the same for every attempt, so what is derived from it is too. */
  id: string;
  mapping: string;
  execution: string;
  /** What asked for this run of the execution: the event that emitted it, or a replay. */
  origin: string;
  event: {
    id: string;
    source: string;
    eventType: string;
    /** The event's primary contents, where an invocation needs them. */
    data?: JsonObject;
    occurredAtMs: number;
    receivedAtMs: number;
  };
  environment: string;
  configuration: LiveConfiguration;
  directory: Directory;
  subscriptions: Subscriptions;
  audiences: Audiences;
  runs: WorkflowRuns;
  openTarget: OpenTarget;
  /** 1 for the first attempt. */
  attempt: number;
  /** True when an earlier attempt may have got somewhere: then reading first is cheaper than refused writes. */
  again: boolean;
  /**
   * Where an earlier attempt said to go on. An attempt may be lost together with what it said, so everything after this
   * point may have been done already.
   */
  progress?: JsonObject;
  /** True when nothing will be tried after this attempt, unless it only `continues` or is `delayed`. */
  isLastAttempt: boolean;
  /** Begin nothing that cannot be over by then. */
  deadlineMs: number;
  nowMs(): number;
  count(name: ActionCount): void;
};

/** An action as the engine sees it: parameters of any shape in, a result out. */
export type Action = {
  id: string;
  /** Names and shapes of the parameters, for checks and documentation. */
  params: z.ZodObject;
  /** It takes away what only its sender could bring back. Absent: it does not. Runs for verified events only, unless a setting says otherwise. */
  destructive?: true;
  /** @throws RetryableError when a table is throttled or away; anything else that is thrown is a bug */
  run(payload: JsonObject, context: ActionContext): Promise<ActionResult>;
};

/**
 * One kind of work. `run` takes parsed parameters and what it names of the context, answers every expected "no" as a
 * result, and throws only when trying again later could help.
 */
export function defineAction<Params extends z.ZodObject>(definition: {
  id: string;
  params: Params;
  destructive?: true;
  run(params: z.output<Params>, context: ActionContext): Promise<ActionResult>;
}): Action {
  const { id, params, destructive } = definition;
  return {
    id,
    params,
    ...(destructive && { destructive }),
    async run(payload, context) {
      const parsed = parseParams(params, payload);
      return parsed.kind === 'no' ? parsed.result : definition.run(parsed.params, context);
    },
  };
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

export function nothingGiven(...fields: string[]): ActionResult {
  const errors = fields.map((field) => ({ field, message: `${field} is required and resolved to nothing` }));
  return { status: 'skipped', reason: 'required_field_missing', detail: sentence(errors), errors };
}

export function invalidParams(errors: FieldError[]): ActionResult {
  return { status: 'failed', reason: 'invalid_params', detail: sentence(errors), errors };
}

function sentence(errors: FieldError[]): string {
  const [first, ...others] = errors;
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return first?.message.startsWith(`${first.field} `)
    ? `${first.message}${more}`
    : `${first?.field}: ${first?.message}${more}`;
}
