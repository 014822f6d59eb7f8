import * as z from 'zod';
import { parseRecipient } from '../../../shared/core/actions/parts/recipient.ts';
import { type EntityRef, type ObjectRef, usersCollection } from '../../../shared/core/ids/entity-ref.ts';
import type { JsonValue } from '../../../shared/core/json/values.ts';

const ObjectReference = z.looseObject({ collection: z.string(), id: z.string() });

/** A user's id, or an object by collection and id. */
export const RecipientReference = z
  .union([z.string(), ObjectReference], { error: 'must be the id of a user, or a map with collection and id' })
  .meta({ id: 'RecipientReference' });

/** A reference, or a user or object that is described, and so set first. */
export const RecipientRequest = z
  .union([z.string(), z.looseObject({ id: z.string(), collection: z.string().optional() })], {
    error: 'must be the id of a user, or a map with its id, and the collection if it is an object',
  })
  .meta({ id: 'RecipientRequest' });

/** A reference in a query. */
export const recipientQuery = readAs(RecipientReference).optional();

/** A list of references in a query. */
export const recipientsQuery = z.array(readAs(RecipientReference)).optional();

export const objectsQuery = z
  .array(
    readAs(ObjectReference).transform((ref, context): ObjectRef => {
      if (ref.kind === 'object') return ref;
      context.addIssue({ code: 'custom', message: `must be an object, not one of ${usersCollection}` });
      return z.NEVER;
    }),
  )
  .optional();

function readAs(schema: z.ZodType) {
  return schema.transform((given, context): EntityRef => {
    const parsed = parseRecipient(given as JsonValue);
    if ('ok' in parsed) return parsed.ok.ref;
    context.addIssue({ code: 'custom', message: parsed.problem });
    return z.NEVER;
  });
}
