import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeSubscriptions } from '../../../shared/adapters/dynamodb-subscriptions.ts';
import { printRunId, runKey } from '../../../shared/core/ids/run-id.ts';
import { cancelRun } from '../../../shared/operations/runs/cancel-run.ts';
import { findRuns, type RunsWanted } from '../../../shared/operations/runs/find-runs.ts';
import { runRow } from '../../../shared/operations/runs/run-row.ts';
import { readRun, workflowRunsOf } from '../../../shared/operations/runs/runs.ts';
import { take } from '../../../shared/operations/tables/newest-first.ts';
import { rowsOf } from '../../../shared/operations/tables/reading.ts';
import { actionEntry, eventEntry, outcome, run } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';

const event = eventEntry();
const nowMs = event.processedAtMs + 1_000;
const keyOf = (user: string) => runKey({ kind: 'user', id: user }, event.id, 'order-completed');
const idOf = (user: string) => printRunId(keyOf(user));
const recipients = ['waiting', 'twice', 'gone', 'broken'];
let environment: TestEnvironment;

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.eventLog.writeEach([event]);
  await environment.actionLog.writeEach([
    actionEntry(event, [outcome(event.id, { payload: { key: 'order-completed', recipients } })]),
  ]);
  await environment.runs.writeEach([
    run(event, { key: keyOf('waiting'), status: 'pending' }),
    run(event, { key: keyOf('twice'), status: 'pending' }),
    run(event, { key: keyOf('gone'), status: 'handed_off' }),
    run(event, { key: keyOf('broken'), status: 'failed', error: 'refused' }),
  ]);
});

afterAll(() => environment.stop());

describe('cancelling a run by hand', () => {
  test('takes back one that waits for its target, and says who did it', async () => {
    const { run: cancelled } = await cancelRun(environment, idOf('waiting'), nowMs);
    expect(cancelled).toMatchObject({ status: 'cancelled', cancelReason: 'operator', updatedAtMs: nowMs });
    expect(await readRun(workflowRunsOf(environment), keyOf('waiting'))).toEqual(cancelled);
  });

  test('done twice leaves what the first time left', async () => {
    const first = await cancelRun(environment, idOf('twice'), nowMs);
    expect(await cancelRun(environment, idOf('twice'), nowMs + 5_000)).toEqual(first);
  });

  test.each([
    ['that its target has', 'gone', 'is handed off: too late', 'asks the target to stop'],
    ['that failed', 'broken', 'is failed: too late', 'npx signalbox runs show'],
  ])('refuses one %s, and leaves it as it is', async (_name, user, message, remedy) => {
    const before = await readRun(workflowRunsOf(environment), keyOf(user));
    await expect(cancelRun(environment, idOf(user), nowMs)).rejects.toMatchObject({
      kind: 'failed',
      message: expect.stringContaining(message),
      remedies: [expect.stringContaining(remedy)],
    });
    expect(await readRun(workflowRunsOf(environment), keyOf(user))).toEqual(before);
  });

  test('refuses an id of no run, and text that is not an id', async () => {
    await expect(cancelRun(environment, idOf('stranger'), nowMs)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(cancelRun(environment, 'order-completed', nowMs)).rejects.toMatchObject({ kind: 'invalid' });
  });
});

describe('runs are found', () => {
  const range = { sinceMs: event.receivedAtMs - 60_000, untilMs: event.receivedAtMs + 60_000, byDefault: false };
  const known = [{ key: event.source, shards: 1 }];
  const found = async (wanted: RunsWanted) =>
    (await take(rowsOf(findRuns(environment, { known, live: liveConfiguration() }, wanted, range)), 10))
      .map((one) => runRow(one).recipient)
      .sort();

  test.each<[string, RunsWanted, string[]]>([
    ['by time', {}, recipients],
    ['by the event that started them', { event: event.id }, recipients],
    ['by recipient', { recipient: 'gone' }, ['gone']],
    ['by event and recipient', { event: event.id, recipient: 'broken' }, ['broken']],
    ['by status', { status: ['failed', 'handed_off'] }, ['gone', 'broken']],
    ['by workflow', { workflow: 'order-completed' }, recipients],
    ['by workflow: none of another', { workflow: 'other' }, []],
    ['by event: none of another workflow', { event: event.id, workflow: 'other' }, []],
  ])('%s', async (_name, wanted, expected) => {
    expect(await found(wanted)).toEqual(expected.toSorted());
  });

  test('of subscribers, by time and by the event that triggered their object', async () => {
    const fanned = eventEntry({ receivedAtMs: event.receivedAtMs - 30_000 });
    const team = { kind: 'object', collection: 'teams', id: 't1' } as const;
    const { documents, outputs } = environment;
    const subscriptions = makeSubscriptions(documents, outputs.DirectoryTable);
    await subscriptions.subscribe(team, [{ kind: 'user', id: 'follower' }], { sourceTimeMs: 1, nowMs: 1 });
    const payload = { key: 'order-completed', recipients: [{ collection: 'teams', id: 't1' }] };
    await environment.eventLog.writeEach([fanned]);
    await environment.actionLog.writeEach([actionEntry(fanned, [outcome(fanned.id, { payload })])]);
    const key = runKey({ kind: 'user', id: 'follower' }, fanned.id, 'order-completed');
    await environment.runs.writeEach([run(fanned, { key, subscription: { object: team, properties: {} } })]);
    expect(await found({ event: fanned.id })).toEqual(['follower']);
    expect(await found({})).toEqual([...recipients, 'follower'].sort());
    expect(await found({ event: fanned.id, recipient: 'gone' })).toEqual([]);
  });

  test('by an event that is not kept: refused', async () => {
    const other = `${event.id.slice(0, -1)}${event.id.endsWith('0') ? '1' : '0'}`;
    await expect(found({ event: other })).rejects.toMatchObject({ kind: 'not_found' });
  });
});
