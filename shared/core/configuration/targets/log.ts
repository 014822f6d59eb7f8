import * as z from 'zod';
import { defineTarget } from './target.ts';

/** The run is only a record. */
export const log = defineTarget({
  schema: z.strictObject({ type: z.literal('log').describe('Only record the run.') }),
});
