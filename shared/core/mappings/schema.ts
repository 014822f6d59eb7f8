import * as z from 'zod';
import { ResourceKey } from '../ids/resource-key.ts';
import { ExactJson, ExactNumber } from '../json/exact-json.ts';
import { FieldPathText } from './field-path.ts';

/**
 * The origin of a parameter's value. A bare string is a field path; `{ value }` is a literal, `{
 * first }` the first that resolves, `{ template }` text with `{{paths}}`; maps and lists nest.
 */
export type ParameterValue =
  | string
  | { value: unknown }
  | { first: ParameterValue[] }
  | { template: string }
  | ParameterValue[]
  | { [name: string]: ParameterValue };

export const ParameterValue: z.ZodType<ParameterValue> = z
  .lazy(() =>
    z.union([
      FieldPathText.describe('A path into the event: user_id, data.total, headers.x-shop.'),
      z.strictObject({ value: ExactJson.describe('Taken as it is written.') }).describe('A literal.'),
      z
        .strictObject({ first: z.array(ParameterValue).min(1).describe('Tried in this order.') })
        .describe('The first that is there: not missing, not null, not empty text.'),
      z
        .strictObject({
          template: z.string().min(1).describe('Text with {{paths}} in it; nothing as soon as one leads nowhere.'),
        })
        .describe('Text put together.'),
      z.array(ParameterValue).describe('A list; what resolves to nothing is left out.'),
      z
        .record(z.string(), ParameterValue)
        .refine(
          isNoOperator,
          'takes a literal in { value }, a list of values in { first: [...] }, text in { template }',
        )
        .describe('A map; what resolves to nothing is left out.'),
    ]),
  )
  .describe(
    'A path (data.total), { value: … } for a literal, { first: [a, b] }, { template: "x-{{path}}" }, or a map or list of these.',
  ) as z.ZodType<ParameterValue>;

const operators = new Set(['value', 'first', 'template']);

function isNoOperator(map: Record<string, unknown>): boolean {
  const names = Object.keys(map);
  return !(names.length === 1 && names[0] !== undefined && operators.has(names[0]));
}

const Scalar = z.union([z.string(), ExactNumber, z.boolean(), z.null()]);

/**
 * One condition of a mapping's `when`; all of them must hold. There are no regular expressions,
 * which could hang a function.
 */
export const Condition = z
  .strictObject({
    path: FieldPathText.describe('What is looked at: a path into the event.'),
    is: Scalar.optional().describe('Equals this, in type too: 5 is not "5".'),
    is_not: Scalar.optional().describe('Is anything else, or not there.'),
    in: z.array(Scalar).min(1).optional().describe('Equals one of these.'),
    not_in: z.array(Scalar).min(1).optional().describe('Equals none of these, or is not there.'),
    exists: z.boolean().optional().describe('true: is there, and neither null nor empty text. false: is not.'),
    gt: ExactNumber.optional().describe('Is a number above this, or text that is one: "142.50".'),
    gte: ExactNumber.optional().describe('Is a number of at least this, or text that is one.'),
    lt: ExactNumber.optional().describe('Is a number below this, or text that is one.'),
    lte: ExactNumber.optional().describe('Is a number of at most this, or text that is one.'),
    contains: Scalar.optional().describe('Is text with this in it, or a list that has this.'),
    starts_with: z.string().optional().describe('Is text that begins with this; case counts.'),
  })
  .refine(
    (c) => Object.keys(c).length > 1,
    'names a path but no test; add one of is, is_not, in, not_in, exists, gt, gte, lt, lte, contains, starts_with',
  );
export type Condition = z.infer<typeof Condition>;

/** For one event type of a source: an action and the origin of its parameters. */
export const Mapping = z.strictObject({
  id: ResourceKey.describe(
    'Stable and unique within the source; effects are keyed by it, so renaming it starts afresh.',
  ),
  event: z.string().min(1).describe('The exact event type: identify, track/order_completed, invoice.paid.'),
  action: z.string().min(1).describe('What to do: users_identify, workflows_trigger, …'),
  parameters: z
    .record(z.string(), ParameterValue)
    .default({})
    .describe("What to do it with: the action's parameters, each with where its value comes from."),
  when: z.array(Condition).optional().describe('Conditions that must all hold; none by default.'),
});
export type Mapping = z.infer<typeof Mapping>;
