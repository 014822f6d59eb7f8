import * as z from 'zod';
import { eventTimeMs } from '../event-time.ts';
import { isJsonObject, type JsonValue } from '../json/values.ts';
import { standardWebhooks } from '../signatures/standard-webhooks.ts';
import { fullName } from './parts/full-name.ts';
import { looseField, looseMap, typeInField } from './parts/loose-fields.ts';
import { firstPresent } from './parts/present.ts';
import { defineSource } from './source.ts';

/**
 * Clerk, whose webhooks Svix delivers: one event to a request.
 * Payloads: https://clerk.com/docs/guides/development/webhooks/overview
 */
export const clerk = defineSource({
  id: 'clerk',
  title: 'Clerk',
  docs: 'https://clerk.com/docs/guides/development/webhooks/overview',
  verifier: standardWebhooks('svix', 'webhook'),
  signs: true,
  // The key belongs to the request, so a list would count as one event and its copies.
  single: true,
  // Svix retries for a little more than a day.
  settings: { enforcement: 'on', windowHours: 48 },
  keptHeaders: ['svix-id', 'webhook-id'],
  payload: z.object({ type: looseField, timestamp: looseField, data: looseMap }),
  eventType: ({ type }) => typeInField('type', type, 'user.created'),
  eventTypeWanted: 'text in the field "type", such as user.created',
  // The second is the name in Standard Webhooks. Both are signed, and the same at every attempt.
  idempotencyKeyPaths: ['headers.svix-id', 'headers.webhook-id'],
  userId: ({ type, data = {} }) =>
    typeof type === 'string' && type.startsWith('user.')
      ? data.id
      : // The member of a membership, the payer of billing; a paying organization has no user id.
        firstPresent(data.user_id, ...[data.public_user_data, data.payer].map(userIdIn)),
  data: ({ data }) => data,
  preprocess: ({ data = {} }) => {
    const email = primary(data.email_addresses, data.primary_email_address_id, 'email_address');
    const phone = primary(data.phone_numbers, data.primary_phone_number_id, 'phone_number');
    const name = fullName(data.first_name, data.last_name);
    return {
      ...(email !== undefined && { primary_email: email }),
      ...(phone !== undefined && { primary_phone: phone }),
      ...(name !== undefined && { full_name: name }),
    };
  },
  occurredAtMs: ({ timestamp, data = {} }) => eventTimeMs(timestamp) ?? eventTimeMs(data.updated_at),
});

const userIdIn = (value: JsonValue | undefined) => (isJsonObject(value) ? value.user_id : undefined);

/** A user has any number of addresses and names one of them the primary one, by its id. */
function primary(list: JsonValue | undefined, id: JsonValue | undefined, field: string): JsonValue | undefined {
  if (!Array.isArray(list) || typeof id !== 'string') return undefined;
  const found = list.find((entry) => isJsonObject(entry) && entry.id === id);
  const value = isJsonObject(found) ? found[field] : undefined;
  return value === null || value === '' ? undefined : value;
}
