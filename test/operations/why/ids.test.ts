import { describe, expect, test } from '@jest/globals';
import { lowestIdAt } from '../../../shared/core/ids/event-id.ts';
import { idProblem, isFromTheFuture, shapeOf } from '../../../shared/operations/why/what-is.ts';

const event = '01M7Y31J12ZXK1GTCH8KCC0QT0';

describe('what a text looks like', () => {
  test.each([
    [event, 'event'],
    [`${event}-5e884898-user-1`, 'run'],
    [`${event}-5e884898-projects/p-1`, 'run'],
    ['f12c50a4-a4cb-571d-8d7f-7c4f1e770922', 'action'],
    // Version 4: a vendor's message id.
    ['f12c50a4-a4cb-471d-8d7f-7c4f1e770922', 'text'],
    ['user_42', 'text'],
    [`${event}-5e884898-`, 'text'],
    [`${event}-5e88489-user-1`, 'text'],
    [event.slice(1), 'text'],
    [event.replace('Z', 'I'), 'text'],
  ])('%s is taken for: %s', (text, shape) => {
    expect(shapeOf(text)).toBe(shape);
  });

  test('an event id in lower case is told apart from a wrong one', () => {
    expect(idProblem(event)).toBeUndefined();
    expect(idProblem(event.toLowerCase())).toContain(event);
    expect(idProblem('user_42')).toContain('is not an event id');
  });

  test('an id is from the future only beyond what clocks differ', () => {
    const now = 1_790_000_000_000;
    expect(isFromTheFuture(lowestIdAt(now + 60_000), now)).toBe(false);
    expect(isFromTheFuture(lowestIdAt(now + 600_000), now)).toBe(true);
  });
});
