import { validKey } from '../../ids/claim-key.ts';
import type { JsonValue } from '../../json/values.ts';
import { isPresent } from './present.ts';

/**
 * An idempotency key made of several values, with `:` between them. Undefined when one of them is
 * missing or neither text nor number, since half a key would be another event's, and when the key
 * would be too long.
 */
export function composedKey(...values: (JsonValue | undefined)[]): string | undefined {
  if (!values.every((value) => isPresent(value) && (typeof value === 'string' || typeof value === 'number')))
    return undefined;
  return validKey(values.join(':'));
}
