import type { DeedOf } from '../../../core/destinations/destination.ts';
import { isTombstone } from '../../../core/directory/entity.ts';
import { recipientKey } from '../../../core/ids/entity-ref.ts';
import { type Performed, performAction } from '../perform-action.ts';
import type { ApiRequest, RequestPorts } from '../request.ts';
import { readBatchDirectory } from './batch-directory.ts';
import type { Ending, PlannedRecord, Work } from './planned-record.ts';

type SetDeed = DeedOf<'set'>;

/** Sets users, tenants and objects; a record that changes nothing writes nothing. */
export async function setEntities(
  records: PlannedRecord<SetDeed>[],
  requestFor: (id: string) => ApiRequest,
  ports: RequestPorts,
): Promise<Work<SetDeed>> {
  const directory = await readBatchDirectory(
    ports.directory,
    records.map(({ deed }) => deed.ref),
  );
  const set = async ({ id, deed }: PlannedRecord<SetDeed>): Promise<Ending> => {
    const { ref, action, payload, only } = deed;
    const performed = await performAction(action, payload, [ref], requestFor(id), { ...ports, directory }, 0, 0, only);
    const { result } = performed;
    if (result.status !== 'succeeded') return { done: false, message: result.detail ?? result.reason };
    return { done: true, note: noteOf(deed, performed) };
  };
  return {
    leavesRest: () => false,
    async apply(chunk, end) {
      // Records of one entity take turns.
      const byEntity = [...Map.groupBy(chunk, ({ deed }) => recipientKey(deed.ref)).values()];
      await Promise.all(
        byEntity.map(async (sameEntity) => {
          for (const record of sameEntity) end(record, await set(record));
        }),
      );
    },
  };
}

/** What a person should know: that nothing happened, or what was left out. */
function noteOf({ ref, only }: SetDeed, { result, directory }: Performed): string | undefined {
  if (only === 'create' && result.result?.created === false)
    return `${recipientKey(ref)} exists already, and an insert changes nothing`;
  const stored = directory.lastSeen(ref);
  if (only === 'change' && (stored === undefined || isTombstone(stored)))
    return `${recipientKey(ref)} does not exist, and an update makes nothing`;
  return result.warnings?.[0]?.message;
}
