import type { FieldError } from '../errors.ts';
import type { JsonObject } from '../json/values.ts';
import type { ActionReason, ActionWarning } from './action-log-entry.ts';
import type { Pending } from './pending.ts';

/** An action's result. `pending` is tried again; every other status is final. */
export type ActionResult = { detail?: string; warnings?: ActionWarning[] } & (
  | { status: 'succeeded'; result: JsonObject }
  | { status: 'skipped'; reason: ActionReason; errors: FieldError[]; result?: JsonObject }
  | { status: 'failed'; reason: ActionReason; errors?: FieldError[]; result?: JsonObject }
  | ({
      status: 'pending';
      result?: JsonObject;
      /** The next attempt gets it as `context.progress`; absent: the previous progress stays. */
      progress?: JsonObject;
    } & Pending)
);

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
