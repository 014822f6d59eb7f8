import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { makeWorkflowTargets, type WorkflowTargetsDeps } from '../../shared/adapters/workflow-targets.ts';
import { Target } from '../../shared/core/configuration/targets/index.ts';
import { failuresToOpen } from '../../shared/core/targets/breaker.ts';
import { localCredentials } from '../support/dynalite.ts';
import { makeFakeLimiter } from '../support/fake-run-limits.ts';
import { makeFakeTargetBreakers } from '../support/fake-target-breakers.ts';
import { runRequest } from '../support/runs.ts';
import { targetExamples } from '../support/target-examples.ts';
import { awsJson, startWireServer } from '../support/wire-server.ts';

let server: Awaited<ReturnType<typeof startWireServer>>;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.received.length = 0;
  // Every type of target takes this for a success.
  server.world.answer = (_request, response) =>
    awsJson(response, 200, { executionArn: 'arn', startDate: 1, Entries: [{ EventId: 'e' }], workflow_run_id: 'r' });
});

const target = (type: Target['type']) =>
  Target.parse({ type, ...targetExamples[type], ...(type === 'http' && { url: server.url }) });

function open({ isLocal = false, ...change }: Partial<WorkflowTargetsDeps> & { isLocal?: boolean } = {}) {
  const values = [`whsec_${Buffer.from('a target secret of 32 bytes long').toString('base64')}`];
  return makeWorkflowTargets({
    secrets: { valuesOf: async () => values, refresh: async () => values },
    allowPrivate: true,
    nowMs: Date.now,
    breakers: makeFakeTargetBreakers(),
    limiter: makeFakeLimiter(),
    ...(!isLocal && { aws: { endpoint: server.url, ...localCredentials } }),
    knockUrl: server.url,
    ...change,
  });
}

describe('every type of target', () => {
  test.each(Object.keys(targetExamples) as Target['type'][])('%s can be opened and takes a run', async (type) => {
    const opened = open()('order-completed', target(type));
    expect(await opened.start(runRequest())).toMatchObject({ kind: 'accepted' });
    expect(opened.recordsOnly).toBe(type === 'log');
    expect(server.received).toHaveLength(type === 'log' ? 0 : 1);
  });

  test('has an example here', () => {
    expect(Object.keys(targetExamples).sort()).toEqual(Target.options.map(({ shape }) => shape.type.value).sort());
  });

  test.each(['http', 'step-functions', 'event-bridge', 'knock'] as const)('%s has a breaker', async (type) => {
    server.world.answer = (_request, response) => void response.writeHead(500).end('{}');
    const breakers = makeFakeTargetBreakers();
    const targets = open({ breakers });
    for (let i = 0; i < failuresToOpen + 3; i++) {
      // Opened anew for each action, as the engine does.
      const answer = await targets('order-completed', target(type)).start(runRequest());
      expect(answer).toMatchObject({ kind: 'unavailable', reason: 'target_unavailable' });
    }
    expect(breakers.stored.get('order-completed')?.isOpen).toBe(true);
    const before = server.received.length;
    await targets('order-completed', target(type)).start(runRequest());
    expect(server.received).toHaveLength(before);
  });
});

describe('in a local run', () => {
  test.each([
    ['step-functions', 'Step Functions'],
    ['event-bridge', 'EventBridge'],
  ] as const)('%s refuses at once, says why, and calls nobody', async (type, service) => {
    const targets = open({ isLocal: true });
    expect(await targets('order-completed', target(type)).start(runRequest())).toEqual({
      kind: 'refused',
      detail: `a local run has no ${service}; give this environment a log or http target to try the workflow here`,
    });
    expect(server.received).toEqual([]);
  });
});
