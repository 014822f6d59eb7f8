import type { Action } from '../../core/actions/action.ts';
import { type Entity, isTombstone } from '../../core/directory/entity.ts';
import { type FieldError, RetryableError } from '../../core/errors.ts';
import { type EntityRef, recipientKey } from '../../core/ids/entity-ref.ts';
import type { JsonObject } from '../../core/json/values.ts';
import { performAction } from './perform-action.ts';
import type { Recorded } from './record-request.ts';
import type { ApiRequest, RequestPorts } from './request.ts';

export type SetEntity =
  | { kind: 'set'; entity: Entity; recorded: Recorded }
  /** The action's own refusal: over 256 KB, an id that it does not take. */
  | { kind: 'refused'; errors: FieldError[] };

/**
 * Creates or changes one user, object or tenant by the action that events use, and returns it as it
 * is stored. One read, and one write if anything changes.
 * @throws RetryableError when a table is throttled or unavailable
 */
export async function setEntityByRequest(
  action: Action,
  payload: JsonObject,
  ref: EntityRef,
  request: ApiRequest,
  ports: RequestPorts,
): Promise<SetEntity> {
  const { result, outcome, directory } = await performAction(action, payload, [ref], request, ports);
  if (result.status !== 'succeeded') return { kind: 'refused', errors: result.errors ?? [] };
  const entity = directory.lastSeen(ref);
  if (entity === undefined || isTombstone(entity))
    throw new RetryableError(`${recipientKey(ref)} was deleted while it was written`);
  return { kind: 'set', entity, recorded: { ...userOf(ref), performed: [outcome] } };
}

/** How its row is found by user. */
export function userOf(ref: EntityRef): Pick<Recorded, 'userId'> {
  return ref.kind === 'user' ? { userId: ref.id } : {};
}
