import * as z from 'zod';
import { defineTarget } from './target.ts';

/** An event on a bus for each run. */
export const eventBridge = defineTarget({
  schema: z.strictObject({
    type: z.literal('event-bridge').describe('Put an event for each run on a bus; at least once.'),
    bus: z
      .string()
      .regex(
        /^(arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus\/)?[/.A-Za-z0-9_-]{1,256}$/,
        "must be an event bus: its name, in the stack's own account and region, or its ARN",
      )
      .describe("Its name, in the stack's own account and region, or its ARN."),
    source: z
      .string()
      .min(1)
      .max(256)
      .refine((source) => !source.startsWith('aws.'), 'must not start with "aws.", which EventBridge keeps to itself')
      .default('signalbox')
      .describe("The events' source, for rules to match."),
    detail_type: z.string().min(1).max(128).default('workflow.run').describe("The events' detail type."),
  }),
  aws: {
    nameOf: ({ bus }) => bus,
    grantsOf: ({ bus }, here) => [
      {
        actions: ['events:PutEvents'],
        resources: [bus.startsWith('arn:') ? bus : here.arnOf('events', 'event-bus', bus)],
      },
    ],
  },
});
