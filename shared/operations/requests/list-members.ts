import type { EntityRef } from '../../core/ids/entity-ref.ts';
import { memberName } from '../../core/ids/member-name.ts';
import type { AudienceMember, Audiences } from '../../ports/audiences.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Shown } from './list-subscriptions.ts';
import { type FilledPage, readPage, type WantedPage } from './read-page.ts';
import type { ApiRequest } from './request.ts';

/** A member with its user as it is now; of one that does not exist, only the reference. */
export type ShownMember = AudienceMember & { user: Shown };

type Ports = {
  directory: Pick<Directory, 'readEach'>;
  audiences: Pick<Audiences, 'membersOf'>;
  nowMs(): number;
};

/**
 * A page of an audience's members, by user and tenant.
 * @throws RetryableError when the table is throttled or unavailable, or the time did not suffice
 */
export async function listMembers(
  key: string,
  wanted: WantedPage,
  { deadlineMs }: Pick<ApiRequest, 'deadlineMs'>,
  { directory, audiences, nowMs }: Ports,
): Promise<FilledPage<ShownMember>> {
  const page = await readPage(
    wanted,
    (request) => audiences.membersOf(key, request),
    memberName,
    () => nowMs() > deadlineMs,
  );
  const refs = [...new Set(page.entries.map(({ userId }) => userId))].map((id): EntityRef => ({ kind: 'user', id }));
  const users = refs.length === 0 ? [] : await directory.readEach(refs);
  const byId = new Map(refs.map(({ id }, i) => [id, users[i]]));
  return {
    ...page,
    entries: page.entries.map((member) => {
      const { userId: id, addedAtMs } = member;
      const absent: Shown = { ref: { kind: 'user', id }, attributes: {}, updatedAtMs: addedAtMs };
      return { ...member, user: byId.get(id) ?? absent };
    }),
  };
}
