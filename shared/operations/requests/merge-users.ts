import { erasedDetail } from '../../core/actions/parts/without-erased.ts';
import { usersDelete } from '../../core/actions/users-delete.ts';
import { type Entity, isTombstone } from '../../core/directory/entity.ts';
import { mergeUsers } from '../../core/directory/merge-users.ts';
import { type FieldError, RetryableError } from '../../core/errors.ts';
import type { EntityRef } from '../../core/ids/entity-ref.ts';
import { inParallel } from '../../core/in-parallel.ts';
import type { Page, PageRequest } from '../../ports/subscriptions.ts';
import { deleteEntityByRequest } from './delete-entity.ts';
import { handOver } from './hand-over.ts';
import type { Recorded } from './record-request.ts';
import type { ApiRequest, RequestPorts } from './request.ts';

export type MergeUsers =
  | { kind: 'merged'; user: Entity; recorded: Recorded }
  | { kind: 'unknown'; id: string }
  /** Both together are too large, or one was erased. */
  | { kind: 'refused'; errors: FieldError[] };

const attemptsMax = 10;
const pageSize = 100;
const atOnce = 16;

/**
 * Folds one user into another and deletes it: properties, then subscriptions and memberships, and
 * last the user itself. Its unfinished runs end. Every step may be repeated, so a request that dies
 * or runs out of time is continued by the next one.
 * @throws RetryableError when a table or the queue is unavailable, or the time did not suffice
 */
export async function mergeUsersByRequest(
  id: string,
  fromId: string,
  request: ApiRequest,
  ports: RequestPorts,
): Promise<MergeUsers> {
  const { erased } = await ports.configuration();
  for (const [field, one] of Object.entries({ user_id: id, from_user_id: fromId }))
    if (erased?.has(one)) return { kind: 'refused', errors: [{ field, message: erasedDetail }] };
  const [intoRef, fromRef] = [userRef(id), userRef(fromId)];
  const merged = await mergeAttributes(intoRef, fromRef, request, ports);
  if (merged.kind !== 'continues') return merged;
  await moveSubscriptions(intoRef, fromRef, request, ports);
  await moveMemberships(id, fromId, request, ports);
  const [user] = await ports.directory.readEach([intoRef]);
  if (user === undefined) {
    // Deleted meanwhile. Deleting it once more takes along what came after the first time.
    await handOver(usersDelete, { id }, request, ports);
    return { kind: 'unknown', id };
  }
  const recorded = await deleteEntityByRequest(usersDelete, { id: fromId }, fromRef, request, ports, {
    mergedInto: id,
  });
  return { kind: 'merged', user, recorded: { ...recorded, userId: id } };
}

function userRef(id: string): EntityRef {
  return { kind: 'user', id };
}

async function mergeAttributes(
  intoRef: EntityRef,
  fromRef: EntityRef,
  { receivedAtMs }: ApiRequest,
  { directory, nowMs }: RequestPorts,
): Promise<MergeUsers | { kind: 'continues' }> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const [into, from] = await directory.readStoredEach([intoRef, fromRef]);
    if (into === undefined || isTombstone(into)) return { kind: 'unknown', id: intoRef.id };
    // A repetition, after an answer that was lost.
    if (isTombstone(from) && from.mergedInto === into.ref.id)
      return { kind: 'merged', user: into, recorded: { userId: into.ref.id } };
    if (from === undefined || isTombstone(from)) return { kind: 'unknown', id: fromRef.id };
    const merge = mergeUsers(into, from, Math.max(receivedAtMs, into.sourceTimeMs), nowMs());
    if (merge.kind === 'refused')
      return { kind: 'refused', errors: [{ field: 'from_user_id', message: merge.message }] };
    if (merge.kind !== 'changed' || (await directory.writeIfUnchanged(merge.entity, into.version)))
      return { kind: 'continues' };
  }
  throw new RetryableError(`${intoRef.id} kept changing while another user was merged into it`);
}

async function moveSubscriptions(
  into: EntityRef,
  from: EntityRef,
  request: ApiRequest,
  ports: RequestPorts,
): Promise<void> {
  const { subscriptions, nowMs } = ports;
  const read = (page: PageRequest) => subscriptions.subscriptionsOf(from, page);
  await eachOf(read, request, ports, async ({ object, properties }) => {
    const wish = { properties, keepsExisting: true, sourceTimeMs: request.receivedAtMs, nowMs: nowMs() };
    await subscriptions.subscribe(object, [into], wish);
  });
}

/** No workflow is started for a moved member: the audience has no one new in it. */
async function moveMemberships(id: string, fromId: string, request: ApiRequest, ports: RequestPorts): Promise<void> {
  const { audiences, nowMs } = ports;
  const read = (page: PageRequest) => audiences.membershipsOf(fromId, page);
  await eachOf(read, request, ports, async ({ audience, tenant }) => {
    const wish = { by: request.id, sourceTimeMs: request.receivedAtMs, nowMs: nowMs() };
    await audiences.add(audience, [{ userId: id, tenant }], wish);
  });
}

async function eachOf<Entry>(
  read: (page: PageRequest) => Promise<Page<Entry>>,
  { deadlineMs }: ApiRequest,
  { nowMs }: RequestPorts,
  work: (entry: Entry) => Promise<void>,
): Promise<void> {
  let after: string | undefined;
  do {
    if (nowMs() > deadlineMs) throw new RetryableError('the merge is not finished; send the request again');
    const page = await read({ limit: pageSize, ...(after !== undefined && { after }) });
    await inParallel(page.entries, atOnce, work);
    after = page.next;
  } while (after !== undefined);
}
