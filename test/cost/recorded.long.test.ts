import { expect, test } from '@jest/globals';
import { recordedUnits } from '../../infra/cost/recorded-units.ts';
import { readTemplateFacts } from '../../infra/cost/template-facts.ts';
import type { EventUnits } from '../../infra/cost/units.ts';
import { developmentStack } from '../bench/assembly.ts';
import { javaIsFound } from '../support/dynamodb-local.ts';
import { measureUnits } from './measure-units.ts';

const countsOf = ({ gatewayRequests, calls, queueRequests, groupedQueueRequests, writeUnits, readUnits }: EventUnits) =>
  rounded({
    gatewayRequests,
    calls,
    queueRequests,
    groupedQueueRequests,
    writeUnits,
    readUnits,
  });

// As the record is: sums of tenths have odd last digits.
const rounded = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, one) => (typeof one === 'number' ? Number(one.toPrecision(4)) : one)));

// Otherwise scale and the pages would calculate with what an event took once. `npm run cost -- --record` writes it.
(javaIsFound() ? test : test.skip)(
  'what is recorded for an event is what it takes',
  async () => {
    const stack = await developmentStack(() => undefined);
    const { question, targets } = recordedUnits;
    const asked = { ...question, target: 'log' } as const;
    const measured = await measureUnits(stack, readTemplateFacts(stack.template), asked, () => undefined);
    expect(countsOf(measured.full)).toEqual(countsOf(targets.log.full));
    expect(countsOf(measured.single)).toEqual(countsOf(targets.log.single));
  },
  120_000,
);
