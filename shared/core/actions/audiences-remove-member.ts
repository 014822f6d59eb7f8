import * as z from 'zod';
import { nothingGiven } from '../logs/action-result.ts';
import { defineAction } from './action.ts';
import { continued, inChunks } from './parts/in-chunks.ts';
import { AudienceKey, allMembers, ExactMembers, Tenant } from './parts/member.ts';
import { suggestedMember } from './parts/suggestion.ts';

const chunkSize = 1000;

/**
 * Removes users from an audience. Without a tenant it removes only the row without one, since a
 * user can be a member once per tenant. Users who are not members, and a missing audience, are not
 * errors. https://docs.knock.app/api-reference/audiences/remove_members
 */
export const audiencesRemoveMember = defineAction({
  id: 'audiences_remove_member',
  does: 'removes users from an audience',
  decidesWhom: ['members', 'user', 'tenant'],
  isFor: ['members', 'user'],
  params: z.object({
    key: AudienceKey.describe('Which audience.'),
    members: ExactMembers.optional().describe('The members to remove. This or `user` is required.'),
    user: ExactMembers.optional().describe('The same, for mappings that name one.'),
    tenant: Tenant.optional().describe('Tenant of every entry that names none itself.'),
  }),
  suggestion: { parameters: suggestedMember },
  async run({ key, ...params }, context) {
    const { audiences, event, nowMs } = context;
    const keys = allMembers(params).map((member) => member.key);
    if (keys.length === 0) return nothingGiven('members');
    const wish = { sourceTimeMs: event.occurredAtMs, nowMs: nowMs() };
    const chunks = await inChunks(
      keys,
      chunkSize,
      async (chunk) => {
        const changes = await audiences.remove(key, chunk, wish);
        return { removed: changes.filter((change) => change === 'removed').length };
      },
      context,
    );
    const result = { key, removed: chunks.tally.removed ?? 0 };
    return chunks.isOver ? { status: 'succeeded', result } : continued('members', chunks, result);
  },
});
