import { defined } from '../../defined.ts';
import { prepareWrite } from '../../directory/entity-write.ts';
import { upsertEntities } from '../../directory/upsert-entities.ts';
import { RetryableError } from '../../errors.ts';
import { describeEntity, type EntityRef } from '../../ids/entity-ref.ts';
import type { JsonObject, JsonValue } from '../../json/values.ts';
import { type ActionResult, invalidParams } from '../../logs/action-result.ts';
import type { ActionContext } from '../../runs/action-context.ts';
import { deletedWarning, lateWarning } from './identify-inline.ts';

/**
 * Creates or updates one user, object or tenant: `properties` is the sender's description;
 * `explicit` holds fields that a mapping fills one by one, which win. One read, and one write if
 * anything changes.
 * @throws RetryableError when the table is throttled or unavailable
 */
export async function setEntity(
  ref: EntityRef,
  properties: JsonObject,
  explicit: Record<string, JsonValue | undefined>,
  { directory, event, nowMs }: Pick<ActionContext, 'directory' | 'event' | 'nowMs'>,
): Promise<ActionResult> {
  const prepared = prepareWrite(ref, properties, defined(explicit), event.occurredAtMs);
  const [upserted] = await upsertEntities([prepared.write], directory, nowMs());
  if (upserted === undefined) throw new RetryableError('the directory gave no answer');
  if (upserted.kind === 'refused') return invalidParams([{ field: 'properties', message: upserted.message }]);
  const isDeleted = upserted.kind === 'deleted';
  const { created, changed } = isDeleted ? { created: false, changed: [] } : upserted;
  const warnings = [...prepared.warnings, ...(isDeleted ? deletedWarning(ref) : lateWarning(ref, upserted.kept))];
  return {
    status: 'succeeded',
    result: { ...describeEntity(ref), created, changed },
    ...(warnings.length > 0 && { warnings }),
  };
}
