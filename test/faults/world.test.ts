import { expect, test } from '@jest/globals';
import { functionsOf, resource, templateOf } from '../infra/templates.ts';
import { batchSize, functionSeconds, makeStores, maxReceiveCount } from './stores.ts';

test('the world has the times and limits of the stack', () => {
  const template = templateOf('production');
  const functions = functionsOf(template);
  for (const [name, seconds] of Object.entries(functionSeconds))
    expect([name, functions[name]?.properties.Timeout]).toEqual([name, seconds]);
  const { queues } = makeStores();
  const ids = {
    events: 'EventsQueue',
    actions: 'ActionsQueue',
    eventsDead: 'EventsDeadLetterQueue',
    actionsDead: 'ActionsDeadLetterQueue',
  } as const;
  for (const [name, id] of Object.entries(ids) as [keyof typeof ids, string][]) {
    const { Properties } = resource(template, id);
    const { visibilitySeconds, retentionSeconds, deadLetters } = queues[name].options;
    expect([id, Properties.VisibilityTimeout, Properties.MessageRetentionPeriod]).toEqual([
      id,
      visibilitySeconds,
      retentionSeconds,
    ]);
    expect(Properties.RedrivePolicy?.maxReceiveCount).toBe(deadLetters?.maxReceiveCount);
  }
  expect([batchSize, maxReceiveCount]).toEqual([10, 10]);
});
