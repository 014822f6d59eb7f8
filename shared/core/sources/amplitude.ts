import * as z from 'zod';
import { defined } from '../defined.ts';
import { eventTimeMs } from '../event-time.ts';
import { userIdOf } from '../ids/user-id.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/values.ts';
import { bearer } from '../signatures/authorization.ts';
import { composedKey } from './parts/composed-key.ts';
import { digestOf } from './parts/digest.ts';
import { firstPresent, isPresent } from './parts/present.ts';
import { typeText } from './parts/type-text.ts';
import { defineSource, type FieldProblem } from './source.ts';

const json = z.custom<JsonValue>().optional();
const map = z.custom<JsonObject>(isJsonObject).optional().catch(undefined);

// Loose, since all members of an update distinguish it from another one.
const Payload = z.looseObject({
  event_type: json,
  uuid: json,
  user_id: json,
  device_id: json,
  event_properties: map,
  user_properties: map,
  event_time: json,
  // The time's name in Amplitude's API, which templates often use.
  time: json,
  cohort_id: json,
  cohort_name: json,
  in_cohort: json,
  computed_time: json,
  message_id: json,
  users: z.array(z.custom<JsonValue>()).optional().catch(undefined),
});
type Payload = z.infer<typeof Payload>;

/** Three products of Amplitude post to one URL, and a request does not name its product. */
function streamOf({
  cohort_id,
  users,
  event_type,
  user_id,
  device_id,
}: Payload): 'cohort' | 'event' | 'user' | 'unknown' {
  if (isPresent(cohort_id) && users !== undefined) return 'cohort';
  // An Identify call can arrive as an event of this name.
  if (isPresent(event_type)) return event_type === '$identify' ? 'user' : 'event';
  return firstPresent(user_id, device_id) === undefined ? 'unknown' : 'user';
}

/**
 * Amplitude: event streaming, user updates and cohorts. A batch of a cohort is one event, however
 * many members it has. https://amplitude.com/docs/data/destination-catalog/webhooks,
 * https://amplitude.com/docs/data/destination-catalog/webhooks-cohort
 */
export const amplitude = defineSource({
  id: 'amplitude',
  title: 'Amplitude',
  docs: 'https://amplitude.com/docs/data/destination-catalog/webhooks',
  verifier: bearer(),
  settings: { enforcement: 'once_set' },
  keptHeaders: [],
  payload: Payload,
  eventType(payload): string | FieldProblem | undefined {
    switch (streamOf(payload)) {
      case 'cohort':
        return payload.in_cohort === true ? 'cohort.entered' : 'cohort.exited';
      case 'event':
        return typeText('event_type', payload.event_type);
      case 'user':
        return '$identify';
      case 'unknown':
        return undefined;
    }
  },
  idempotencyKeyPaths: ['preprocess.idempotency_key'],
  // An event of a visitor who is not signed in has no user; an update without a user is about the
  // device.
  userId: (payload) =>
    streamOf(payload) === 'user' ? firstPresent(payload.user_id, payload.device_id) : payload.user_id,
  data(payload) {
    switch (streamOf(payload)) {
      case 'cohort': {
        // Without the members: every run would carry a thousand of them.
        const { cohort_id, cohort_name, in_cohort, computed_time } = payload;
        return defined({ cohort_id, cohort_name, in_cohort, computed_time });
      }
      case 'user':
        return payload.user_properties;
      default:
        return payload.event_properties;
    }
  },
  preprocess(payload) {
    const key = keyOf(payload);
    return {
      ...(isPresent(key) && { idempotency_key: key }),
      ...(streamOf(payload) === 'cohort' && { member_ids: memberIds(payload.users ?? []) }),
    };
  },
  occurredAtMs: ({ event_time, time, computed_time }) =>
    eventTimeMs(event_time) ?? eventTimeMs(time) ?? eventTimeMs(computed_time),
});

function keyOf(payload: Payload): JsonValue | undefined {
  const { message_id, uuid, user_id, device_id, event_time } = payload;
  switch (streamOf(payload)) {
    case 'cohort':
      return message_id;
    case 'event':
      return uuid;
    default:
      // Two updates of one user can share a millisecond, so their content is part of the key. A
      // copy has the same content.
      return firstPresent(uuid, composedKey(firstPresent(user_id, device_id), event_time, digestOf(payload)));
  }
}

/** All users in a cohort's batch, once each. Entries without a user id are left out. */
function memberIds(users: JsonValue[]): string[] {
  const ids = users.flatMap((user) => {
    const id = userIdOf(isJsonObject(user) ? user.user_id : user);
    return id === undefined ? [] : [id];
  });
  return [...new Set(ids)];
}
