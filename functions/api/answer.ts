import type * as z from 'zod';
import { defined } from '../../shared/core/defined.ts';
import type { FieldError } from '../../shared/core/errors.ts';
import { describeType } from '../../shared/core/json/values.ts';
import type { HttpResult } from '../../shared/lambda/http-errors.ts';
import type { Recorded } from '../../shared/operations/requests/record-request.ts';

/** A wrong field, in the published form: `type` is a word for programs, null for most. */
export type FieldProblem = FieldError & { type: string | null };

/** All codes of refusals: the closed list that answers, metrics and documents share. */
export const refusalCodes = [
  'authentication_required',
  'authorization',
  'invalid_json',
  'invalid_params',
  'payload_too_large',
  'resource_missing',
  'not_offered',
  'encoding_unsupported',
  'actor_missing',
  'audience_missing',
  'workflow_missing',
  'workflow_inactive',
  'target_missing',
  'idempotency_mismatch',
  'request_in_progress',
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

export type Refused = {
  kind: 'refused';
  status: 400 | 401 | 403 | 404 | 413 | 415 | 422 | 503;
  code: RefusalCode;
  message: string;
  /** With 422, where fields are wrong. */
  errors?: FieldProblem[];
  /** With 503. */
  retryAfterSeconds?: number;
};

/** A route's answer; `recorded` is what goes into the logs, absent for reads. */
export type Done = {
  kind: 'done';
  status: 200 | 204;
  body?: unknown;
  recorded?: Recorded;
  headers?: Record<string, string>;
  /** For requests that are a line of the log: what else it says. */
  line?: Record<string, unknown>;
};

/** A body that is JSON text already. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Answer = Done | Refused;

export function ok(body: unknown, recorded?: Recorded, headers?: Record<string, string>): Done {
  return { kind: 'done', status: 200, body, ...defined({ recorded, headers }) };
}

export function noContent(recorded?: Recorded): Done {
  return { kind: 'done', status: 204, ...(recorded && { recorded }) };
}

export function missing(message: string): Refused {
  return { kind: 'refused', status: 404, code: 'resource_missing', message };
}

/** The message repeats the first error, since many clients log only that. */
export function invalid(errors: FieldProblem[], code: RefusalCode = 'invalid_params'): Refused {
  const [first, ...others] = errors;
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  const message = first === undefined ? 'the request is not valid' : `${sentence(first)}${more}`;
  return { kind: 'refused', status: 422, code, message, errors };
}

/** An action's own refusal. */
export function invalidFields(errors: FieldError[], code?: RefusalCode): Refused {
  return invalid(
    errors.map((error) => ({ ...error, type: null })),
    code,
  );
}

function sentence({ field, message }: FieldError): string {
  return field === '' || message.startsWith(`${field} `) ? message : `${field}: ${message}`;
}

/** What zod found wrong with a part of a request, in words. */
export function problemsOf({ issues }: z.ZodError, input: unknown): FieldProblem[] {
  return issues.flatMap((issue): FieldProblem[] => {
    const field = issue.path.join('.');
    const given = issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)?.[key], input);
    if (given === undefined && issue.path.length > 0) return [{ field, message: 'is required', type: 'required' }];
    return [{ field, message: wordsOf(issue, given), type: null }];
  });
}

const wanted: Record<string, string> = {
  string: 'text',
  object: 'a map',
  record: 'a map',
  array: 'a list',
  boolean: 'true or false',
  number: 'a number',
};

function wordsOf(issue: z.core.$ZodIssue, given: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      // Of a query all values are text, so its type would say nothing.
      if (issue.expected === 'int') return 'must be a whole number';
      return `must be ${wanted[issue.expected] ?? issue.expected}, not ${describeType(given)}`;
    case 'too_big':
      return sizeProblem('at most', issue.maximum, issue.origin);
    case 'too_small':
      return sizeProblem('at least', issue.minimum, issue.origin);
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'unrecognized_keys':
      return `has unknown fields: ${issue.keys.join(', ')}`;
    default:
      return issue.message;
  }
}

function sizeProblem(bound: 'at most' | 'at least', size: number | bigint, origin: string): string {
  if (origin === 'array') return `must have ${bound} ${size} ${size === 1 ? 'entry' : 'entries'}`;
  return `must be ${bound} ${size}${origin === 'string' ? ' characters long' : ''}`;
}

const errorTypes: Partial<Record<RefusalCode, string>> = {
  authentication_required: 'authentication_error',
  authorization: 'authentication_error',
  resource_missing: 'api_error',
  not_offered: 'api_error',
  workflow_missing: 'api_error',
  request_in_progress: 'api_error',
};

export function httpResult(answer: Answer, requestId: string): HttpResult {
  const headers = { 'x-request-id': requestId };
  if (answer.kind === 'done') {
    if (answer.body === undefined) return { statusCode: answer.status, headers: { ...headers, ...answer.headers } };
    return json(answer.status, answer.body, { ...headers, ...answer.headers });
  }
  const { status, code, message, errors, retryAfterSeconds } = answer;
  const type = errorTypes[code] ?? 'invalid_request_error';
  const body = { code, message, status, type, ...(errors && { errors }) };
  return json(status, body, { ...headers, ...defined({ 'retry-after': retryAfterSeconds?.toString() }) });
}

const retryAfterSecondsByDefault = 2;

/** Any fault of ours. Clients and reverse-ETL tools repeat it. */
export function unavailable(requestId: string, retryAfterSeconds = retryAfterSecondsByDefault): HttpResult {
  const message = 'a fault on our side; send the request again';
  const body = { code: 'unavailable', message, status: 503, type: 'api_error' };
  return json(503, body, { 'x-request-id': requestId, 'retry-after': String(Math.ceil(retryAfterSeconds)) });
}

function json(statusCode: number, body: unknown, headers: Record<string, string>): HttpResult {
  const text = body instanceof JsonText ? body.text : JSON.stringify(body);
  return { statusCode, headers: { 'content-type': 'application/json', ...headers }, body: text };
}
