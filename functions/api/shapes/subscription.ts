import * as z from 'zod';
import type { ShownSubscription } from '../../../shared/operations/requests/list-subscriptions.ts';
import { ObjectShape, objectShape } from './object.ts';
import { User, userShape } from './user.ts';

export const Subscription = z
  .object({
    __typename: z.literal('Subscription'),
    recipient: z.union([User, ObjectShape]),
    object: ObjectShape,
    properties: z.record(z.string(), z.unknown()),
    inserted_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Subscription' });

/** @param withPreferences whether the caller asked for those of the ends by `include` */
export function subscriptionShape(
  { recipient, object, properties, insertedAtMs, updatedAtMs }: ShownSubscription,
  withPreferences = false,
): z.infer<typeof Subscription> {
  const shape = recipient.ref.kind === 'user' ? userShape : objectShape;
  return {
    __typename: 'Subscription',
    recipient: shape(recipient, withPreferences),
    object: objectShape(object, withPreferences),
    properties,
    inserted_at: new Date(insertedAtMs).toISOString(),
    updated_at: new Date(updatedAtMs).toISOString(),
  };
}
