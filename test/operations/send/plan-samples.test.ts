import { expect, test } from '@jest/globals';
import { planSamples, sampleTypes } from '../../../shared/operations/send/plan-samples.ts';
import { sourceGuides } from '../../../shared/operations/sources/source-guides.ts';

const guides = await sourceGuides();

test.each(guides.map(({ kind, guide }) => [kind.id, guide.samples] as const))(
  'each type of which %s has samples can be sent, and is of that type',
  (_kind, samples) => {
    const types = sampleTypes(samples);
    expect(types.length).toBeGreaterThan(0);
    for (const eventType of types) expect(planSamples(samples, { eventType }).events).toMatchObject([{ eventType }]);
  },
);
