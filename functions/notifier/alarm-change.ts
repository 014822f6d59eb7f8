import * as z from 'zod';
import type { NotedChange } from '../../shared/ports/announcements.ts';

/** An alarm was raised, or is over. */
export type AlarmChange = NotedChange & {
  /** Without the environment: `dead-letters`. Of another system's alarm: its whole name. */
  alarm: string;
};

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions.html */
const Message = z.object({
  AlarmName: z.string().min(1),
  AlarmDescription: z.string().nullish(),
  NewStateValue: z.enum(['ALARM', 'OK', 'INSUFFICIENT_DATA']),
  NewStateReason: z.string().nullish(),
  /** `2026-11-29T14:05:00.000+0000`, whose zone has no colon. */
  StateChangeTime: z.string(),
});

/**
 * Reads what CloudWatch tells SNS. Undefined: the alarm has no data, which says nothing.
 * @throws Error that says what is wrong with a message that is none
 */
export function readAlarmChange(text: string, environment: string): AlarmChange | undefined {
  const { AlarmName, AlarmDescription, NewStateValue, NewStateReason, StateChangeTime } = Message.parse(
    JSON.parse(text),
  );
  if (NewStateValue === 'INSUFFICIENT_DATA') return undefined;
  const atMs = Date.parse(StateChangeTime.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  if (Number.isNaN(atMs)) throw new Error(`StateChangeTime is "${StateChangeTime}", which is no time`);
  const [, first] = /datapoints? \[(-?[\d.]+(?:E-?\d+)?) /.exec(NewStateReason ?? '') ?? [];
  return {
    alarm: AlarmName.replace(`signalbox-${environment}-`, ''),
    state: NewStateValue === 'ALARM' ? 'raised' : 'over',
    atMs,
    description: AlarmDescription ?? '',
    ...(first !== undefined && { value: Number(first) }),
  };
}
