import * as z from 'zod';
import type { Shown } from '../../../shared/operations/requests/list-subscriptions.ts';
import { JsonMapBody, TextField } from './fields.ts';

const text = z.string().nullable();

/** A user as the API shows it: custom properties beside the fields, never `channel_data`. */
export const User = z
  .looseObject({
    __typename: z.literal('User'),
    id: z.string(),
    name: text,
    email: text,
    avatar: text,
    phone_number: text,
    timezone: text,
    locale: text,
    created_at: text,
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'User' });

/** What is set on a user; every other name is a custom property. */
export const UserBody = z
  .looseObject({
    name: TextField,
    email: TextField,
    avatar: TextField,
    phone_number: TextField,
    timezone: TextField,
    locale: TextField,
    created_at: TextField,
    preferences: JsonMapBody,
    channel_data: JsonMapBody,
  })
  .meta({ id: 'UserRequest' });

/** @param withPreferences whether the caller asked for them by `include` */
export function userShape({ ref, attributes, updatedAtMs }: Shown, withPreferences = false): z.infer<typeof User> {
  const { channel_data: _channelData, preferences, ...shown } = attributes;
  const field = (name: string) => (typeof shown[name] === 'string' ? shown[name] : null);
  return {
    ...shown,
    __typename: 'User',
    id: ref.id,
    name: field('name'),
    email: field('email'),
    avatar: field('avatar'),
    phone_number: field('phone_number'),
    timezone: field('timezone'),
    locale: field('locale'),
    created_at: field('created_at'),
    updated_at: new Date(updatedAtMs).toISOString(),
    ...(withPreferences && { preferences: preferences ?? null }),
  };
}
