import * as z from 'zod';
import type { JsonValue } from './values.ts';

const message = 'is more than a number holds exactly (2^53), and would be another one; write it as text, in quotes';

const isExact = (value: number) => !Number.isInteger(value) || Number.isSafeInteger(value);

/** A number that equals the written one. Reading an integer beyond 2^53 loses its last digits. */
export const ExactNumber = z.number().refine(isExact, message);

/** Any JSON whose numbers equal the written ones. */
export const ExactJson = z.json().superRefine((json, context) => {
  for (const path of inexactNumbers(json as JsonValue)) context.addIssue({ code: 'custom', message, path });
});

function inexactNumbers(value: JsonValue, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value === 'number') return isExact(value) ? [] : [path];
  if (Array.isArray(value)) return value.flatMap((inner, i) => inexactNumbers(inner, [...path, i]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => inexactNumbers(inner, [...path, name]));
}
