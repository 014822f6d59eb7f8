import { describe, expect, test } from '@jest/globals';
import { VerificationStatus } from '../../../shared/core/events/raw-event.ts';
import { planEvent } from '../../../shared/core/plan/plan-event.ts';
import { liveConfiguration, rawEvent, trackEvent } from '../../support/build.ts';

const mapping = (id: string, action: string, parameters: object) => ({
  id,
  event: 'track/closed',
  action,
  parameters,
});
const deletes = mapping('delete', 'users_delete', { id: 'user_id' });
const identifies = mapping('identify', 'users_identify', { id: 'user_id' });

function planned(verification: VerificationStatus, mappings: object[], destructive?: 'verified' | 'any') {
  const state = destructive === undefined ? {} : { verification: { destructive } };
  return planEvent(
    rawEvent(trackEvent({ event: 'closed' }), { verification }),
    liveConfiguration({ file: { mappings }, state }),
  );
}

const forgeable = ['enforced:unverified', 'not_enforced:unverified', 'not_enforced:failed'] as const;

describe.each(['users_delete', 'objects_delete', 'tenants_delete'])('%s', (action) => {
  const only = [mapping('delete', action, { id: 'user_id' })];

  test.each(VerificationStatus.options.map((status) => [status, !forgeable.some((one) => one === status)] as const))(
    'for an event that is %s runs: %s',
    (status, runs) => {
      const { plan, considered } = planned(status, only);
      expect(plan.kind).toBe(runs ? 'run' : 'no_mapping');
      expect(considered).toMatchObject([{ verdict: runs ? 'runs' : 'not_verified' }]);
      if (!runs) {
        const detail = expect.stringContaining(
          `mapping delete: ${action} needs a verified event, and this one is ${status}`,
        );
        expect(plan).toMatchObject({ reason: 'not_verified', detail });
      }
    },
  );

  test.each(forgeable)('runs for an event that is %s where the source says so', (status) => {
    expect(planned(status, only, 'any').plan.kind).toBe('run');
    expect(planned(status, only, 'verified').plan.kind).toBe('no_mapping');
  });
});

test('costs the other mappings of the event nothing: an unverified identify runs', () => {
  const { plan, considered } = planned('enforced:unverified', [deletes, identifies]);
  expect(plan).toMatchObject({ kind: 'run', invocations: [{ mapping: 'identify' }] });
  expect(considered.map(({ verdict }) => verdict)).toEqual(['not_verified', 'runs']);
});
