import type { DeedOf } from '../../../core/destinations/destination.ts';
import { type Entity, isTombstone, type Tombstone } from '../../../core/directory/entity.ts';
import { removeEntity } from '../../../core/directory/remove-entity.ts';
import { recipientKey } from '../../../core/ids/entity-ref.ts';
import { newestTimeMs } from '../remembering-directory.ts';
import type { ApiRequest, RequestPorts } from '../request.ts';
import type { PlannedRecord, Work } from './planned-record.ts';

type RemoveDeed = DeedOf<'remove'>;

/**
 * Deletes users, tenants and objects: gone from the next read on. What hangs on them is removed by
 * the action of the record's event, which is queued first. Deleting what does not exist succeeds, and
 * writes nothing.
 */
export async function removeEntities(
  records: PlannedRecord<RemoveDeed>[],
  { receivedAtMs }: ApiRequest,
  { directory, nowMs }: RequestPorts,
): Promise<Work<RemoveDeed>> {
  const read = await directory.readStoredEach(records.map(({ deed }) => deed.ref));
  const stored = new Map(records.map(({ deed }, i) => [recipientKey(deed.ref), read[i]]));
  const isThere = ({ deed }: PlannedRecord<RemoveDeed>) => isLive(stored.get(recipientKey(deed.ref)));
  return {
    leavesRest: isThere,
    async apply(chunk, end) {
      const byEntity = [...Map.groupBy(chunk, ({ deed }) => recipientKey(deed.ref)).values()];
      await Promise.all(
        byEntity.map(async (sameEntity) => {
          const [{ deed }] = sameEntity as [PlannedRecord<RemoveDeed>];
          const key = recipientKey(deed.ref);
          const wasThere = isThere(sameEntity[0] as PlannedRecord<RemoveDeed>);
          // As of the newest thing that is known of it: a clock that is ahead must not save it.
          const asOfMs = Math.max(receivedAtMs, newestTimeMs(stored.get(key)));
          if (wasThere) await removeEntity(deed.ref, asOfMs, directory, nowMs());
          for (const record of sameEntity)
            end(record, { done: true, note: wasThere ? undefined : `${key} does not exist` });
        }),
      );
    },
  };
}

function isLive(stored: Entity | Tombstone | undefined): boolean {
  return stored !== undefined && !isTombstone(stored);
}
