import { createHmac } from 'node:crypto';

/** The persons whose data was erased in an environment: what names one of them is refused. */
export type ErasedPersons = { has(userId: string): boolean };

/**
 * How an erased person is remembered: the id itself is not kept anywhere. The salt is the
 * environment's own, so that hashes of two environments cannot be compared.
 */
export function personHash(salt: string, userId: string): string {
  return createHmac('sha256', salt).update(userId).digest('hex').slice(0, 32);
}

/** Each id is hashed when it is asked for, about 2 µs. */
export function erasedPersons(salt: string, hashes: Iterable<string>): ErasedPersons {
  const all = new Set(hashes);
  return { has: (userId) => all.has(personHash(salt, userId)) };
}
