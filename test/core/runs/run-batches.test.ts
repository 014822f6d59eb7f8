import { describe, expect, test } from '@jest/globals';
import { assignBatches, batchMessageId } from '../../../shared/core/runs/run-batches.ts';

const ids = Array.from({ length: 7 }, (_, i) => `run-${i}`);

describe('batches', () => {
  test('take runs in order, the last what is left', () => {
    const assigned = assignBatches(ids, 3);
    expect(assigned).toEqual([
      ...Array(3).fill(batchMessageId(ids.slice(0, 3))),
      ...Array(3).fill(batchMessageId(ids.slice(3, 6))),
      batchMessageId(ids.slice(6)),
    ]);
    expect(new Set(assigned).size).toBe(3);
  });

  test('of the same runs have the same id, of others another', () => {
    expect(assignBatches(ids, 3)).toEqual(assignBatches([...ids], 3));
    expect(batchMessageId(['a', 'b'])).not.toBe(batchMessageId(['b', 'a']));
    expect(batchMessageId(['a', 'b'])).not.toBe(batchMessageId(['a\nb', '']));
  });

  test('have ids that no run has', () => {
    expect(batchMessageId(['run-1'])).toMatch(/^msg_[0-9a-f]{8}-[0-9a-f]{4}-5/);
  });
});
