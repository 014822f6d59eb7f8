import * as z from 'zod';

const resourceKey = /^[a-z0-9][a-z0-9_-]{0,254}$/;

// The only name of this form that every JavaScript object has: a look-up by key would find that
// instead.
const inherited = 'constructor';

/** The same rule as the schema, but cheaper: it is checked for every mapping of every file. */
export const isResourceKey = (text: string) => resourceKey.test(text) && text !== inherited;

/** Keys of sources, workflows and audiences; also the name of their file. */
export const ResourceKey = z
  .string()
  .regex(resourceKey, 'must be 1-255 lower-case letters, digits, "-" or "_", starting with a letter or digit')
  .refine((key) => key !== inherited, `must not be "${inherited}", which is taken; choose another key`);
