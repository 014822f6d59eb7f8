import { describe, expect, test } from '@jest/globals';
import { daysToState } from '../../../shared/operations/verify/daily-statements.ts';
import type { Statement } from '../../../shared/operations/verify/statement.ts';

const nowMs = Date.parse('2026-11-29T04:05:00Z');
const made = (day: string, verdict: Statement['verdict'] = 'complete') =>
  ({ window: { since: `${day}T00:00:00.000Z` }, verdict }) as Statement;
const days = (stored: Statement[], retentionDays = 90) =>
  daysToState(stored, nowMs, retentionDays).map((day) => new Date(day).toISOString().slice(0, 10));

describe('the schedule states', () => {
  test('yesterday, and no earlier day when it never ran before', () => {
    expect(days([])).toEqual(['2026-11-28']);
  });

  test('a day that is complete only once', () => {
    expect(days([made('2026-11-27'), made('2026-11-28')])).toEqual([]);
  });

  test('a day that waited or differed again, until it is complete', () => {
    const stored = [made('2026-11-26', 'differs'), made('2026-11-27', 'not_yet_complete'), made('2026-11-25')];
    expect(days(stored)).toEqual(['2026-11-28', '2026-11-27', '2026-11-26']);
    expect(days([...stored, made('2026-11-27')])).toEqual(['2026-11-28', '2026-11-26']);
  });

  test('days that it missed since its first statement', () => {
    expect(days([made('2026-11-25')])).toEqual(['2026-11-28', '2026-11-27', '2026-11-26']);
  });

  test('no day whose queues and rows have expired', () => {
    expect(days([made('2026-01-01', 'differs')])).toHaveLength(14);
    expect(days([made('2026-01-01', 'differs')], 3)).toEqual(['2026-11-28', '2026-11-27']);
  });
});
