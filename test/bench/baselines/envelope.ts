import * as z from 'zod';

/*
 * Baseline of `cpu`: the least that any function does with an event it takes in and passes on. Parse the JSON, check its
 * shape, put it into an envelope.
 */
const Payload = z.looseObject({
  type: z.string(),
  event: z.string().optional(),
  messageId: z.string(),
  userId: z.string().optional(),
  anonymousId: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  traits: z.record(z.string(), z.unknown()).optional(),
  context: z.record(z.string(), z.unknown()).optional(),
  timestamp: z.string().optional(),
});

export function envelope(text: string): string {
  const event = Payload.parse(JSON.parse(text));
  return JSON.stringify({ id: event.messageId, source: 'rudderstack', receivedAt: Date.now(), event });
}
