import * as z from 'zod';

const resourceKey = /^[a-z0-9][a-z0-9_-]{0,254}$/;

/** As the schema says, without its cost: asked of every mapping of every file. */
export const isResourceKey = (text: string) => resourceKey.test(text);

/**
 * Keys of sources, workflows and audiences; also the name of their file. `constructor` is one, which every JavaScript object
 * has a member of: maps by key are read with `own`.
 */
export const ResourceKey = z
  .string()
  .regex(resourceKey, 'must be 1-255 lower-case letters, digits, "-" or "_", starting with a letter or digit');
