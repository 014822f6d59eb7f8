import * as z from 'zod';
import type { ShownMember } from '../../../shared/operations/requests/list-members.ts';
import { User, userShape } from './user.ts';

const Id = z.union([z.string(), z.number()]);

/** A user for an audience. One that is described is set first; blank as a tenant means none. */
export const MemberRequest = z
  .looseObject({
    user: z.union([Id, z.looseObject({ id: Id })], { error: 'must be the id of a user, or a map with its id' }),
    tenant: Id.nullable().optional(),
  })
  .meta({ id: 'AudienceMemberRequest' });

export const AudienceMember = z
  .object({
    __typename: z.literal('AudienceMember'),
    user_id: z.string(),
    user: User,
    tenant: z.string().nullable(),
    added_at: z.iso.datetime(),
  })
  .meta({ id: 'AudienceMember' });

export function memberShape({ userId, user, tenant, addedAtMs }: ShownMember): z.infer<typeof AudienceMember> {
  return {
    __typename: 'AudienceMember',
    user_id: userId,
    user: userShape(user),
    tenant,
    added_at: new Date(addedAtMs).toISOString(),
  };
}
