import type { MiddlewareHandler } from 'hono';
import { validator } from 'hono/validator';
import * as z from 'zod';
import { checkedInput } from '../../shared/operations/checked-input.ts';
import { parseTime } from '../../shared/operations/words/times.ts';

/*
 * Inputs of routes. Queries are text, as in the URL of a page, so that a page hands its own on
 * as it is: the schema here reads it, and says what would be right.
 */

type Input<Target extends 'query' | 'json', Schema extends z.ZodType> = MiddlewareHandler<
  // biome-ignore lint/suspicious/noExplicitAny: it fits routes of any variables, as Hono's own validators do
  any,
  string,
  { in: { [target in Target]: z.input<Schema> }; out: { [target in Target]: z.output<Schema> } }
>;

/** The query of a route: `c.req.valid('query')`. @throws Refusal (invalid) */
export function query<Schema extends z.ZodType>(schema: Schema): Input<'query', Schema> {
  return validator('query', (value) => checkedInput(schema, value)) as Input<'query', Schema>;
}

/** The body of a route: `c.req.valid('json')`. @throws Refusal (invalid) */
export function body<Schema extends z.ZodType>(schema: Schema): Input<'json', Schema> {
  return validator('json', (value) => checkedInput(schema, value)) as Input<'json', Schema>;
}

export const text = z.string().min(1).max(2048);

/** `failed,rejected`: one or several values of a closed list. */
export function oneOrMore<Value extends string>(values: readonly Value[]) {
  return z
    .string()
    .transform((given) => given.split(','))
    .pipe(z.array(z.enum(values as readonly [Value, ...Value[]])).min(1));
}

/** `15m`, `2h`, `3d` (ago) or ISO; epoch milliseconds. */
export const time = z.string().transform((given) => Math.floor(parseTime(given, Date.now())));

export const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'is a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(max));

export const flag = z.literal('true').transform(() => true);
