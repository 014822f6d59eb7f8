import * as z from 'zod';
import { defineTarget } from './target.ts';

/** A trigger of a workflow of Knock. https://docs.knock.app/api-reference/workflows/trigger */
export const knock = defineTarget({
  schema: z.strictObject({
    type: z.literal('knock').describe("Trigger a workflow of Knock through Knock's own client."),
    workflow: z.string().min(1).describe('Its key in Knock.'),
  }),
  secret: { sharedWith: 'Knock' },
});
