import type { Entity } from '../../core/directory/entity.ts';
import { refFromRecipientKey } from '../../core/ids/entity-ref.ts';
import type { Directory, DirectoryList } from '../../ports/directory.ts';
import { type FilledPage, readPage, type WantedPage } from './read-page.ts';
import type { ApiRequest } from './request.ts';

type Ports = { directory: Pick<Directory, 'readEach'>; list: DirectoryList; nowMs(): number };

/**
 * A page of users, or of the objects of a collection, in the order of their ids. An entity that was
 * just made is listed a moment later.
 * @param isWanted leaves others out; the page is filled all the same
 * @throws RetryableError when the table is throttled or unavailable, or the time did not suffice
 */
export async function listEntities(
  listing: { kind: 'user' } | { kind: 'object'; collection: string },
  wanted: WantedPage,
  { deadlineMs }: Pick<ApiRequest, 'deadlineMs'>,
  { directory, list, nowMs }: Ports,
  isWanted: (entity: Entity) => boolean = () => true,
): Promise<FilledPage<Entity>> {
  const nameOf = (id: string) => (listing.kind === 'user' ? id : `${listing.collection}/${id}`);
  const { size, after, before } = wanted;
  return readPage(
    {
      size,
      after: after === undefined ? undefined : nameOf(after),
      before: before === undefined ? undefined : nameOf(before),
    },
    async (page) => {
      const { entries: names, ...rest } = await list.page(listing, page);
      const entities = await directory.readEach(names.map(refFromRecipientKey));
      return { entries: entities.filter((entity) => entity !== undefined && isWanted(entity)) as Entity[], ...rest };
    },
    ({ ref }) => ref.id,
    () => nowMs() > deadlineMs,
  );
}
