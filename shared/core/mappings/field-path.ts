import get from 'lodash.get';
import * as z from 'zod';
import type { JsonValue } from '../json/values.ts';

/**
 * A case-sensitive dot path into an event: `user_id`, `data.total`, `body.items.0.sku`, `headers.x-shop`.
 * Parsed once, when the configuration is loaded.
 */
export type FieldPath = { text: string; segments: readonly string[] };

const forbidden = new Set(['__proto__', 'prototype', 'constructor']);

/** Why `text` cannot be a field path, or undefined when it can. */
export function fieldPathProblem(text: string): string | undefined {
  if (text === '') return 'is empty; write a path such as data.order_id, or { value: "" } for an empty text';
  const segments = text.split('.');
  if (segments.some((s) => s === ''))
    return `"${text}" has an empty segment; write a.b, without leading, trailing or double dots`;
  const bad = segments.find((s) => forbidden.has(s));
  if (bad !== undefined) return `"${text}" walks into "${bad}", which is not a field of any event`;
  if (/[\s{}]/.test(text))
    return `"${text}" is not a path; write { value: ... } for a literal or { template: ... } for text with paths in it`;
  return undefined;
}

/** A field path as configuration files write it: a string, checked. */
export const FieldPathText = z.string().superRefine((text, context) => {
  const problem = fieldPathProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

/** @throws Error with the reason; configuration is checked before it is pushed, so this means a snapshot we did not write */
export function parseFieldPath(text: string): FieldPath {
  const problem = fieldPathProblem(text);
  if (problem !== undefined) throw new Error(problem);
  return { text, segments: text.split('.') };
}

/** The value at `segments`, or `undefined` when they leave the document. A stored `null` is a value; an inherited member (`toString`) is not. */
export function readSegments(root: unknown, segments: readonly string[]): JsonValue | undefined {
  if (segments.length === 0) return root as JsonValue;
  const value: unknown = get(root, segments as string[]);
  if (value === undefined || typeof value === 'function') return undefined;
  // Strings and lists inherit `length`, which reads like a field and is none.
  if (typeof value === 'number' && segments.at(-1) === 'length') return ownLength(root, segments, value);
  return value as JsonValue;
}

function ownLength(root: unknown, segments: readonly string[], value: number): number | undefined {
  const holder: unknown = segments.length === 1 ? root : get(root, segments.slice(0, -1) as string[]);
  return typeof holder === 'object' && holder !== null && !Array.isArray(holder) ? value : undefined;
}
