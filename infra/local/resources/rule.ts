import * as z from 'zod';
import type { ScheduleTimes } from '../schedule.ts';
import { arnOf, functionNameFromArn, generatedName, namesOf, type ResourceType } from './resource-type.ts';

export type RuleResource = {
  name: string;
  times: ScheduleTimes;
  functionNames: string[];
};

const Properties = z.object({
  ScheduleExpression: z
    .string()
    .regex(
      /^cron\(\d+ (\d+|\*) \* \* \? \*\)$/,
      'only a time of each day or hour is supported, such as cron(5 4 * * ? *) and cron(5 * * * ? *)',
    ),
  State: z.literal('ENABLED').default('ENABLED'),
  Targets: z.array(z.object({ Arn: z.string().startsWith('arn:aws:lambda:', 'only functions are supported') })).min(1),
});

/** A schedule of EventBridge. */
export const rule: ResourceType<RuleResource, { addSchedule(definition: RuleResource): void }> = {
  type: 'AWS::Events::Rule',
  names: (resource) => namesOf(generatedName(resource), { Arn: arnOf('events', `rule/${generatedName(resource)}`) }),
  read(properties, { ref: name }) {
    const { ScheduleExpression, Targets } = Properties.parse(properties);
    const [minute = 0, hour] = [...ScheduleExpression.matchAll(/\d+/g)].map(([digits]) => Number(digits));
    const times: ScheduleTimes =
      hour === undefined ? { every: 'hour', atMinute: minute } : { every: 'day', atMinute: hour * 60 + minute };
    return { name, times, functionNames: Targets.map(({ Arn }) => functionNameFromArn(Arn)) };
  },
  start: (resource, host) => host.addSchedule(resource),
};
