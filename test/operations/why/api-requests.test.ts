import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import picocolors from 'picocolors';
import type { Terminal } from '../../../infra/cli/terminal/terminal.ts';
import { printStory } from '../../../infra/cli/why/story.ts';
import { actionLogOf, readActionLog } from '../../../shared/operations/actions/actions.ts';
import { eventLogOf, listEvents, readEvent } from '../../../shared/operations/events/events.ts';
import { planReplay } from '../../../shared/operations/replay/plan-replay.ts';
import { previewIds } from '../../../shared/operations/replay/replay-ids.ts';
import { findRuns } from '../../../shared/operations/runs/find-runs.ts';
import { runRow } from '../../../shared/operations/runs/run-row.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { take } from '../../../shared/operations/tables/newest-first.ts';
import { rowsOf } from '../../../shared/operations/tables/reading.ts';
import { resolveId } from '../../../shared/operations/why/resolve-id.ts';
import { type EventStory, tellEvent } from '../../../shared/operations/why/why.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { startWorkflowsApi, type WorkflowsApi } from '../../functions/api-workflows-for-tests.ts';
import { syncCensus } from '../../functions/destination-for-tests.ts';

/* What operators see of triggers that were asked by the REST API. */

let environment: TestEnvironment;
let api: WorkflowsApi;
beforeAll(async () => {
  environment = await startEnvironment();
  api = await startWorkflowsApi({}, environment.tables);
  await environment.commit(api.configuration);
  await api.client.users.update('ana', {});
  await api.deliver();
});
afterAll(() => environment.stop());
beforeEach(() => {
  api.clock.nowMs += 1000;
  api.target.answer = () => ({ kind: 'accepted', reference: { status: 202 } });
});

async function trigger(workflow: string, idempotencyKey: string) {
  const asked = api.client.workflows.trigger(workflow, { recipients: ['ana'] }, { idempotencyKey });
  const { data, response } = await asked.withResponse();
  return { runId: data.workflow_run_id, requestId: response.headers.get('x-request-id') ?? '' };
}

async function known() {
  return (await readSources(environment)).known;
}

async function storyOf(id: string) {
  const resolved = await resolveId(environment, id, await known());
  if (!('eventId' in resolved)) throw new Error(`resolved as ${resolved.as}`);
  const story = await tellEvent(environment, resolved.eventId, await known(), api.clock.nowMs);
  return { as: resolved.as, story };
}

async function replay(id: string, force = false) {
  const asked = { known: await known(), force, nowMs: api.clock.nowMs };
  return (await previewIds(environment, [id], asked))[0];
}

describe('why', () => {
  test('leads from each id of a trigger to its whole story', async () => {
    const { runId, requestId } = await trigger('call-it', 'order_1');
    await api.deliver();
    const [request] = api.requests.slice(-1);
    const recipientRun = String(request?.message.data.id);
    const ways: unknown[] = [];
    for (const id of [requestId, runId, runId.toUpperCase(), recipientRun, 'order_1']) {
      const { as, story } = await storyOf(id);
      ways.push(as);
      expect(story).toMatchObject({
        id: requestId,
        event: { source: 'api', type: 'workflows.trigger', status: 'processed', user_id: 'ana', key: 'order_1' },
        claim: { key: 'order_1', is_owner: true, execution: requestId, expired: false },
        actions: [{ action: 'workflows_trigger', status: 'succeeded', result: { id: runId, runs: 1 } }],
        runs: [{ id: recipientRun, workflow_run_id: runId, source: 'api', status: 'handed_off' }],
        now: { state: 'done' },
      });
    }
    expect(ways).toEqual(['event', 'trigger', 'trigger', 'run', 'message']);
  });

  test('is told without mappings, which no call of the API has', async () => {
    const { requestId } = await trigger('log-it', 'order_told');
    await api.deliver();
    const story = (await storyOf(requestId)).story as EventStory;
    const lines: string[] = [];
    const terminal: Terminal = {
      columns: undefined,
      interactive: false,
      colours: picocolors.createColors(false),
      out: (line) => void lines.push(line),
      print: (text) => void lines.push(text),
      note: (text) => void lines.push(text),
      async drained() {},
    };
    printStory(terminal, story, api.clock.nowMs);
    const told = lines.join('\n');
    expect(told).toContain('Actions');
    expect(told).not.toContain('Mappings');
    const event = { ...story.event, source: 'rudderstack' } as typeof story.event;
    lines.length = 0;
    printStory(terminal, { ...story, event }, api.clock.nowMs);
    expect(lines.join('\n')).toContain('Mappings');
  });

  test('leads from the run id to the repetition that went on with a request that died', async () => {
    const { eventLog } = api.deps;
    api.deps.eventLog = { ...eventLog, writeEach: async () => [new Error('the process died')] };
    const died = await api.call('POST', '/v1/workflows/log-it/trigger', {
      body: { recipients: ['ana'] },
      headers: { 'idempotency-key': 'order_2' },
    });
    api.messages.length = 0;
    api.deps.eventLog = eventLog;
    const { runId, requestId } = await trigger('log-it', 'order_2');
    await api.deliver();
    const { story } = await storyOf(runId);
    expect(story).toMatchObject({
      id: requestId,
      claim: { owner: requestId, execution: died.headers['x-request-id'] },
      runs: [{ workflow_run_id: runId }],
    });
  });

  test('says of a repetition whose copy it is, and of a request without a key that it has none', async () => {
    const first = await trigger('log-it', 'order_3');
    const copy = await trigger('log-it', 'order_3');
    expect((await storyOf(copy.requestId)).story).toMatchObject({
      event: { status: 'idempotent', duplicate_of: first.requestId },
      claim: { owner: first.requestId, is_owner: false },
    });
    const { headers } = await api.call('POST', '/v1/workflows/log-it/trigger', { body: { recipients: ['ana'] } });
    expect((await storyOf(headers['x-request-id'] ?? '')).story).toMatchObject({
      claim: null,
      claim_note: expect.stringContaining('Idempotency-Key'),
    });
    await api.deliver();
  });

  test('says of a synced record that the request applied it, so it needs no key', async () => {
    await syncCensus(api, [{ id: 'ana', name: 'Ana' }]);
    const range = { sinceMs: 0, untilMs: api.clock.nowMs + 1 };
    const [row] = await listEvents(eventLogOf(environment), {
      ...range,
      sources: await known(),
      userId: 'ana',
      limit: 1,
    });
    expect((await storyOf(row?.id ?? '')).story).toMatchObject({
      event: { source: 'census', status: 'processed', user_id: 'ana' },
      claim_note: expect.stringContaining('the request itself applied the record'),
      now: { state: 'done' },
    });
  });
});

test('runs shows them with the API as their source', async () => {
  const range = { sinceMs: 0, untilMs: api.clock.nowMs };
  const runs = await take(
    rowsOf(findRuns(environment, await readSources(environment), { recipient: 'ana' }, range)),
    10,
  );
  expect(new Set(runs.map((run) => runRow(run).source))).toEqual(new Set(['api']));
});

test('a repetition counts as accepted and as a duplicate, so that verify balances', async () => {
  await trigger('log-it', 'order_4');
  const before = api.counted.length;
  api.deps.metrics.flush();
  api.counted.length = before;
  await trigger('log-it', 'order_4');
  api.deps.metrics.flush();
  const counts = Object.assign({}, ...api.counted.slice(before)) as Record<string, unknown>;
  expect(counts).toMatchObject({ EventsAccepted: 1, EventsDuplicate: 1, reason: 'duplicate' });
  expect(counts).not.toHaveProperty('EventsProcessed');
  await api.deliver();
});

describe('replay', () => {
  test('runs a trigger again that its target refused, under the same run id', async () => {
    api.target.answer = () => ({ kind: 'refused', detail: 'no such address' });
    const { runId, requestId } = await trigger('call-it', 'order_5');
    await api.deliver();
    expect((await storyOf(runId)).story).toMatchObject({ now: { state: 'failed' }, runs: [{ status: 'failed' }] });
    expect(await replay(runId)).toMatchObject({ event_id: requestId, outcome: 'would_replay', sent: 'actions' });

    api.target.answer = () => ({ kind: 'accepted' });
    const facts = { entry: await entryOf(requestId), log: await logOf(requestId), actionsQueueEmpty: true };
    const event = { eventType: 'workflows.trigger', data: {}, occurredAtMs: api.clock.nowMs };
    const plan = planReplay({ ...facts, event }, 'replay-1', api.clock.nowMs);
    if (plan.kind !== 'actions') throw new Error(plan.detail);
    expect(plan.messages.map(({ invocations }) => invocations.map(({ id }) => id))).toEqual([[runId]]);
    api.messages.push(...plan.messages);
    await api.deliver();
    expect((await storyOf(runId)).story).toMatchObject({ now: { state: 'done' }, runs: [{ status: 'handed_off' }] });
  });

  test.each<[string, () => Promise<string>, boolean, string]>([
    ['a repetition', async () => (await trigger('log-it', 'order_4')).requestId, false, 'is a copy of'],
    ['a request that was refused', refusedRequest, false, 'its client must send it again'],
    ['any request as a new event', async () => (await trigger('log-it', 'order_6')).requestId, true, 'only its client'],
  ])('does nothing for %s, and says why', async (_name, id, force, words) => {
    expect(await replay(await id(), force)).toMatchObject({
      outcome: 'skipped',
      detail: expect.stringContaining(words),
    });
  });
});

async function refusedRequest(): Promise<string> {
  const { headers } = await api.call('POST', '/v1/workflows/nope/trigger', { body: { recipients: ['ana'] } });
  return headers['x-request-id'] ?? '';
}

async function entryOf(id: string) {
  const entry = await readEvent(eventLogOf(environment), id, await known());
  if (entry === undefined) throw new Error(`no row of ${id}`);
  return entry;
}

const logOf = (execution: string) => readActionLog(actionLogOf(environment), execution);
