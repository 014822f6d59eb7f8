import { expect, test } from '@jest/globals';
import { v4, v5, v7, validate, version } from 'uuid';
import { apiRunId, requestOfApiRunId } from '../../../shared/core/ids/api-run-id.ts';
import { makeEventId } from '../../../shared/core/ids/event-id.ts';
import fc from '../../support/fast-check.ts';

const requests = fc
  .tuple(
    fc.integer({ min: 0, max: Date.parse('2500-01-01') }),
    fc.integer({ min: 0, max: 31 }),
    fc.uint8Array({ minLength: 12, maxLength: 12 }),
  )
  .map(([timeMs, shard, entropy]) => makeEventId('api', shard, timeMs, entropy));

test('a run id leads back to its request, in capitals too, and is a UUID', () => {
  fc.assert(
    fc.property(requests, (request) => {
      const id = apiRunId(request);
      expect([validate(id), version(id)]).toEqual([true, 8]);
      expect(requestOfApiRunId(id)).toBe(request);
      expect(requestOfApiRunId(id.toUpperCase())).toBe(request);
    }),
  );
});

test('two requests never share one', () => {
  fc.assert(
    fc.property(requests, requests, (one, other) => {
      expect(apiRunId(one) === apiRunId(other)).toBe(one === other);
    }),
  );
});

test('never changes: ids that were answered must lead back for as long as rows are kept', () => {
  expect(apiRunId('01M7Y0QRW0562123456789ABC7')).toBe('01a1fc0b-e380-8394-8088-64298e84a96c');
});

test.each([
  ['of other versions', v4(), v5('a', v4()), v7()],
  ['text', '', 'x', '01KAJ6VY008M25RXK0Q4T9B7C0'],
])('other ids lead nowhere: %s', (_name, ...ids) => {
  for (const id of ids) expect(requestOfApiRunId(id)).toBeUndefined();
});
