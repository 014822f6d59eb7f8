import * as z from 'zod';
import { audienceKeyProblem } from '../../../shared/core/actions/parts/member.ts';
import type { JsonValue } from '../../../shared/core/json/values.ts';
import {
  addMembersByRequest,
  audienceExists,
  type ChangedMembers,
  removeMembersByRequest,
} from '../../../shared/operations/requests/change-members.ts';
import { listMembers } from '../../../shared/operations/requests/list-members.ts';
import { type Answer, invalid, invalidFields, noContent, ok, problemsOf, type Refused } from '../answer.ts';
import { readJsonText } from '../read-body.ts';
import { defineRoute, type Route } from '../route.ts';
import { idParam } from '../shapes/ids.ts';
import { AudienceMember, MemberRequest, memberShape } from '../shapes/member.ts';
import { pagedList, pageOf, pageQuery } from '../shapes/page.ts';

const params = z.object({ key: idParam('The audience.', audienceKeyProblem) });
const path = '/v1/audiences/{key}/members';
const membersMax = 1000;
const members = z.array(MemberRequest).min(1).max(membersMax);

export const audienceRoutes: readonly Route[] = [
  defineRoute({
    call: 'audiences.addMembers',
    method: 'POST',
    path,
    does: 'adds users to an audience; those described are set first, and one that is not known yet is a member too',
    permission: 'secret',
    params,
    query: z.object({
      create_audience: z
        .enum(['true', 'false'])
        .optional()
        .describe('`true`: an audience that is not there is made. Default: false.'),
    }),
    body: z.object({ members }).meta({ id: 'AddMembersRequest' }),
    async handle({ params: { key }, query, body, request, ports }) {
      const create = query.create_audience === 'true';
      return answerOf(key, await addMembersByRequest(key, body.members as JsonValue[], create, request, ports));
    },
  }),
  defineRoute({
    call: 'audiences.removeMembers',
    method: 'DELETE',
    path,
    does: 'removes users from an audience; who is not in it is skipped',
    permission: 'secret',
    params,
    query: z.object({
      members: z
        .string()
        .optional()
        .describe('The same list as JSON text, for callers whose DELETE has no body. The body wins.'),
    }),
    body: z.object({ members: members.optional() }).meta({ id: 'RemoveMembersRequest' }),
    async handle({ params: { key }, query, body, request, ports }) {
      const given = body.members === undefined ? membersInQuery(query.members) : body.members;
      if ('kind' in given) return given;
      return answerOf(key, await removeMembersByRequest(key, given as JsonValue[], request, ports));
    },
  }),
  defineRoute({
    call: 'audiences.listMembers',
    method: 'GET',
    path,
    does: 'lists the members of an audience by user and tenant',
    permission: 'secret',
    params,
    query: z.object(pageQuery),
    answer: pageOf(AudienceMember),
    async handle({ params: { key }, query, request, ports }) {
      if (!(await audienceExists(key, false, ports))) return audienceMissing(key);
      const list = pagedList(`members ${key}`, query);
      if (list.kind === 'refused') return list;
      return ok(list.answerOf(await listMembers(key, list.wanted, request, ports), memberShape));
    },
  }),
];

function membersInQuery(text: string | undefined): z.output<typeof members> | Refused {
  if (text === undefined) return invalid([{ field: 'members', message: 'is required', type: 'required' }]);
  const read = readJsonText(text, 'members');
  if (read.kind === 'refused') return read;
  const given = { members: read.value };
  const parsed = z.object({ members }).safeParse(given);
  return parsed.success ? parsed.data.members : invalid(problemsOf(parsed.error, given));
}

function answerOf(key: string, changed: ChangedMembers): Answer {
  if (changed.kind === 'changed') return noContent(changed.recorded);
  return changed.kind === 'refused' ? invalidFields(changed.errors) : audienceMissing(key);
}

function audienceMissing(key: string): Refused {
  const message = `there is no audience ${key}; add its file, or add ?create_audience=true to the URL`;
  return { kind: 'refused', status: 404, code: 'audience_missing', message };
}
