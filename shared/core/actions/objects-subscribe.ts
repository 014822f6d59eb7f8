import * as z from 'zod';
import { recipientWaitMsDefault } from '../configuration/delays.ts';
import type { Entity } from '../directory/entity.ts';
import { mapProblem, storable } from '../directory/entity-write.ts';
import { isBeforeDelete } from '../directory/merge-entity.ts';
import { type EntityRef, type ObjectRef, recipientKey } from '../ids/entity-ref.ts';
import type { JsonObject } from '../json/values.ts';
import type { ActionWarning } from '../logs/action-log-entry.ts';
import { invalidParams, nothingGiven } from '../logs/action-result.ts';
import type { ActionContext } from '../runs/action-context.ts';
import { waitsForRecipients } from '../runs/unknown-recipients.ts';
import { defineAction } from './action.ts';
import { deletedLater } from './parts/deleted-later.ts';
import { identifyInline } from './parts/identify-inline.ts';
import { continued, inChunks } from './parts/in-chunks.ts';
import { nameSome } from './parts/names.ts';
import { objectProblem } from './parts/object-problem.ts';
import { Collection, EntityId, JsonMap } from './parts/params.ts';
import { type Recipient, Recipients } from './parts/recipient.ts';
import { suggestedObject } from './parts/suggestion.ts';

const chunkSize = 100;

/**
 * Adds subscribers to an object, with `properties` on each subscription. Recipients described
 * inline are first written to the directory. An unidentified id is first waited for, then rejected
 * by name; the others are subscribed at once. A missing object is made, with a warning.
 * https://docs.knock.app/api-reference/objects/add_subscriptions
 */
export const objectsSubscribe = defineAction({
  id: 'objects_subscribe',
  does: 'adds subscribers to an object',
  isFor: ['recipients'],
  params: z.object({
    collection: Collection.describe('Collection of the object that is followed.'),
    id: EntityId.describe('The object that is followed.'),
    recipients: Recipients.describe('Who follows it.'),
    properties: JsonMap.optional().describe(
      'Kept on each subscription. Given: replaces what is there; left out: that stays.',
    ),
  }),
  suggestion: { parameters: (event) => ({ ...suggestedObject(event), recipients: event.person() }) },
  async run({ collection, id, recipients, properties }, context) {
    const object: ObjectRef = { kind: 'object', collection, id };
    if (recipients.length === 0) return nothingGiven('recipients');
    const problem = objectProblem(object);
    if (problem) return problem;
    const tooMuch = properties && mapProblem(properties);
    if (tooMuch !== undefined) return invalidParams([{ field: 'properties', message: tooMuch }]);
    const identified = await identifyAll(object, recipients, context);
    if (identified.kind === 'invalid') return invalidParams(identified.errors);
    const { refs, known, rejected, unknown } = identified;

    const { event, subscriptions, nowMs } = context;
    const stored = properties && { properties: storable(properties) as JsonObject };
    const wish = { ...stored, sourceTimeMs: event.occurredAtMs, nowMs: nowMs() };
    const chunks = await inChunks(
      refs,
      chunkSize,
      async (chunk) => {
        const subscribers = chunk.filter((ref) => known.has(recipientKey(ref)));
        const changes = await subscriptions.subscribe(object, subscribers, wish);
        const gone = await deletedLater([object, ...chunk], context);
        const isUndone = (ref: EntityRef) => gone.has(recipientKey(object)) || gone.has(recipientKey(ref));
        // An earlier attempt may have subscribed some that are no longer known.
        const undone = (context.again ? chunk : subscribers).filter(isUndone);
        if (undone.length > 0) await subscriptions.unsubscribe(object, undone, wish);
        const count = (wanted: string) =>
          subscribers.filter((ref, i) => changes[i] === wanted && !isUndone(ref)).length;
        const [created, older] = [count('created'), count('older')];
        return { subscribed: created + count('updated') + count('unchanged'), created, older };
      },
      context,
    );
    const { subscribed = 0, created = 0, older = 0 } = chunks.tally;
    const named = rejected.length > 0 && { rejected: rejected.slice(0, chunkSize) };
    const result = { collection, id, subscribed, created, ...named };
    const warnings = [...identified.warnings, ...olderWarning(older)];
    const rest = warnings.length > 0 ? { warnings } : {};
    if (!chunks.isOver) return { ...continued('recipients', chunks, result), ...rest };
    const waitLeftMs = context.firstAttemptAtMs + recipientWaitMsDefault - nowMs();
    if (unknown.length > 0 && waitLeftMs > 0 && !context.isLastAttempt) {
      // All are subscribed once more then, which changes nothing for those who are already.
      const progress = { done: 0, created };
      return { status: 'pending', ...waitsForRecipients(unknown, waitLeftMs, context), result, progress };
    }
    return { status: 'succeeded', result, ...rest };
  },
});

function olderWarning(older: number): ActionWarning[] {
  if (older === 0) return [];
  return [
    { code: 'older_than_stored', message: `${older} not subscribed: an event that happened later says otherwise` },
  ];
}

/** Writes the object and the recipients described inline; separates those that cannot subscribe. */
async function identifyAll(object: ObjectRef, recipients: Recipient[], context: ActionContext) {
  const { directory, event, nowMs } = context;
  const named = recipients.map((recipient) => ({ field: 'recipients', recipient }));
  const [[stored], identified] = await Promise.all([
    directory.readEach([object]),
    identifyInline(named, directory, event.occurredAtMs, nowMs()),
  ]);
  if (identified.kind === 'invalid') return identified;
  const { entities } = identified;
  const warnings = [...identified.warnings];
  const made = stored ? undefined : await makeObject(object, entities, context);
  if (made?.warning) warnings.push(made.warning);
  const holder = stored ?? made?.entity;

  const isPresent = (entity: Entity | undefined) => entity !== undefined && !isBeforeDelete(entity, event.occurredAtMs);
  const refs = [...new Map(recipients.map(({ ref }) => [recipientKey(ref), ref])).values()];
  const present = refs.map(recipientKey).filter((key) => isPresent(entities.get(key)));
  const known = new Set(isPresent(holder) ? present : []);
  const rejected = refs.map(recipientKey).filter((key) => !known.has(key));
  const references = new Set(recipients.flatMap(({ ref, form }) => (form === 'reference' ? [recipientKey(ref)] : [])));
  // An identify may be under way. An object that a later event deleted gets no subscribers, so
  // waiting would not help.
  const unknown = isPresent(holder) ? rejected.filter((key) => references.has(key) && !entities.has(key)) : [];
  if (!isPresent(holder)) warnings.push(deletedObject(object));
  else if (rejected.length > 0) {
    const message = `${nameSome(rejected)}: not subscribed, since not identified or deleted by a later event`;
    warnings.push({ code: 'recipient_missing', message });
  }
  return { kind: 'ok' as const, refs, known, rejected, unknown, warnings };
}

async function makeObject(
  object: ObjectRef,
  entities: Map<string, Entity>,
  { directory, event, nowMs }: ActionContext,
): Promise<{ entity?: Entity; warning?: ActionWarning }> {
  // The object may be one of its own recipients.
  const inline = entities.get(recipientKey(object));
  if (inline) return { entity: inline };
  const recipient: Recipient = { ref: object, form: 'inline', given: {} };
  const made = await identifyInline([{ field: 'id', recipient }], directory, event.occurredAtMs, nowMs());
  const entity = made.kind === 'ok' ? made.entities.get(recipientKey(object)) : undefined;
  if (entity === undefined) return {};
  const message = `${recipientKey(object)} had not been set before; it was made with nothing in it`;
  return { entity, warning: { code: 'object_missing', message } };
}

function deletedObject(object: ObjectRef): ActionWarning {
  const message = `${recipientKey(object)} was deleted by an event that happened later; no recipient was subscribed`;
  return { code: 'deleted_later', message };
}
