import { describe, expect, test } from '@jest/globals';
import { environments, type PipelineEnvironment, syncLimits } from '../../infra/environments.ts';

describe.each<[string, PipelineEnvironment]>(environments.map((one) => [one.name, one]))('%s', (_name, environment) => {
  test('leaves other callers half of the requests that its stage lets through', () => {
    const { throttle, apiThrottle } = environment;
    const letThrough = Math.min(throttle.requestsPerSecond, apiThrottle.requestsPerSecond);
    expect(syncLimits(environment).requestsPerSecond).toBeLessThanOrEqual(letThrough / 2);
  });

  test('tells a sync no more batches than it can send at its speed', () => {
    const { batchSize, parallelBatches, recordsPerSecond } = syncLimits(environment);
    expect(recordsPerSecond / batchSize).toBeLessThanOrEqual(parallelBatches);
  });
});

test('the environment of a laptop tells a sync one batch at a time, and less than two cores can store', () => {
  const [first] = environments;
  expect(first.name).toBe('development');
  expect(syncLimits(first)).toMatchObject({ parallelBatches: 1, recordsPerSecond: 200 });
});
