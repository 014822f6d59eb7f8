import * as z from 'zod';
import { eventTimeMs } from '../event-time.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';
import { hmac } from '../signatures/hmac.ts';
import { oneWord } from '../signatures/verifier.ts';
import { fullName } from './parts/full-name.ts';
import { looseField, looseMap, typeInField } from './parts/loose-fields.ts';
import { firstPresent } from './parts/present.ts';
import { defineSource } from './source.ts';

/**
 * WorkOS webhooks: directories, connections, organizations, users; one event to a request.
 * Payloads: https://workos.com/docs/events
 */
export const workos = defineSource({
  id: 'workos',
  title: 'WorkOS',
  docs: 'https://workos.com/docs/events',
  // Unlike most, the time is in milliseconds. https://workos.com/docs/events/data-syncing/webhooks
  verifier: hmac({
    algorithm: 'sha256',
    encoding: 'hex',
    header: 'workos-signature',
    format: { kind: 'elements', signature: 'v1', timestamp: 't' },
    content: '{timestamp}.{body}',
    timestamp: { unit: 'milliseconds', toleranceSeconds: 180 },
    key: 'text',
    secretProblem: oneWord,
  }),
  signs: true,
  single: true,
  // WorkOS retries for three days.
  settings: { enforcement: 'on', windowHours: 96 },
  keptHeaders: [],
  payload: z.object({ event: looseField, created_at: looseField, data: looseMap }),
  eventType: ({ event }) => typeInField('event', event, 'dsync.user.created'),
  eventTypeWanted: 'text in the field "event", such as dsync.user.created',
  idempotencyKeyPaths: ['body.id'],
  userId: ({ event, data = {} }) =>
    typeof event === 'string' && /^(dsync\.)?user\./.test(event)
      ? data.id
      : firstPresent(data.user_id, isJsonObject(data.user) ? data.user.id : undefined),
  data: ({ data }) => data,
  preprocess: ({ data = {} }) => {
    const email = primaryEmail(data);
    const name = fullName(data.first_name, data.last_name);
    return {
      ...(email !== undefined && { primary_email: email }),
      ...(name !== undefined && { full_name: name }),
    };
  },
  occurredAtMs: ({ created_at }) => eventTimeMs(created_at),
});

/** `email`, else the primary entry of the list that older directories send. */
function primaryEmail({ email, emails }: JsonObject): JsonValue | undefined {
  if (typeof email === 'string' && email !== '') return email;
  const entry = Array.isArray(emails)
    ? emails.find((one): one is JsonObject => isJsonObject(one) && one.primary === true)
    : undefined;
  return typeof entry?.value === 'string' && entry.value !== '' ? entry.value : undefined;
}
