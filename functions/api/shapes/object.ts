import * as z from 'zod';
import type { Shown } from '../../../shared/operations/requests/list-subscriptions.ts';
import { JsonMapBody, TextField } from './fields.ts';

/** An object as the API shows it: unlike a user's, its properties are a map of their own. */
export const ObjectShape = z
  .looseObject({
    __typename: z.literal('Object'),
    id: z.string(),
    collection: z.string(),
    created_at: z.string().nullable(),
    updated_at: z.iso.datetime(),
    properties: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Object' });

/** What is set on an object; every other name is a custom property. */
export const ObjectBody = z
  .looseObject({
    name: TextField,
    timezone: TextField,
    locale: TextField,
    created_at: TextField,
    preferences: JsonMapBody,
    channel_data: JsonMapBody,
  })
  .meta({ id: 'ObjectRequest' });

/** @param withPreferences whether the caller asked for them by `include` */
export function objectShape(
  { ref, attributes, updatedAtMs }: Shown,
  withPreferences = false,
): z.infer<typeof ObjectShape> {
  const { channel_data: _channelData, preferences, created_at, ...properties } = attributes;
  return {
    __typename: 'Object',
    id: ref.id,
    collection: ref.kind === 'object' ? ref.collection : '$users',
    created_at: typeof created_at === 'string' ? created_at : null,
    updated_at: new Date(updatedAtMs).toISOString(),
    properties,
    ...(withPreferences && { preferences: preferences ?? null }),
  };
}
