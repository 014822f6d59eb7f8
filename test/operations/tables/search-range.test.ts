import { describe, expect, test } from '@jest/globals';
import { searchRange } from '../../../shared/operations/tables/search-range.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const day = 86_400_000;
const retentionDays = 14;

describe('the range of a list', () => {
  test('is the last three days unless a beginning is named', () => {
    expect(searchRange({}, nowMs, { retentionDays })).toMatchObject({ sinceMs: nowMs - 3 * day, byDefault: true });
    expect(searchRange({ since: nowMs - day }, nowMs, { retentionDays })).toMatchObject({
      sinceMs: nowMs - day,
      byDefault: false,
    });
    expect(searchRange({}, nowMs, { retentionDays, unbounded: true }).sinceMs).toBe(0);
  });

  test('begins where rows begin, and says so: older days hold nothing and cost reads', () => {
    const range = searchRange({ since: 0 }, nowMs, { retentionDays });
    expect(range.sinceMs).toBe(nowMs - 15 * day);
    expect(range.narrowed).toContain('kept for 14 days');
    expect(searchRange({ since: nowMs - 14 * day }, nowMs, { retentionDays }).narrowed).toBeUndefined();
  });

  test('ends now, however far ahead its end is named', () => {
    expect(searchRange({ until: Date.parse('9999-01-01') }, nowMs, { retentionDays }).untilMs).toBeLessThan(
      nowMs + day,
    );
  });

  test.each([
    [
      'an end before its beginning',
      { since: nowMs - 1000, until: nowMs - 2000 },
      '--until (2026-11-21 11:59:58Z) is before',
    ],
    ['a beginning in the future', { since: nowMs + day }, '--since is in the future'],
    ['an end before anything that is kept', { until: nowMs - 20 * day }, 'kept for 14 days'],
  ])('with %s is wrong usage, told in a sentence', (_what, asked, sentence) => {
    expect(() => searchRange(asked, nowMs, { retentionDays })).toThrow(sentence);
    expect(() => searchRange(asked, nowMs, { retentionDays })).toThrow(expect.objectContaining({ kind: 'invalid' }));
  });
});
