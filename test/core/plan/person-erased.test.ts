import { expect, test } from '@jest/globals';
import { eventRow } from '../../../functions/processor/event-row.ts';
import { unpackEventText } from '../../../shared/core/events/raw-event.ts';
import { erasedPersons, personHash } from '../../../shared/core/ids/erased-persons.ts';
import { planEvent } from '../../../shared/core/plan/plan-event.ts';
import { liveConfiguration, rawEvent, trackEvent } from '../../support/build.ts';

const erased = erasedPersons('salt', [personHash('salt', 'usr_8841')]);
const mappings = [{ id: 'identify', event: 'track/closed', action: 'users_identify', parameters: { id: 'user_id' } }];
const planned = (userId: string) =>
  planEvent(rawEvent(trackEvent({ event: 'closed', userId })), {
    ...liveConfiguration({ file: { mappings } }),
    erased,
  });

test('an event of an erased person is rejected, and its row keeps nothing of it', () => {
  const late = planned('usr_8841');
  expect(late.plan).toMatchObject({ kind: 'rejected', reason: 'person_erased' });
  if (late.plan.kind !== 'rejected') throw new Error('it was planned');
  const { kind: status, ...why } = late.plan;
  const row = eventRow(late, { status, ...why }, 1_800_000_000_000);
  expect(row).toMatchObject({ status: 'rejected', reason: 'person_erased', erasedAtMs: 1_800_000_000_000 });
  expect(row).not.toHaveProperty('userId');
  expect(row).not.toHaveProperty('key');
  expect(unpackEventText(row.payload)).toEqual({ headers: {}, body: '{}' });
  expect(JSON.stringify(row)).not.toContain('usr_8841');
});

test('events of others run', () => {
  expect(planned('usr_1').plan.kind).toBe('run');
});
