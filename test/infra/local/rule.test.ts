import { describe, expect, test } from '@jest/globals';
import { rule } from '../../../infra/local/resources/rule.ts';
import { nextTimeMs } from '../../../infra/local/schedule.ts';

describe('a rule of the template runs here', () => {
  const names = { ref: 'r', attribute: () => undefined };
  const read = (properties: object) => rule.read(properties as never, names, {} as never);
  const target = [{ Arn: 'arn:aws:lambda:us-east-1:000000000000:function:f', Id: 'Target0' }];
  const next = (ScheduleExpression: string, now: string) => {
    const { times } = read({ ScheduleExpression, State: 'ENABLED', Targets: target });
    return new Date(nextTimeMs(times, Date.parse(now))).toISOString();
  };

  test.each([
    ['cron(5 4 * * ? *)', '2026-11-29T04:04:59.999Z', '2026-11-29T04:05:00.000Z'],
    ['cron(5 4 * * ? *)', '2026-11-29T04:05:00.000Z', '2026-11-30T04:05:00.000Z'],
    ['cron(5 * * * ? *)', '2026-11-29T04:04:59.999Z', '2026-11-29T04:05:00.000Z'],
    ['cron(5 * * * ? *)', '2026-11-29T04:05:00.000Z', '2026-11-29T05:05:00.000Z'],
  ])('each day or hour at its minute of UTC: %s after %s', (expression, now, time) => {
    expect(next(expression, now)).toBe(time);
  });

  test('by its functions', () => {
    expect(read({ ScheduleExpression: 'cron(5 4 * * ? *)', Targets: target })).toMatchObject({
      name: 'r',
      functionNames: ['f'],
    });
  });

  test('and is refused when it is of another kind, or calls no function', () => {
    expect(() => read({ ScheduleExpression: 'rate(5 minutes)', Targets: target })).toThrow(
      'only a time of each day or hour',
    );
    expect(() => read({ ScheduleExpression: 'cron(*/5 * * * ? *)', Targets: target })).toThrow('only a time');
    const queue = [{ Arn: 'arn:aws:sqs:us-east-1:000000000000:q', Id: 'Target0' }];
    expect(() => read({ ScheduleExpression: 'cron(5 4 * * ? *)', Targets: queue })).toThrow('only functions');
  });
});
