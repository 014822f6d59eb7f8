import { alarmKindOf } from '../../shared/operations/alarms/alarm-kinds.ts';

/**
 * Within how many minutes of its cause an alarm is to be raised.
 * @throws Error for an alarm without a promise
 */
export function promisedMinutesOf(alarm: string): number {
  const kind = alarmKindOf(alarm);
  if (kind === undefined) throw new Error(`the alarm ${alarm} has no kind, and so no promise`);
  return kind.raisedWithinMinutes;
}
