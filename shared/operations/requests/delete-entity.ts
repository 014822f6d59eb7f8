import type { Action } from '../../core/actions/action.ts';
import { removeEntity } from '../../core/directory/remove-entity.ts';
import type { EntityRef } from '../../core/ids/entity-ref.ts';
import type { JsonObject } from '../../core/json/values.ts';
import { handOver } from './hand-over.ts';
import type { Recorded } from './record-request.ts';
import { newestTimeMs } from './remembering-directory.ts';
import type { ApiRequest, RequestPorts } from './request.ts';
import { userOf } from './set-entity.ts';

/**
 * Deletes one user, object or tenant: gone from the next read on. What hangs on it (subscriptions,
 * memberships, unfinished runs) is removed by `workflow-trigger`, which may take minutes. That part
 * is handed over first, so that a request that dies in between leaves nothing half deleted. Deleting
 * what does not exist succeeds.
 * @throws RetryableError when the table or the queue is throttled or unavailable
 */
export async function deleteEntityByRequest(
  action: Action,
  payload: JsonObject,
  ref: EntityRef,
  request: ApiRequest,
  ports: RequestPorts,
  mark: { mergedInto?: string } = {},
): Promise<Recorded> {
  const { erased } = await ports.configuration();
  // Nothing is left of it, and the mark of a delete would hold its id.
  if (ref.kind === 'user' && erased?.has(ref.id)) return userOf(ref);
  const [stored] = await ports.directory.readStoredEach([ref]);
  // As of the newest thing that is known of it: a clock that is ahead must not save it.
  const occurredAtMs = Math.max(request.receivedAtMs, newestTimeMs(stored));
  await handOver(action, payload, request, ports, occurredAtMs);
  await removeEntity(ref, occurredAtMs, ports.directory, ports.nowMs(), mark);
  return { ...userOf(ref), handedOver: 1 };
}
