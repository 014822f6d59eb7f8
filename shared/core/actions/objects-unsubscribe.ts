import * as z from 'zod';
import { describeRef, type EntityRef, type ObjectRef, recipientKey } from '../ids/entity-ref.ts';
import { nothingGiven } from '../logs/action-result.ts';
import { defineAction } from './action.ts';
import { continued, inChunks } from './parts/in-chunks.ts';
import { Collection, EntityId } from './parts/params.ts';
import { Recipients } from './parts/recipient.ts';
import { suggestedObject } from './parts/suggestion.ts';

const chunkSize = 100;

/**
 * Removes subscribers from an object. Recipients count as references, even if described; those that
 * are not subscribed are skipped. Recipients and object stay.
 * https://docs.knock.app/api-reference/objects/delete_subscriptions
 */
export const objectsUnsubscribe = defineAction({
  id: 'objects_unsubscribe',
  does: 'removes subscribers from an object',
  isFor: ['recipients'],
  params: z.object({
    collection: Collection.describe('Collection of the object that was followed.'),
    id: EntityId.describe('The object that was followed.'),
    recipients: Recipients.describe('Who no longer follows it.'),
  }),
  suggestion: { parameters: (event) => ({ ...suggestedObject(event), recipients: event.person() }) },
  async run({ collection, id, recipients: named }, context) {
    const { subscriptions, event, nowMs } = context;
    const object: ObjectRef = { kind: 'object', collection, id };
    const refs = [...new Map(named.map(({ ref }) => [recipientKey(ref), ref])).values()];
    if (refs.length === 0) return nothingGiven('recipients');
    const wish = { sourceTimeMs: event.occurredAtMs, nowMs: nowMs() };
    const removed: EntityRef[] = [];
    const chunks = await inChunks(
      refs,
      chunkSize,
      async (chunk) => {
        const changes = await subscriptions.unsubscribe(object, chunk, wish);
        const gone = chunk.filter((_, i) => changes[i] === 'removed');
        removed.push(...gone);
        return { removed: gone.length };
      },
      context,
    );
    const recipients = removed.slice(0, chunkSize).map(describeRef);
    const result = { collection, id, removed: chunks.tally.removed ?? 0, recipients };
    return chunks.isOver ? { status: 'succeeded', result } : continued('recipients', chunks, result);
  },
});
