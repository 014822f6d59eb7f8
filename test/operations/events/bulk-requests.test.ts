import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bulkMapping } from '../../../shared/core/executions/bulk-operation.ts';
import { apiRunId } from '../../../shared/core/ids/api-run-id.ts';
import { makeEventId } from '../../../shared/core/ids/event-id.ts';
import { executionsOf } from '../../../shared/core/ids/executions-of.ts';
import { invocationId } from '../../../shared/core/ids/invocation-id.ts';
import type { ActionOutcome } from '../../../shared/core/logs/action-log-entry.ts';
import { actionLogOf, readActionLogs } from '../../../shared/operations/actions/actions.ts';
import { eventRow } from '../../../shared/operations/events/event-row.ts';
import { previewIds } from '../../../shared/operations/replay/replay-ids.ts';
import type { KnownSource } from '../../../shared/operations/sources/known-sources.ts';
import { makeAcceptedCounts } from '../../../shared/operations/verify/accepted-counts.ts';
import { verifyEvents } from '../../../shared/operations/verify/verify-events.ts';
import { resolveId } from '../../../shared/operations/why/resolve-id.ts';
import { tellEvent } from '../../../shared/operations/why/why.ts';
import { actionEntry, eventEntry, outcome } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';

/* A bulk request is one event with several executions: every question about events knows all of them. */

const known: KnownSource[] = [{ key: 'api', shards: 1 }];
const receivedMs = Date.now() - 60_000;
const id = makeEventId('api', 0, receivedMs, randomBytes(12));
const executions = executionsOf('api', id, 3);
const request = eventEntry({
  ...{ id, source: 'api', eventType: 'users.bulk.identify', actionsPlanned: 6, executions: 3 },
  verification: 'enforced:verified',
});
let environment: TestEnvironment;

/** The two items of an execution. */
function itemsOf(nth: number, second: Partial<ActionOutcome> = {}): ActionOutcome[] {
  const execution = executions[nth] as string;
  return [0, 1].map((i) => {
    const mapping = bulkMapping(2 * nth + i, 0, 1);
    const payload = { id: `u${2 * nth + i}` };
    const head = { id: invocationId(execution, mapping), action: 'users_identify', mapping, payload, result: {} };
    return outcome(execution, { ...head, ...(i === 1 && second) });
  });
}
const rowOf = (nth: number, actions: ActionOutcome[]) =>
  actionEntry({ ...request, execution: executions[nth] as string }, actions);
const verify = async () =>
  verifyEvents(environment, makeAcceptedCounts(await environment.metrics(), environment.name), {
    known,
    range: { sinceMs: receivedMs - 60_000, untilMs: receivedMs + 60_000, periodSeconds: 60 },
    all: false,
    looks: 1,
  });
const replay = async () => (await previewIds(environment, [id], { known, force: false, nowMs: Date.now() }))[0];

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration());
  await environment.eventLog.writeEach([request]);
  await environment.actionLog.writeEach([
    rowOf(0, itemsOf(0)),
    rowOf(1, itemsOf(1, { status: 'failed', reason: 'dead_lettered' })),
  ]);
});
afterAll(() => environment.stop());

test('an execution without a row is lost while no queue holds its message, though the others have theirs', async () => {
  expect((await verify()).actions).toMatchObject({ expected: 3, lost: 1 });
  const logs = await readActionLogs(actionLogOf(environment), [request]);
  expect(eventRow(request, logs.get(id)).actions).toEqual({
    succeeded: 3,
    skipped: 0,
    failed: 1,
    pending: 2,
    discarded: 0,
  });
  const story = await tellEvent(environment, id, known, Date.now());
  expect(story?.now).toMatchObject({ state: 'waiting', text: expect.stringMatching(/^2 of 6 actions wait/) });
});

test('with all rows it is accounted for, and its story has every item', async () => {
  await environment.actionLog.writeEach([rowOf(2, itemsOf(2))]);
  expect(await verify()).toMatchObject({ actions: { expected: 3, lost: 0, waiting: [], pending: [] } });
  const story = await tellEvent(environment, id, known, Date.now());
  expect(story?.actions.map(({ mapping, execution }) => [mapping, executions.indexOf(execution)])).toEqual([
    ...[0, 1].map((item) => [`api-${item}`, 0]),
    ...[2, 3].map((item) => [`api-${item}`, 1]),
    ...[4, 5].map((item) => [`api-${item}`, 2]),
  ]);
  expect(story?.now.text).toBe('Over: 1 of 6 actions failed for good.');
});

test('it is found by the id of its operation', async () => {
  expect(await resolveId(environment, apiRunId(id), known)).toEqual({ as: 'operation', eventId: id });
});

test('a replay runs only the execution in which something failed, with its parameters', async () => {
  expect(await replay()).toMatchObject({
    ...{ outcome: 'would_replay', sent: 'actions' },
    detail: 'runs again what is missing in 1 of 3 executions',
  });
});
