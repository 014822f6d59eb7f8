import { expect, test } from '@jest/globals';
import { eventAs, realPayloads } from '../support/real-payloads.ts';

const { describe, files, read } = realPayloads('clerk');

const nobody = undefined;
const expected: Record<string, [eventType: string, userId: string | undefined, preprocess: object]> = {
  'organization-created.json': ['organization.created', nobody, {}],
  'organization-deleted.json': ['organization.deleted', nobody, {}],
  'organization-membership-updated.json': ['organizationMembership.updated', 'user_29wACSk1DjeUCwsS6SbbgIgilMy', {}],
  // Payloads of the SDK's own tests, shorter than any that Clerk sends: `email` is not a member of a Clerk user.
  'user-created-2.json': ['user.created', 'user_123', {}],
  'user-created-3.json': ['user.created', 'user_123', {}],
  'user-created-event-attributes.json': [
    'user.created',
    'user_29w83sxmDNGwOuEthce5gg56FcC',
    { primary_email: 'example@example.org', full_name: 'Example Example' },
  ],
};

describe('real Clerk payloads', () => {
  test('each has its row in the table', () => {
    expect(files.sort()).toEqual(Object.keys(expected).sort());
  });

  test.each(Object.entries(expected))('%s', async (name, [eventType, userId, preprocess]) => {
    const body = JSON.parse(read(name));
    const event = await eventAs('clerk', read(name), { 'svix-id': 'msg_1' });
    expect(event).toMatchObject({ eventType, keyCandidate: 'msg_1', body, data: body.data });
    expect(event.userId).toBe(userId);
    expect(event.preprocess).toEqual(preprocess);
    expect(event.occurredAtMs).toBe(body.timestamp ?? event.receivedAtMs);
  });
});
