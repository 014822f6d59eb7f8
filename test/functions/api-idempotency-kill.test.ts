import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dieAt, type Fate } from '../support/die-at.ts';
import { makeFakeClaimStore, makeFakeEventLog } from '../support/fakes.ts';
import fc from '../support/fast-check.ts';
import type { ApiAnswer } from './api-for-tests.ts';
import { startWorkflowsApi, type WorkflowsApi } from './api-workflows-for-tests.ts';

/* Triggers with an idempotency key, by processes that die: docs/decisions/0061-a-claim-and-a-row-make-a-request-idempotent.md */

let api: WorkflowsApi;
beforeAll(async () => {
  api = await startWorkflowsApi({ claims: makeFakeClaimStore(), eventLog: makeFakeEventLog() });
  await api.client.users.update('ana', {});
  api.messages.length = 0;
});
afterAll(() => api.stop());

let keys = 0;
const freshKey = () => `key-${++keys}`;

const runId = ({ body }: ApiAnswer) => (body as { workflow_run_id?: string }).workflow_run_id;

describe('a process that dies', () => {
  /** The calls of a trigger that may be its last. */
  const mortal = () => {
    const { keys, directory, claims, actionsQueue, eventLog, seen } = api.deps;
    return { keys, directory, claims, actionsQueue, eventLog, seen };
  };

  /** One request by a process that dies as `fate` says. */
  async function triggerDying(key: string, fate?: Fate): Promise<{ answer: ApiAnswer; calls: number }> {
    const alive = mortal();
    const dying = dieAt(alive, fate);
    Object.assign(api.deps, dying.ports);
    try {
      const body = { recipients: ['ana'], actor: 'ana' };
      const headers = { 'idempotency-key': key };
      const answer = await api.call('POST', '/v1/workflows/call-it/trigger', { body, headers });
      // What a dead process would have said no one hears.
      return { answer: dying.died() ? { ...answer, status: 0 } : answer, calls: dying.calls() };
    } finally {
      Object.assign(api.deps, alive);
    }
  }

  /** What the requests with one key led to, once the last of them was answered. */
  async function outcome(key: string, fates: { fate: Fate; pauseMs: number }[]) {
    const heard: ApiAnswer[] = [];
    for (const { fate, pauseMs } of fates) {
      heard.push((await triggerDying(key, fate)).answer);
      api.clock.nowMs += pauseMs;
    }
    for (let tries = 0; tries < 15; tries++) {
      const { answer } = await triggerDying(key);
      heard.push(answer);
      if (answer.status === 200) break;
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      api.clock.nowMs += 1000;
    }
    const done = heard.filter(({ status }) => status === 200);
    expect(new Set(done.map(runId)).size).toBe(1);
    // Delivered now or later, together or apart, all messages are one run.
    const before = api.requests.length;
    await api.deliver();
    const called = api.requests.slice(before);
    return {
      runs: new Set(called.map(({ messageId }) => messageId)).size,
      ids: new Set(called.map(({ message }) => message.data.workflow_run_id)),
      answered: done.map(runId)[0],
    };
  }

  test('at any of its calls, before or after its effect, is repeated to exactly one run', async () => {
    const { calls } = await triggerDying(freshKey());
    api.messages.length = 0;
    // The key, the actor, the claim, the queue and the row; the use of the key and the call are noted.
    expect(calls).toBeGreaterThanOrEqual(5);
    for (let at = 0; at < calls; at++) {
      for (const when of ['before', 'after'] as const) {
        const { runs, ids, answered } = await outcome(freshKey(), [{ fate: { at, when }, pauseMs: 500 }]);
        expect({ at, when, runs, ids: [...ids] }).toEqual({ at, when, runs: 1, ids: [answered] });
      }
    }
  });

  test('any number of times, with any pauses, too', async () => {
    const fates = fc.array(
      fc.record({
        fate: fc.record({ at: fc.nat({ max: 6 }), when: fc.constantFrom('before', 'after') }),
        pauseMs: fc.constantFrom(0, 500, 9000, 11_000),
      }),
      { minLength: 1, maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(fates, async (all) => {
        const { runs, ids, answered } = await outcome(freshKey(), all);
        expect({ runs, ids: [...ids] }).toEqual({ runs: 1, ids: [answered] });
      }),
      { numRuns: 15 },
    );
  });
});
