import * as z from 'zod';
import { prepareWrite } from '../directory/entity-write.ts';
import { upsertEntities } from '../directory/upsert-entities.ts';
import { RetryableError } from '../errors.ts';
import { defineAction, invalidParams } from './action.ts';
import { lateWarning } from './parts/identify-inline.ts';
import { EntityId, JsonMap, Text } from './parts/params.ts';

/**
 * Creates or updates one user. Traits in `properties` that are fields of a user (`email`, `phone`) become those fields;
 * parameters given one by one win over them. https://docs.knock.app/api-reference/users/update
 */
export const usersIdentify = defineAction({
  id: 'users_identify',
  params: z.object({
    id: EntityId,
    name: Text.optional(),
    email: Text.optional(),
    avatar: Text.optional(),
    phone_number: Text.optional(),
    timezone: Text.optional(),
    locale: Text.optional(),
    created_at: Text.optional(),
    properties: JsonMap.optional(),
    preferences: JsonMap.optional(),
    channel_data: JsonMap.optional(),
  }),
  async run({ id, properties = {}, ...explicit }, { directory, event, nowMs }) {
    const prepared = prepareWrite({ kind: 'user', id }, properties, defined(explicit), event.occurredAtMs);
    if (prepared.kind === 'invalid')
      return invalidParams([{ field: `properties.${prepared.field}`, message: prepared.message }]);
    const [upserted] = await upsertEntities([prepared.write], directory, nowMs());
    if (upserted === undefined) throw new RetryableError('the directory gave no answer');
    if (upserted.kind === 'refused') return invalidParams([{ field: 'properties', message: upserted.message }]);
    const warnings = [...prepared.warnings, ...lateWarning(prepared.write.ref, upserted.kept)];
    return {
      status: 'succeeded',
      result: { id, created: upserted.created, changed: upserted.changed },
      ...(warnings.length > 0 && { warnings }),
    };
  },
});

function defined<Value>(values: Record<string, Value | undefined>): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, Value] => entry[1] !== undefined));
}
