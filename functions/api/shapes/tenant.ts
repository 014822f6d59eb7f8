import * as z from 'zod';
import { isJsonObject } from '../../../shared/core/json/values.ts';
import type { Shown } from '../../../shared/operations/requests/list-subscriptions.ts';
import { JsonMapBody, TextField } from './fields.ts';

const Branding = z.looseObject({
  logo_url: TextField,
  icon_url: TextField,
  dark_logo_url: TextField,
  dark_icon_url: TextField,
  primary_color: TextField,
  primary_color_contrast: TextField,
  dark_primary_color: TextField,
  dark_primary_color_contrast: TextField,
});

const Settings = z.looseObject({ branding: Branding.nullable().optional(), preference_set: JsonMapBody });

/** A tenant as the API shows it: custom properties beside its fields, never `channel_data`. */
export const Tenant = z
  .looseObject({
    __typename: z.literal('Tenant'),
    id: z.string(),
    name: z.string().nullable(),
    settings: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'Tenant' });

/** What is set on a tenant; every other name is a custom property. */
export const TenantBody = z
  .looseObject({
    name: TextField,
    settings: Settings.nullable().optional(),
    preferences: JsonMapBody,
    channel_data: JsonMapBody,
  })
  .meta({ id: 'TenantRequest' });

export function tenantShape({ ref, attributes }: Shown): z.infer<typeof Tenant> {
  const { channel_data: _channelData, preferences: _preferences, name, settings, ...properties } = attributes;
  return {
    ...properties,
    __typename: 'Tenant',
    id: ref.id,
    name: typeof name === 'string' ? name : null,
    settings: isJsonObject(settings) ? settings : null,
  };
}
