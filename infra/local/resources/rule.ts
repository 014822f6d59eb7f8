import * as z from 'zod';
import { arnOf, functionNameFromArn, generatedName, namesOf, type ResourceType } from './resource-type.ts';

export type RuleResource = {
  name: string;
  /** Each day at this minute of UTC. */
  minuteOfDay: number;
  functionNames: string[];
};

const Properties = z.object({
  ScheduleExpression: z
    .string()
    .regex(/^cron\(\d+ \d+ \* \* \? \*\)$/, 'only a time of each day is supported, such as cron(5 4 * * ? *)'),
  State: z.literal('ENABLED').default('ENABLED'),
  Targets: z.array(z.object({ Arn: z.string().startsWith('arn:aws:lambda:', 'only functions are supported') })).min(1),
});

/** A schedule of EventBridge. */
export const rule: ResourceType<RuleResource, { addSchedule(definition: RuleResource): void }> = {
  type: 'AWS::Events::Rule',
  names: (resource) => namesOf(generatedName(resource), { Arn: arnOf('events', `rule/${generatedName(resource)}`) }),
  read(properties, { ref: name }) {
    const { ScheduleExpression, Targets } = Properties.parse(properties);
    const [minute = 0, hour = 0] = [...ScheduleExpression.matchAll(/\d+/g)].map(([digits]) => Number(digits));
    return { name, minuteOfDay: hour * 60 + minute, functionNames: Targets.map(({ Arn }) => functionNameFromArn(Arn)) };
  },
  start: (resource, host) => host.addSchedule(resource),
};
