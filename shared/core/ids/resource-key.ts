import * as z from 'zod';

const resourceKey = /^[a-z0-9][a-z0-9_-]{0,254}$/;

// The one name of this form that every JavaScript object has already: a lookup by key would find that instead.
const inherited = 'constructor';

/** As the schema says, without its cost: asked of every mapping of every file. */
export const isResourceKey = (text: string) => resourceKey.test(text) && text !== inherited;

/** Keys of sources, workflows and audiences; also the name of their file. */
export const ResourceKey = z
  .string()
  .regex(resourceKey, 'must be 1-255 lower-case letters, digits, "-" or "_", starting with a letter or digit')
  .refine((key) => key !== inherited, `must not be "${inherited}", which is taken; choose another key`);
