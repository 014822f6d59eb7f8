import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { asError } from '../../shared/core/errors.ts';
import { Refusal } from '../../shared/operations/refusal.ts';
import { explainError } from '../cli/errors.ts';

/** Why a request is refused. Programs and the page go by `code`, people by the rest. */
export type Problem = {
  status: number;
  code:
    | 'invalid'
    | 'not_found'
    | 'failed'
    /** The environment does not answer; the same request may succeed later. */
    | 'away'
    | 'no_session'
    | 'token_spent'
    | 'foreign'
    | 'read_only'
    | 'name_missing'
    | 'bug';
  /** What is wrong. */
  title: string;
  /** What is wrong besides; a line each. */
  lines: string[];
  /** What would be right; a line each. */
  remedies: string[];
};

/** A refusal of the console itself. */
export class Refused extends Error {
  override name = 'Refused';
  readonly problem: Problem;

  constructor(status: number, code: Problem['code'], title: string, ...remedies: string[]) {
    super(title);
    this.problem = { status, code, title, lines: [], remedies };
  }
}

/** The environment cannot be reached, for a reason that operators know. */
export class Away extends Error {
  override name = 'Away';
}

const statuses = { invalid: 400, not_found: 404, failed: 409 } as const;

export function problemOf(error: unknown): Problem {
  if (error instanceof Refused) return error.problem;
  if (error instanceof HTTPException)
    return { status: error.status, code: 'invalid', title: error.message, lines: [], remedies: [] };
  if (error instanceof Refusal) return { status: statuses[error.kind], code: error.kind, ...wordsOf(error) };
  const explained = explainError(error instanceof Away ? error.cause : error);
  if (explained?.kind === 'failed') return { status: 503, code: 'away', ...wordsOf(explained) };
  if (explained !== undefined) return problemOf(explained);
  const { name, message } = asError(error);
  const title = `${name}: ${message}`;
  return { status: 500, code: 'bug', title, lines: ['This is a bug in Signalbox; please report it.'], remedies: [] };
}

function wordsOf({ lines: [title = '', ...lines], remedies }: Refusal) {
  return { title, lines, remedies: [...remedies] };
}

export function problemResponse(problem: Problem): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status as ContentfulStatusCode,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
  });
}
