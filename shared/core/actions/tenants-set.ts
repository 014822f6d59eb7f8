import * as z from 'zod';
import { tenantsCollection } from '../ids/entity-ref.ts';
import { defineAction } from './action.ts';
import { JsonMap, TenantId, TenantSettings, Text } from './parts/params.ts';
import { setEntity } from './parts/set-entity.ts';
import { suggestedTenant } from './parts/suggestion.ts';

/**
 * Creates or updates one tenant, which is the object `$tenants/<id>`. `settings` are `branding`
 * (`logo_url`, `primary_color`, …) and `preference_set`, merged unless its
 * `__persistence_strategy__` says `replace`.
 * https://docs.knock.app/api-reference/tenants/set
 */
export const tenantsSet = defineAction({
  id: 'tenants_set',
  does: 'creates or updates one tenant',
  writes: 'tenant',
  params: z.object({
    id: TenantId.describe('Which tenant.'),
    name: Text.optional().describe('Its name.'),
    created_at: Text.optional().describe("ISO 8601 date-time, of the sender's choosing."),
    properties: JsonMap.optional().describe('Custom properties; merged.'),
    settings: TenantSettings.optional().describe('`branding` (`logo_url`, `primary_color`, …) and `preference_set`.'),
    preferences: JsonMap.optional().describe('Preference sets by id; merged.'),
    channel_data: JsonMap.optional().describe('By channel; each channel is replaced.'),
  }),
  suggestion: {
    parameters: (event) => ({
      ...suggestedTenant(event),
      name: event.find('name', 'title'),
      properties: event.data(),
    }),
  },
  run: ({ id, properties = {}, ...explicit }, context) =>
    setEntity({ kind: 'object', collection: tenantsCollection, id }, properties, explicit, context),
});
