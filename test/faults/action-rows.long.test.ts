import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { entryFromItem, itemFromEntry } from '../../shared/adapters/dynamodb-action-log.ts';
import { actionsPerEventMax } from '../../shared/core/configuration/triggers.ts';
import { rowHead } from '../../shared/core/executions/action-row.ts';
import { invocationId } from '../../shared/core/ids/invocation-id.ts';
import type { JsonObject } from '../../shared/core/json/values.ts';
import { type ActionOutcome, lacksParameters } from '../../shared/core/logs/action-log-entry.ts';
import { encodeActionsMessage, type Invocation } from '../../shared/core/plan/actions-message.ts';
import { actionsMessageOf } from '../../shared/core/plan/actions-of.ts';
import { planEvent } from '../../shared/core/plan/plan-event.ts';
import { liveConfiguration, rawEvent, trackEvent } from '../support/build.ts';
import fc from '../support/fast-check.ts';
import { itemProblem } from './table-limits.ts';

/** A mapping id as long as one may be. */
const longId = (i: number) => `m${i}-`.padEnd(255, 'x');

function planned(mappings: number, properties: JsonObject, idOf = (i: number) => `mapping-${i}`) {
  const file = {
    mappings: Array.from({ length: mappings }, (_, i) => ({
      id: idOf(i),
      event: 'track/order_completed',
      action: 'workflows_trigger',
      parameters: { key: { value: `workflow-${i % 7}` }, recipients: 'user_id', data: 'data' },
    })),
  };
  const event = trackEvent({ event: 'order_completed', userId: 'u', messageId: undefined, properties });
  return planEvent(rawEvent(event), liveConfiguration({ file }));
}

function messageOf(mappings: number, properties: JsonObject, idOf?: (i: number) => string) {
  return actionsMessageOf(planned(mappings, properties, idOf), {
    execution: '01KAJ6VY008M25RXK0Q4T9B7C0',
    again: false,
    nowMs: 0,
  });
}

/** As long as workflow-trigger lets an outcome become. */
function wordy({ refused: _refused, ...one }: Invocation, status: ActionOutcome['status']): ActionOutcome {
  const text = 'é'.repeat(512);
  return {
    ...one,
    status,
    reason: status === 'pending' ? 'target_unavailable' : 'target_refused',
    detail: text,
    warnings: Array.from({ length: 20 }, () => ({ code: 'recipient_missing', message: text })),
    result: { id: one.id, runs: 1, rejected: Array.from({ length: 100 }, (_, i) => `user-${i}`.padEnd(200, '-')) },
    ...(status === 'pending' && {
      progress: { phase: 'start', place: { object: 0, after: 'x'.repeat(100) }, runs: 1, cancelled: 0, refused: 0 },
      retryAtMs: 1,
    }),
    attempts: 3,
    firstAttemptAtMs: 1,
    ...(status !== 'pending' && { finishedAtMs: 2 }),
  };
}

function rowOf(message: ReturnType<typeof messageOf>, statusOf: (i: number) => ActionOutcome['status']) {
  const actions = message.invocations.map((one, i) => wordy(one, statusOf(i)));
  return itemFromEntry(
    { ...rowHead(message), actions, next: 2, origins: [message.origin], revision: 1, updatedAtMs: 1 },
    30,
  );
}

const statuses = ['pending', 'failed', 'skipped', 'succeeded'] as const;

describe('whatever is planned has a message that fits the queue and a row that fits the table', () => {
  test('for any number of mappings, size of the event and outcomes; none that waits loses its parameters', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: actionsPerEventMax })),
        fc.integer({ min: 0, max: 220 * 1024 }),
        fc.array(fc.constantFrom(...statuses), { minLength: 1, maxLength: 5 }),
        (mappings, bytes, pattern) => {
          const message = messageOf(mappings, {
            content: randomBytes(Math.min(bytes, (4 << 20) / mappings) / 2).toString('hex'),
          });
          expect(encodeActionsMessage(message)).toHaveProperty('text');
          const item = rowOf(message, (i) => pattern[i % pattern.length] ?? 'pending');
          expect(itemProblem(item)).toBeUndefined();
          const { actions } = entryFromItem(item);
          expect(actions.map(({ id }) => id)).toEqual(message.invocations.map(({ id }) => id));
          expect(actions.filter((action) => action.status === 'pending' && lacksParameters(action))).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  });

  test.each(statuses)('with as many actions as there may be under the longest ids, all of them %s', (status) => {
    const message = messageOf(actionsPerEventMax, { content: randomBytes(20 * 1024).toString('hex') }, longId);
    expect(itemProblem(rowOf(message, () => status))).toBeUndefined();
  });

  test('with the actions of other origins beside them', () => {
    const message = messageOf(actionsPerEventMax, { content: randomBytes(20 * 1024).toString('hex') });
    const others = Array.from({ length: actionsPerEventMax }, (_, i): Invocation => {
      const mapping = `before-${i}`;
      const payload = { data: { content: randomBytes(500).toString('hex') } };
      return { id: invocationId(message.execution, mapping), action: 'users_identify', mapping, payload };
    });
    const both = { ...message, invocations: [...others, ...message.invocations] };
    const item = rowOf(both, (i) => (i < others.length ? 'failed' : 'pending'));
    expect(itemProblem(item)).toBeUndefined();
    expect(
      entryFromItem(item)
        .actions.filter(lacksParameters)
        .every(({ status }) => status === 'failed'),
    ).toBe(true);
  });
});

test('an event for which more mappings run is rejected with that reason; one fewer runs', () => {
  expect(planned(actionsPerEventMax, {}).plan).toMatchObject({ kind: 'run' });
  expect(planned(actionsPerEventMax + 1, {}).plan).toEqual({
    kind: 'rejected',
    reason: 'too_many_actions',
    detail: `${actionsPerEventMax + 1} mappings run for this event, at most ${actionsPerEventMax} may; give some of them conditions, or remove some`,
  });
});
