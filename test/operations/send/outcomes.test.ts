import { describe, expect, test } from '@jest/globals';
import { outcomesOf, waitsForOperator } from '../../../shared/operations/send/outcomes.ts';
import { actionEntry, eventEntry, outcome } from '../../cli/entries-for-tests.ts';

const about = { source: 'shop', on: ' -e staging' };
type Change = NonNullable<Parameters<typeof outcome>[1]>;

function ended(...changes: Change[]) {
  const entry = eventEntry();
  const actions = changes.map((change, i) => outcome(entry.id, { mapping: `mapping-${i}`, ...change }));
  return { entry, actions: actionEntry(entry, actions) };
}
function waiting(...changes: Change[]) {
  const { entry, actions } = ended(...changes);
  return { id: entry.id, entry, actions };
}
const refused: Change = { status: 'failed', reason: 'target_refused', detail: 'it answered 400' };
const held: Change = { status: 'pending', reason: 'held', detail: 'it is paused' };

describe('what did not succeed of a send', () => {
  test('is nothing where all did', () => {
    expect(outcomesOf([ended({}), { entry: eventEntry({ status: 'no_mapping' }) }], [], about)).toEqual([]);
  });

  test('is named by reason with a count, an example and the next command, failures first', () => {
    const skipped = ended({ status: 'skipped', reason: 'recipient_unknown' });
    const [first, second] = [ended(refused), ended(refused)];
    expect(outcomesOf([skipped, first, second], [], about)).toEqual([
      {
        outcome: 'failed',
        what: 'action',
        reason: 'target_refused',
        workflow: 'order-completed',
        detail: 'it answered 400',
        count: 2,
        example: first.entry.id,
        next: `npx signalbox why ${first.entry.id} -e staging`,
      },
      expect.objectContaining({ outcome: 'skipped', reason: 'recipient_unknown', count: 1 }),
    ]);
  });

  test.each(['failed', 'rejected'] as const)('counts an event that was %s', (status) => {
    const entry = eventEntry({ status, reason: 'payload_invalid', detail: 'userId is a number' });
    expect(outcomesOf([{ entry }], [], about)).toMatchObject([
      { outcome: 'failed', what: 'event', reason: 'payload_invalid', next: `npx signalbox why ${entry.id} -e staging` },
    ]);
  });

  test.each<[string, Change, string]>([
    ['held by its workflow', held, 'npx signalbox workflow resume order-completed -e staging'],
    [
      'for a secret',
      { status: 'pending', reason: 'secret_missing' },
      'npx signalbox secrets set targets/order-completed -e staging',
    ],
  ])('an action that waits, %s, leads to the command that ends it', (_title, change, next) => {
    expect(outcomesOf([], [waiting(change)], about)).toMatchObject([{ outcome: 'waiting', what: 'action', next }]);
  });

  test('an event of a paused source is held, not final', () => {
    const entry = eventEntry({ status: 'held', reason: 'source_paused' });
    expect(outcomesOf([{ entry }], [], about)).toMatchObject([
      { outcome: 'waiting', reason: 'held', next: 'npx signalbox sources resume shop -e staging' },
    ]);
  });

  test('an event without a row leads to the doctor', () => {
    expect(outcomesOf([], [{ id: '01K' }, { id: '01L' }], about)).toMatchObject([
      { outcome: 'waiting', what: 'event', reason: 'no_row_yet', count: 2, next: 'npx signalbox doctor -e staging' },
    ]);
  });
});

describe('waiting longer', () => {
  test('is in vain where all is held', () => {
    expect(waitsForOperator([waiting(held), waiting({}, held)])).toBe(true);
  });

  test.each([
    ['a try comes by itself', [waiting(held), waiting({ status: 'pending', reason: 'target_timeout' })]],
    ['an event has no row', [waiting(held), { id: '01K' }]],
  ])('helps where %s', (_title, some) => {
    expect(waitsForOperator(some)).toBe(false);
  });
});
