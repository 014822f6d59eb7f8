import { objectsSubscribe } from '../../core/actions/objects-subscribe.ts';
import { objectsUnsubscribe } from '../../core/actions/objects-unsubscribe.ts';
import type { Recipient } from '../../core/actions/parts/recipient.ts';
import { defined } from '../../core/defined.ts';
import type { FieldError } from '../../core/errors.ts';
import { type EntityRef, type ObjectRef, recipientKey } from '../../core/ids/entity-ref.ts';
import type { JsonObject, JsonValue } from '../../core/json/values.ts';
import type { StoredSubscription, Subscription } from '../../ports/subscriptions.ts';
import { type ShownSubscription, showSubscriptions } from './list-subscriptions.ts';
import { type Performed, performAction } from './perform-action.ts';
import { readRecipients } from './read-recipients.ts';
import type { Recorded } from './record-request.ts';
import type { ApiRequest, RequestPorts } from './request.ts';
import { userOf } from './set-entity.ts';

export type ChangedSubscriptions =
  | { kind: 'changed'; subscriptions: ShownSubscription[]; recorded: Recorded }
  /** Nothing was changed. */
  | { kind: 'refused'; errors: FieldError[] };

/**
 * Subscribes recipients to an object, by the action that events use, and returns the subscriptions
 * as they are stored. Recipients described inline are written to the directory first. An id that is
 * no user's refuses the whole request: a queue would wait for its identify, and a request cannot.
 * @param recipients at most 100
 * @throws RetryableError when a table is throttled or unavailable
 */
export async function subscribeByRequest(
  object: ObjectRef,
  recipients: JsonValue[],
  properties: JsonObject | undefined,
  request: ApiRequest,
  ports: RequestPorts,
): Promise<ChangedSubscriptions> {
  const read = readRecipients(recipients);
  if (read.kind === 'refused') return read;
  const unknown = await unknownReferences(read.recipients, ports);
  if (unknown.length > 0) return { kind: 'refused', errors: unknown };
  const { refs } = read;
  const stored = await ports.subscriptions.readEach(object, refs);
  const payload = { collection: object.collection, id: object.id, recipients, ...defined({ properties }) };
  const about = [object, ...refs];
  const performed = await performAction(objectsSubscribe, payload, about, request, ports, 0, nextTimeMs(stored));
  const { result } = performed;
  if (result.status !== 'succeeded') return { kind: 'refused', errors: result.errors ?? [] };
  const now = await ports.subscriptions.readEach(object, refs);
  return changed(now.filter(isThere), refs, performed);
}

/**
 * Ends subscriptions to an object and returns those that ended. Recipients without one are skipped.
 * @param recipients at most 100
 * @throws RetryableError when a table is throttled or unavailable
 */
export async function unsubscribeByRequest(
  object: ObjectRef,
  recipients: JsonValue[],
  request: ApiRequest,
  ports: RequestPorts,
): Promise<ChangedSubscriptions> {
  const read = readRecipients(recipients);
  if (read.kind === 'refused') return read;
  const { refs } = read;
  const stored = await ports.subscriptions.readEach(object, refs);
  const payload = { collection: object.collection, id: object.id, recipients };
  const performed = await performAction(objectsUnsubscribe, payload, [], request, ports, 0, nextTimeMs(stored));
  const { result } = performed;
  if (result.status !== 'succeeded') return { kind: 'refused', errors: result.errors ?? [] };
  return changed(stored.filter(isThere), refs, performed);
}

/** Ids that are no user's, and that no other recipient describes. */
async function unknownReferences(
  recipients: Recipient[],
  { directory }: Pick<RequestPorts, 'directory'>,
): Promise<FieldError[]> {
  const described = new Set(recipients.flatMap(({ form, ref }) => (form === 'inline' ? [recipientKey(ref)] : [])));
  const references = recipients.flatMap(({ form, ref }, i) =>
    form === 'reference' && !described.has(recipientKey(ref)) ? [{ field: `recipients.${i}`, ref }] : [],
  );
  if (references.length === 0) return [];
  const found = await directory.readEach(references.map(({ ref }) => ref));
  return references.flatMap(({ field, ref }, i) => {
    const message = `there is no user ${ref.id}; describe one as {"id": …} to make it`;
    return found[i] === undefined ? [{ field, message }] : [];
  });
}

/** The next moment after everything that was said of them: what is asked now wins. */
function nextTimeMs(stored: (StoredSubscription | undefined)[]): number {
  return Math.max(...stored.map((one) => (one === undefined ? 0 : one.sourceTimeMs + 1)));
}

function isThere(stored: StoredSubscription | undefined): stored is StoredSubscription {
  return stored !== undefined && !stored.isRemoved;
}

async function changed(
  subscriptions: Subscription[],
  refs: EntityRef[],
  { outcome, directory }: Performed,
): Promise<ChangedSubscriptions> {
  const shown = await showSubscriptions(subscriptions, { readEach: (ends) => directory.seenEach(ends) });
  const [only, ...others] = refs;
  const about = only !== undefined && others.length === 0 ? userOf(only) : {};
  return { kind: 'changed', subscriptions: shown, recorded: { ...about, performed: [outcome] } };
}
