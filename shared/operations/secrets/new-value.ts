import { usageError } from '../refusal.ts';
import type { KnownSecret } from './secret-name.ts';

/** A value to store. `removed` are slips that were cut off what was pasted, in words. */
export type NewValue = { value: string; removed: readonly string[]; generated: boolean };

/**
 * A secret as a person pasted it, cleaned of slips.
 * @throws Refusal (invalid) that never quotes it
 */
export function pastedValue({ name, read }: KnownSecret, text: string): NewValue {
  if (text === '') throw usageError('the value is empty', 'write it to standard input, or type it when asked');
  const reading = read(text);
  if (reading.kind === 'refused') throw usageError(`the value of ${name} ${reading.problem}`, 'nothing was changed');
  return { value: reading.secret, removed: reading.removed, generated: false };
}

/**
 * A secret made of random bytes.
 * @throws Refusal (invalid) when the other side makes its secrets
 */
export function generatedValue({ name, generate, sharedWith }: KnownSecret, random: Uint8Array): NewValue {
  if (generate === undefined)
    throw usageError(
      `the secret ${name} is made by ${sharedWith}, not here`,
      'copy it there, and set it without --generate',
    );
  return { value: generate(random), removed: [], generated: true };
}
