import { expect, test } from '@jest/globals';
import { eventAs, realPayloads } from '../support/real-payloads.ts';

const { describe, files, read } = realPayloads('workos');

const nobody = undefined;
const expected: Record<
  string,
  [eventType: string, key: string, userId: string | undefined, preprocess: object, at: string]
> = {
  'dsync-group-created-docs.json': [
    'dsync.group.created',
    'event_44FKJ843CVE8F7BXQSPFH0M53V',
    nobody,
    {},
    '2021-06-25T19:07:33.155Z',
  ],
  'dsync-user-created-docs.json': [
    'dsync.user.created',
    'event_07FKJ843CVE8F7BXQSPFH0M53V',
    'directory_user_01E1X1B89NH8Z3SDFJR4H7RGX7',
    { primary_email: 'lela.block@example.com', full_name: 'Lela Block' },
    '2021-06-25T19:07:33.155Z',
  ],
  // Neither `email` nor `emails`: a directory may have none.
  'dsync-user-created.json': [
    'dsync.user.created',
    'wh_123',
    'directory_user_01FAEAJCR3ZBZ30D8BD1924TVG',
    { full_name: 'Blair Lunchford' },
    '2021-06-25T19:07:33.155Z',
  ],
  'dsync-user-deleted-docs.json': [
    'dsync.user.deleted',
    'event_09FKJ843CVE8F7BXQSPFH0M53V',
    'directory_user_01E1X1B89NH8Z3SDFJR4H7RGX7',
    { primary_email: 'lela.block@example.com', full_name: 'Lela Block' },
    '2021-06-25T19:07:33.155Z',
  ],
  // Its time has a space for the "T" and no offset.
  'dsync-user-updated.json': [
    'dsync.user.updated',
    'event_01234ABCD',
    'directory_user_456',
    { primary_email: 'jonsnow@workos.com', full_name: 'Jon Snow' },
    '2020-05-06T04:21:48.649Z',
  ],
  'group-member-added.json': [
    'group.member_added',
    'event_01K43DMGDK941Z4YPH6XGHTY3T',
    nobody,
    {},
    '2026-04-20T12:00:00.000Z',
  ],
  'vault-data-created.json': ['vault.data.created', 'event_01VAULT00001', nobody, {}, '2026-03-24T12:00:00.000Z'],
  'vault-data-deleted.json': ['vault.data.deleted', 'event_01VAULT00004', nobody, {}, '2026-03-24T12:00:00.000Z'],
  'vault-data-updated.json': ['vault.data.updated', 'event_01VAULT00002', nobody, {}, '2026-03-24T12:00:00.000Z'],
  'vault-metadata-read.json': ['vault.metadata.read', 'event_01VAULT00006', nobody, {}, '2026-03-24T12:00:00.000Z'],
  'vault-names-listed.json': ['vault.names.listed', 'event_01VAULT00005', nobody, {}, '2026-03-24T12:00:00.000Z'],
};

describe('real WorkOS payloads', () => {
  test('each has its row in the table', () => {
    expect(files.sort()).toEqual(Object.keys(expected).sort());
  });

  test.each(Object.entries(expected))('%s', async (name, [eventType, key, userId, preprocess, at]) => {
    const body = JSON.parse(read(name));
    const event = await eventAs('workos', read(name));
    expect(event).toMatchObject({ eventType, keyCandidate: key, body, data: body.data });
    expect(event.userId).toBe(userId);
    expect(event.preprocess).toEqual(preprocess);
    expect(new Date(event.occurredAtMs).toISOString()).toBe(at);
  });
});
