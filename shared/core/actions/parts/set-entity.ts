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
  { directory, event, nowMs, only }: Pick<ActionContext, 'directory' | 'event' | 'nowMs' | 'only'>,
): Promise<ActionResult> {
  const prepared = prepareWrite(ref, properties, defined(explicit), event.occurredAtMs);
  const write = { ...prepared.write, ...(only !== undefined && { only }) };
  const [upserted] = await upsertEntities([write], directory, nowMs());
  if (upserted === undefined) throw new RetryableError('the directory gave no answer');
  if (upserted.kind === 'refused') return invalidParams([{ field: 'properties', message: upserted.message }]);
  const { created, changed } = upserted.kind === 'upserted' ? upserted : { created: false, changed: [] };
  const warnings = [...prepared.warnings];
  if (upserted.kind === 'deleted') warnings.push(...deletedWarning(ref));
  if (upserted.kind === 'upserted') warnings.push(...lateWarning(ref, upserted.kept));
  return {
    status: 'succeeded',
    result: { ...describeEntity(ref), created, changed },
    ...(warnings.length > 0 && { warnings }),
  };
}
