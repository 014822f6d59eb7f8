import { expect, test } from '@jest/globals';
import { habitOf } from '../../../shared/operations/doctor/silence.ts';

const hour = 3_600_000;
const untilMs = 500_000 * hour;

/** Events in these hours before the end; hour 0 is the present one. */
const accepted = (...hoursAgo: number[]) => new Map(hoursAgo.map((ago) => [untilMs - (ago + 1) * hour, 5]));
const range = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step);

test.each([
  ['an event in this hour', range(0, 100), { silentHours: 0, longestPauseHours: 0, isSilent: false }],
  ['one quiet hour after a busy week', range(1, 100), { silentHours: 1, isSilent: false }],
  ['two quiet hours after a busy week', range(2, 100), { silentHours: 2, isSilent: true }],
  ['a pause as long as others', range(5, 150, 6), { silentHours: 5, longestPauseHours: 5, isSilent: false }],
  ['a pause twice as long as others', range(10, 165, 6), { silentHours: 10, longestPauseHours: 5, isSilent: false }],
  ['a pause longer than that', range(11, 165, 6), { silentHours: 11, longestPauseHours: 5, isSilent: true }],
  ['a source with too few hours to have a habit', range(50, 73), { silentHours: 50, isSilent: false }],
  ['a source that never sent anything', [], { silentHours: undefined, isSilent: false }],
])('%s', (_, hours, habit) => {
  expect(habitOf(accepted(...hours), untilMs)).toMatchObject(habit);
});
