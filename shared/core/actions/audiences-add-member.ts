import * as z from 'zod';
import type { MemberKey } from '../../ports/audiences.ts';
import type { JsonObject, JsonValue } from '../json/values.ts';
import type { ActionWarning } from '../logs/action-log-entry.ts';
import { type ActionResult, invalidParams, nothingGiven } from '../logs/action-result.ts';
import { startAudienceRuns } from '../runs/audience-entry.ts';
import { type Action, type AddedMembers, defineAction } from './action.ts';
import { deletedLater } from './parts/deleted-later.ts';
import { identifyInline } from './parts/identify-inline.ts';
import { continued, inChunks } from './parts/in-chunks.ts';
import { AudienceKey, allMembers, Members, Tenant } from './parts/member.ts';
import { nameSome } from './parts/names.ts';
import { Flag } from './parts/params.ts';
import { suggestedMember } from './parts/suggestion.ts';

const chunkSize = 1000;

/**
 * Adds users to an audience, with or without a tenant. Users described inline are first written to
 * the directory. An unidentified id becomes a member too, and is shown as missing until its
 * identify. Existing members stay as they are. Workflows that name the audience as their trigger
 * start for new members. https://docs.knock.app/api-reference/audiences/add_members
 */
export const audiencesAddMember = defineAddition(startAudienceRuns);

/**
 * The same action without the greeting. For requests, which hand the greeting over: a second run of
 * the action under the same id finds who is new.
 */
export const audiencesAddMemberUngreeted = defineAddition(async () => ({ status: 'succeeded', result: {} }));

function defineAddition(greet: typeof startAudienceRuns): Action {
  return defineAction({
    id: 'audiences_add_member',
    does: 'adds users to an audience, and starts the workflows that greet them',
    decidesWhom: ['members', 'user'],
    isFor: ['members', 'user'],
    names: { parameter: 'key', type: 'audience', madeWith: 'create_audience' },
    params: z.object({
      key: AudienceKey.describe('Which audience.'),
      members: Members.optional().describe('The members to add. This or `user` is required.'),
      user: Members.optional().describe('The same, for mappings that name one.'),
      tenant: Tenant.optional().describe('Tenant of every entry that names none itself.'),
      create_audience: Flag.optional().describe('Makes an audience that is not there. Default: false.'),
    }),
    suggestion: { parameters: suggestedMember },
    adds: addedMembers,
    async run({ key, create_audience: create = false, ...params }, context) {
      const { audiences, configuration, event, nowMs } = context;
      const members = allMembers(params);
      if (members.length === 0) return nothingGiven('members');
      const isPushed = Object.hasOwn(configuration.snapshot.audiences, key);
      if (!isPushed && !(await audiences.ensure(key, create, nowMs()))) return missing(key);

      const named = members.map(({ user }) => ({ field: 'members', recipient: user }));
      const identified = await identifyInline(named, context.directory, event.occurredAtMs, nowMs());
      if (identified.kind === 'invalid') return invalidParams(identified.errors);
      const { entities } = identified;

      const wish = { by: context.id, sourceTimeMs: event.occurredAtMs, nowMs: nowMs() };
      const added: MemberKey[] = [];
      const deleted = new Set<string>();
      // Always from the start: members that this action added before are reported as new again, and
      // their runs may not have begun.
      const chunks = await inChunks(
        members,
        chunkSize,
        async (chunk) => {
          const keys = chunk.map((member) => member.key);
          const changes = await audiences.add(key, keys, wish);
          const users = chunk.map(({ user }) => user.ref);
          const gone = await deletedLater(users, context);
          const undone = keys.filter(({ userId }) => gone.has(userId));
          if (undone.length > 0) await audiences.remove(key, undone, wish);
          for (const userId of gone) deleted.add(userId);
          added.push(...keys.filter(({ userId }, i) => changes[i] === 'created' && !gone.has(userId)));
          return { older: changes.filter((change) => change === 'older').length };
        },
        { ...context, progress: {} },
      );
      const unknown = [...new Set(members.map(({ key }) => key.userId))].filter(
        (userId) => !entities.has(userId) && !deleted.has(userId),
      );
      const warnings = [...identified.warnings, ...warningsOf(chunks.tally.older ?? 0, [...deleted], unknown)];
      const rest = warnings.length > 0 ? { warnings } : {};
      const missingUsers = unknown.length > 0 && { missing_users: unknown.length };
      const result = { key, added: added.length, members: chunks.done, ...missingUsers };
      if (!chunks.isOver) return { ...continued('members', chunks, result), ...rest };
      const entry = await greet(key, added, context);
      const runs = Number(entry.result?.runs ?? 0);
      return { ...entry, result: { ...result, ...(runs > 0 && { runs }) }, ...rest };
    },
  });
}

function addedMembers({ key, members, user, tenant }: JsonObject): AddedMembers | undefined {
  const listed = (given: JsonValue | undefined) => (given === undefined ? [] : Members.safeParse(given).data);
  const audience = AudienceKey.safeParse(key);
  if (!audience.success) return undefined;
  const ofAll = Tenant.safeParse(tenant).data;
  const all = allMembers({ members: listed(members), user: listed(user), tenant: ofAll });
  return { audience: audience.data, members: all.map((member) => member.key) };
}

function missing(key: string): ActionResult {
  const detail = `there is no audience "${key}"; add its file, or set create_audience in the mapping`;
  return { status: 'failed', reason: 'audience_missing', detail, errors: [{ field: 'key', message: detail }] };
}

function warningsOf(older: number, deleted: string[], unknown: string[]): ActionWarning[] {
  const warnings: ActionWarning[] = [];
  const warn = (code: string, message: string) => warnings.push({ code, message });
  if (deleted.length > 0) warn('deleted_later', `${nameSome(deleted)}: not added, deleted by a later event`);
  if (older > 0) warn('older_than_stored', `${older} not added: an event that happened later says otherwise`);
  if (unknown.length > 0) warn('user_missing', `${nameSome(unknown)}: members all the same, missing until identified`);
  return warnings;
}
