import { expect, test } from '@jest/globals';
import {
  eventIdMayBeFrom,
  eventIdShard,
  eventIdTimeMs,
  isEventId,
  makeEventId,
} from '../../../shared/core/ids/event-id.ts';
import { executionsOf } from '../../../shared/core/ids/executions-of.ts';
import fc from '../../support/fast-check.ts';

const requests = fc
  .tuple(fc.integer({ min: 0, max: 31 }), fc.uint8Array({ minLength: 12, maxLength: 12 }))
  .map(([shard, entropy]) => makeEventId('api', shard, Date.parse('2026-11-21T03:00:00.123Z'), entropy));

test('the first is the request itself; each other one leads to the same partition, and no two are the same', () => {
  fc.assert(
    fc.property(requests, fc.integer({ min: 0, max: 60 }), (request, count) => {
      const executions = executionsOf('api', request, count);
      expect(executions[0]).toBe(request);
      expect(new Set(executions).size).toBe(Math.max(1, count));
      for (const execution of executions) {
        expect(isEventId(execution) && eventIdMayBeFrom(execution, 'api')).toBe(true);
        expect([eventIdTimeMs(execution), eventIdShard(execution)]).toEqual([
          eventIdTimeMs(request),
          eventIdShard(request),
        ]);
      }
    }),
  );
});

test('the last random part has others behind it', () => {
  expect(executionsOf('api', '01M7Y0QRW0562ZZZZZZZZZZZZ7', 2)).toEqual([
    '01M7Y0QRW0562ZZZZZZZZZZZZ7',
    '01M7Y0QRW05620000000000007',
  ]);
});

test('never change: rows are found by them for as long as they are kept', () => {
  expect(executionsOf('api', '01M7Y0QRW0562123456789ABY7', 3)).toEqual([
    '01M7Y0QRW0562123456789ABY7',
    '01M7Y0QRW0562123456789ABZ7',
    '01M7Y0QRW0562123456789AC07',
  ]);
});
