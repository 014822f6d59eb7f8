import type * as z from 'zod';
import { usageError } from './refusal.ts';

/**
 * Input of an operation, as its schema wants it.
 * @throws Refusal (invalid) that names the first field and what would be right
 */
export function checkedInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const path = first?.path.join('.') ?? '';
  throw usageError(path === '' ? `${first?.message}` : `${path}: ${first?.message}`);
}
