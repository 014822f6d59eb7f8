import { randomBytes } from 'node:crypto';
import type { GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PurgeQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { openSecretStore, type SecretStore } from '../../../infra/local/secret-store.ts';
import { startSecretsApi } from '../../../infra/local/secrets-api.ts';
import { readCurrent } from '../../../shared/adapters/dynamodb-configuration-table.ts';
import { makeRefusalNotes } from '../../../shared/adapters/dynamodb-refusal-notes.ts';
import { makeTargetBreakers } from '../../../shared/adapters/dynamodb-target-breakers.ts';
import { WorkflowFile } from '../../../shared/core/configuration/schema.ts';
import { makeEventId } from '../../../shared/core/ids/event-id.ts';
import type { EventLogEntry } from '../../../shared/core/logs/event-log-entry.ts';
import { diagnose } from '../../../shared/operations/doctor/diagnose.ts';
import type { Finding } from '../../../shared/operations/doctor/finding.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { listRefusals } from '../../../shared/operations/refusals/refusals.ts';
import { setSecret } from '../../../shared/operations/secrets/change-secret.ts';
import { writeSecret } from '../../../shared/operations/secrets/secret-store.ts';
import { clockTime } from '../../../shared/operations/words/times.ts';
import { actionEntry, type EntryChange, eventEntry, outcome } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';
import { localCredentials } from '../../support/dynalite.ts';

/* Each test spoils one thing in an environment that is otherwise healthy. */

const minute = 60_000;
const day = 86_400_000;
let environment: TestEnvironment;
let secrets: SecretStore;
let secretsClient: SecretsManagerClient;
let stopSecrets: () => Promise<void>;
// Ranges of their own, so that the tests share tables. Counts and rows are at times, not now.
let nowMs = Date.now() - 40 * day;

beforeAll(async () => {
  secrets = openSecretStore(undefined, 'arn:aws:secretsmanager:us-east-1:000000000000:secret:');
  const [started, api] = await Promise.all([
    startEnvironment(),
    startSecretsApi(secrets, localCredentials.credentials),
  ]);
  secretsClient = new SecretsManagerClient({ endpoint: api.endpoint, ...localCredentials });
  stopSecrets = () => api.stop();
  environment = { ...started, secrets: async () => secretsClient };
});
afterAll(async () => {
  secretsClient.destroy();
  await Promise.all([environment.stop(), stopSecrets()]);
});
beforeEach(async () => {
  nowMs += day;
  for (const secret of secrets.list()) secrets.remove(secret);
  await environment.commit(liveConfiguration());
});

const look = (here: Environment = environment) => diagnose(here, { sinceMs: nowMs - 60 * minute, untilMs: nowMs });

/** What a function printed at `atMs`. */
function count(name: string, { atMs = nowMs - minute, source = 'rudderstack', reason = '', times = 1 } = {}): void {
  const of = { name, unit: 'Count', timeMs: atMs, values: [times] };
  const dimensions = [
    { environment: environment.name },
    { environment: environment.name, source },
    ...(reason === '' ? [] : [{ environment: environment.name, source, reason }]),
  ];
  environment.history.add(dimensions.map((one) => ({ ...of, dimensions: one })));
}

const byId = (findings: Finding[]) =>
  findings.map(({ id, source, workflow, reason, count: times }) => [id, source ?? workflow, reason, times]);

test('a healthy environment has no findings, and its counts by stage and source', async () => {
  count('EventsAccepted', { times: 3 });
  count('EventsProcessed', { times: 2 });
  count('EventsUnmapped');
  count('ActionsSucceeded', { times: 2 });
  const { ok, over_since, findings, stages, sources, configuration, ...rest } = await look();
  expect([ok, over_since, findings]).toEqual([true, null, []]);
  expect(rest).toMatchObject({
    waiting: { messages: 0, held: 0 },
    did_nothing_next: 'npx signalbox events --did-nothing --since 60m',
  });
  expect(configuration).toMatchObject({ by: 'test' });
  expect(stages).toMatchObject([
    { stage: 'ingest', came_in: 3, went_on: 3, failed: 0, waiting: null },
    { stage: 'processor', came_in: 3, went_on: 2, did_nothing: 1, failed: 0, waiting: 0 },
    { stage: 'workflow-trigger', came_in: 2, went_on: 2, failed: 0, waiting: 0 },
    { stage: 'targets', came_in: 0 },
    { stage: 'dead letters', waiting: 0 },
  ]);
  expect(sources).toMatchObject([{ source: 'rudderstack', enabled: true, accepted: 3, refused: 0, failed: 0 }]);
});

test('events of erased persons are refused on purpose, and count apart from what failed', async () => {
  count('EventsAccepted', { times: 3 });
  count('EventsRejected', { reason: 'person_erased', times: 2 });
  count('EventsRejected', { reason: 'payload_invalid' });
  const { stages, sources } = await look();
  expect(stages[1]).toMatchObject({ stage: 'processor', came_in: 3, failed: 1, erased: 2 });
  expect(sources).toMatchObject([{ source: 'rudderstack', failed: 1, erased: 2 }]);
});

describe('rows that ended badly', () => {
  test('are one finding per source and reason, the worst first, with the newest as example', async () => {
    const at = (minutes: number) => ({ receivedAtMs: nowMs - minutes * minute, actionsPlanned: 0 });
    const failed = [30, 20, 10].map((minutes) =>
      eventEntry({ ...at(minutes), status: 'failed', reason: 'retries_exhausted', detail: 'the table was away' }),
    );
    const rejected = eventEntry({ ...at(5), status: 'rejected', reason: 'source_disabled', detail: 'switched off' });
    await environment.eventLog.writeEach([...failed, rejected]);
    const { ok, findings } = await look();
    expect(ok).toBe(false);
    expect(findings).toMatchObject([
      {
        id: 'events_failed',
        severity: 'critical',
        source: 'rudderstack',
        reason: 'retries_exhausted',
        count: 3,
        since: new Date(nowMs - 30 * minute).toISOString(),
        example: failed[2]?.id,
        next: `npx signalbox why ${failed[2]?.id}`,
        cause: expect.stringContaining('the table was away'),
      },
      { id: 'events_rejected', severity: 'warning', reason: 'source_disabled', count: 1, example: rejected.id },
    ]);
  });

  test('of before the range are not found', async () => {
    await environment.eventLog.writeEach([
      eventEntry({ receivedAtMs: nowMs - 61 * minute, status: 'failed', reason: 'retries_exhausted' }),
    ]);
    expect((await look()).findings).toEqual([]);
  });

  test('name the workflow and its reason for failed actions, the source for others', async () => {
    const event = eventEntry({ receivedAtMs: nowMs - minute });
    const refused = outcome(event.id, {
      status: 'failed',
      reason: 'target_refused',
      detail: 'the target answered 400',
    });
    const skipped = outcome(event.id, {
      action: 'users_identify',
      mapping: 'identify',
      status: 'skipped',
      reason: 'required_field_missing',
      payload: { id: '' },
    });
    await environment.actionLog.writeEach([actionEntry(event, [refused, skipped])]);
    const { findings } = await look();
    expect(byId(findings)).toEqual([
      ['actions_failed', 'order-completed', 'target_refused', 1],
      ['actions_skipped', 'rudderstack', 'required_field_missing', 1],
    ]);
    expect(findings[0]?.example).toBe(event.id);
  });

  test('name the path at which a mapping looked for what its action lacked', async () => {
    const live = liveConfiguration();
    const mappings = (live.snapshot.sources.rudderstack?.mappings ?? []).map((mapping) =>
      mapping.id === 'order-completed'
        ? { ...mapping, parameters: { ...mapping.parameters, recipients: 'data.customer' } }
        : mapping,
    );
    Object.assign(live.snapshot.sources.rudderstack ?? {}, { mappings });
    const configVersion = await environment.commit(live);
    const event = eventEntry({ receivedAtMs: nowMs - minute, configVersion });
    const skipped = outcome(event.id, {
      status: 'skipped',
      reason: 'required_field_missing',
      detail: 'recipients is required and resolved to nothing',
      result: { errors: [{ field: 'recipients', message: 'is required' }] },
    });
    await environment.eventLog.writeEach([event]);
    await environment.actionLog.writeEach([actionEntry(event, [skipped], { configVersion })]);
    expect((await look()).findings).toMatchObject([
      {
        id: 'actions_skipped',
        cause:
          '1 action was skipped (required_field_missing): recipients is required and resolved to nothing; looked for at data.customer',
      },
    ]);
  });
});

describe('an event that was run again as a new one', () => {
  const skippedWith = async (change: { status: 'skipped' | 'failed' }, copy: EventLogEntry) => {
    const original = eventEntry({ receivedAtMs: nowMs - 3 * minute, replays: [copy.id] });
    const ended = outcome(original.id, { ...change, reason: 'required_field_missing' });
    await environment.eventLog.writeEach([original, copy]);
    await environment.actionLog.writeEach([actionEntry(original, [ended])]);
    return original;
  };
  const newCopy = (change: EntryChange = {}) => eventEntry({ receivedAtMs: nowMs - minute, ...change });

  test.each(['skipped', 'failed'] as const)('is over once its copy has succeeded: it had %s', async (status) => {
    const copy = newCopy();
    await skippedWith({ status }, copy);
    await environment.actionLog.writeEach([actionEntry(copy, [outcome(copy.id)])]);
    expect(await look()).toMatchObject({ ok: true, findings: [] });
  });

  test('counts as its copy does when that one fails too', async () => {
    const copy = newCopy();
    await skippedWith({ status: 'skipped' }, copy);
    const failed = outcome(copy.id, { status: 'failed', reason: 'target_refused' });
    await environment.actionLog.writeEach([actionEntry(copy, [failed])]);
    expect((await look()).findings).toMatchObject([{ id: 'actions_failed', count: 1, example: copy.id }]);
  });

  test.each([
    ['waits', { status: 'pending', reason: 'target_timeout' } as const, {}],
    ['has no outcome yet', undefined, {}],
    [
      'found no mapping',
      undefined,
      { status: 'no_mapping', reason: 'no_mapping_for_type', actionsPlanned: 0 } as const,
    ],
  ])('counts as long as its copy %s', async (_title, pending, change) => {
    const copy = newCopy(change);
    const original = await skippedWith({ status: 'skipped' }, copy);
    if (pending) await environment.actionLog.writeEach([actionEntry(copy, [outcome(copy.id, pending)])]);
    expect((await look()).findings).toMatchObject([{ id: 'actions_skipped', count: 1, example: original.id }]);
  });

  test('counts as long as its copy has no row', async () => {
    const original = eventEntry({ receivedAtMs: nowMs - 3 * minute, replays: [newCopy().id] });
    const skipped = outcome(original.id, { status: 'skipped', reason: 'required_field_missing' });
    await environment.eventLog.writeEach([original]);
    await environment.actionLog.writeEach([actionEntry(original, [skipped])]);
    expect((await look()).findings).toMatchObject([{ id: 'actions_skipped', example: original.id }]);
  });

  test('is over where it had been given up as a whole', async () => {
    const copy = newCopy();
    const change = { status: 'failed', reason: 'retries_exhausted', actionsPlanned: 0 } as const;
    const original = eventEntry({ receivedAtMs: nowMs - 3 * minute, replays: [copy.id], ...change });
    await environment.eventLog.writeEach([original, copy]);
    await environment.actionLog.writeEach([actionEntry(copy, [outcome(copy.id)])]);
    expect((await look()).findings).toEqual([]);
  });
});

describe('requests that never became events', () => {
  test('are found by source and reason, with the request that was noted', async () => {
    const notes = makeRefusalNotes(environment.configuration, (error) => {
      throw error;
    });
    const atMs = nowMs - 2 * minute;
    await notes.note({ source: 'rudderstack', reason: 'signature_wrong', requestId: 'req-7', atMs });
    for (const name of ['RequestsRefused', 'SignaturesRefused']) count(name, { reason: 'signature_wrong', times: 4 });
    count('RequestsFailed', { reason: 'secret_missing' });
    count('RequestsRefused', { source: 'unknown', reason: 'source_unknown', times: 2 });
    const { findings, sources } = await look();
    expect(byId(findings)).toEqual([
      ['signatures_refused', 'rudderstack', 'signature_wrong', 4],
      ['requests_unanswered', 'rudderstack', 'secret_missing', 1],
      ['requests_refused', 'unknown', 'source_unknown', 2],
    ]);
    expect(findings[0]?.cause).toContain('req-7');
    expect(findings[1]?.next).toBe('npx signalbox secrets set rudderstack');
    expect(sources).toMatchObject([{ source: 'rudderstack', refused: 5 }]);
    const rows = await listRefusals(environment, ['rudderstack'], { sinceMs: nowMs - 60 * minute, untilMs: nowMs });
    expect(rows).toMatchObject([
      {
        source: 'rudderstack',
        outcome: 'refused',
        reason: 'signature_wrong',
        count: 4,
        example: { request_id: 'req-7', at: new Date(atMs).toISOString() },
      },
      { source: 'unknown', outcome: 'refused', reason: 'source_unknown', count: 2, example: null },
      { source: 'rudderstack', outcome: 'unanswered', reason: 'secret_missing', count: 1 },
    ]);
  });

  test('are over five minutes after the last one, and the page says since when', async () => {
    const lastMs = Math.floor((nowMs - 6 * minute) / minute) * minute;
    count('RequestsRefused', { atMs: lastMs, reason: 'body_not_json' });
    const { ok, over_since, findings } = await look();
    expect([ok, over_since]).toEqual([true, new Date(lastMs + minute).toISOString()]);
    expect(findings).toMatchObject([
      { id: 'requests_refused', severity: 'note', last: new Date(lastMs).toISOString() },
    ]);
    count('RequestsRefused', { atMs: nowMs - minute, reason: 'body_not_json' });
    expect(await look()).toMatchObject({ ok: false, over_since: null });
  });

  test('are never over since a time to come', async () => {
    count('ActionsFailed', { atMs: Math.floor(nowMs / minute) * minute });
    const { ok, over_since } = await look();
    expect(ok).toBe(true);
    expect(Date.parse(over_since ?? '')).toBeLessThanOrEqual(nowMs);
  });

  test('to the REST API without a key are found too', async () => {
    count('KeysRefused', { source: 'api', times: 9 });
    expect(byId((await look()).findings)).toEqual([['keys_refused', 'api', undefined, 9]]);
  });
});

describe('actions that wait after a failure', () => {
  const wait = async (reason: 'target_unavailable' | 'secret_missing' | 'delayed' | 'recipient_unknown') => {
    const event = eventEntry({ id: makeEventId('rudderstack', 0, nowMs - minute, randomBytes(12)) });
    const pending = outcome(event.id, { status: 'pending', reason, detail: `it is ${reason}` });
    await environment.actionLog.writeEach([actionEntry(event, [pending], { next: 2 })]);
    return event.id;
  };
  const queue = () => ({ QueueUrl: environment.outputs.ActionsQueueUrl });
  const send = () =>
    environment.queueServer.client.send(new SendMessageCommand({ ...queue(), MessageBody: 'a retry' }));
  afterEach(async () => {
    await environment.queueServer.client.send(new PurgeQueueCommand(queue()));
  });

  test('are found by workflow and reason before any breaker opens, with an example', async () => {
    const [first, second] = [await wait('target_unavailable'), await wait('target_unavailable')];
    await send();
    const { findings } = await look({ ...environment, name: 'production' });
    expect(findings).toMatchObject([
      {
        id: 'actions_retried',
        severity: 'warning',
        workflow: 'order-completed',
        reason: 'target_unavailable',
        count: 2,
        cause: expect.stringContaining('it is target_unavailable'),
      },
    ]);
    expect([first, second].map((id) => `npx signalbox why ${id} -e production`)).toContain(findings[0]?.next);
  });

  test("for their target's secret lead to the command that sets it", async () => {
    await wait('secret_missing');
    await send();
    const { findings } = await look({ ...environment, name: 'production' });
    expect(findings).toMatchObject([
      { id: 'actions_retried', next: 'npx signalbox secrets set targets/order-completed -e production' },
    ]);
  });

  test('on purpose, or for a user who may be on the way, are no finding', async () => {
    await wait('delayed');
    await wait('recipient_unknown');
    await send();
    expect((await look()).findings).toEqual([]);
  });
});

describe('copies', () => {
  test('are a note where they are most of what a source sent, and many', async () => {
    count('EventsAccepted', { times: 150 });
    count('EventsDuplicate', { times: 99 });
    expect((await look()).findings).toEqual([]);
    count('EventsDuplicate');
    const { ok, findings } = await look();
    expect(ok).toBe(true);
    expect(findings).toMatchObject([
      {
        id: 'duplicates_many',
        severity: 'note',
        source: 'rudderstack',
        count: 100,
        cause: expect.stringContaining('100 of 150 events'),
      },
    ]);
    // As many of a busier source are usual.
    count('EventsAccepted', { times: 50 });
    expect((await look()).findings).toEqual([]);
  });
});

test('a live configuration that cannot be read is told by its reason, and the history is next', async () => {
  const { client, table } = environment.configuration;
  const { snapshot } = await readCurrent(environment.configuration);
  const Key = { pk: `snapshot#${snapshot}`, sk: '0000' };
  const { Item } = await client.send(new GetCommand({ TableName: table, Key }));
  await client.send(new PutCommand({ TableName: table, Item: { ...Key, content: Buffer.from('pasted') } }));
  expect((await look()).findings).toMatchObject([
    {
      id: 'configuration_unreadable',
      severity: 'critical',
      reason: 'snapshot_damaged',
      next: 'npx signalbox config log',
    },
  ]);
  await client.send(new PutCommand({ TableName: table, Item }));
  expect((await look()).findings).toEqual([]);
});

test('no count is read twice, whatever is found', async () => {
  count('RequestsRefused', { reason: 'signature_wrong' });
  count('RequestsRefused', { reason: 'source_unknown', source: 'unknown' });
  count('RequestsFailed', { reason: 'secret_missing' });
  const client = await environment.metrics();
  const sent = jest.spyOn(client, 'send');
  const { findings } = await look();
  expect(findings.map(({ id }) => id).sort()).toEqual([
    'requests_refused',
    'requests_unanswered',
    'signatures_refused',
  ]);
  const asked = sent.mock.calls.flatMap(([command]) =>
    ((command as GetMetricDataCommand).input.MetricDataQueries ?? []).map(({ MetricStat }) =>
      JSON.stringify([MetricStat?.Metric, MetricStat?.Period]),
    ),
  );
  sent.mockRestore();
  expect(asked.filter((query, i) => asked.indexOf(query) !== i)).toEqual([]);
});

test('what comes next is a command alone, in the environment that it is about', async () => {
  count('RequestsRefused', { reason: 'signature_wrong' });
  count('RequestsRefused', { reason: 'token_wrong', source: 'unknown' });
  const { findings } = await look({ ...environment, name: 'production' });
  for (const { next } of findings) expect(next).toMatch(/^npx signalbox [\w -]+ -e production$/);
});

test('an open breaker names its workflow, cause and next probe; a closed one is no finding', async () => {
  const breakers = makeTargetBreakers(environment.documents, environment.outputs.DirectoryTable);
  const breaker = {
    isOpen: true,
    openedAtMs: nowMs - 10 * minute,
    probeAtMs: nowMs + minute,
    failedProbes: 2,
    reason: 'target_unavailable',
    detail: 'it answered 502',
    revision: 1,
  } as const;
  await breakers.writeIfUnchanged('order-completed', breaker);
  expect((await look()).findings).toMatchObject([
    {
      id: 'target_left_alone',
      workflow: 'order-completed',
      reason: 'target_unavailable',
      count: 3,
      since: new Date(nowMs - 10 * minute).toISOString(),
      cause: expect.stringMatching(/it answered 502.* npx signalbox workflow pause order-completed$/),
      next: 'npx signalbox actions --workflow order-completed --status failed,pending --group-by detail',
    },
  ]);
  await breakers.writeIfUnchanged('order-completed', { ...breaker, isOpen: false, revision: 2 });
  expect((await look()).findings).toEqual([]);
});

describe('secrets', () => {
  const store = () => ({ client: secretsClient, prefix: 'signalbox/development' });

  test('that an enforced source lacks stop it', async () => {
    await environment.commit(liveConfiguration({ state: { verification: { enforced: true } } }));
    expect(byId((await look()).findings)).toEqual([['secret_missing', 'rudderstack', undefined, 1]]);
  });

  const withTarget = () => {
    const live = liveConfiguration();
    const target = { development: { type: 'http', url: 'https://example.com/runs' }, staging: { type: 'log' } };
    return { ...live, snapshot: { ...live.snapshot, workflows: { ship: WorkflowFile.parse({ name: 'w', target }) } } };
  };

  test("that a workflow's target lacks are found before the first run has to wait", async () => {
    await environment.commit(withTarget());
    expect((await look()).findings).toMatchObject([
      {
        id: 'target_secret_missing',
        severity: 'warning',
        workflow: 'ship',
        next: 'npx signalbox secrets set targets/ship',
      },
    ]);
    await writeSecret(store(), 'targets/ship', [{ value: 'v', setAtMs: nowMs - day }], { exists: false });
    expect((await look()).findings).toEqual([]);
  });

  test.each([
    ['may still be used in their older form for five minutes, which is a note', 4, 1],
    ['are in use everywhere after that', 6, 0],
  ])('that were changed %s', async (_title, minutes, notes) => {
    const atMs = nowMs - minutes * minute;
    const store = { client: secretsClient, prefix: 'signalbox/development', changes: environment.configuration };
    await setSecret(store, { name: 'sources/rudderstack', value: 'v', also: false, author: 'Ada', nowMs: atMs });
    const { ok, findings } = await look();
    expect(ok).toBe(true);
    expect(findings).toHaveLength(notes);
    for (const { id, cause } of findings)
      expect([id, cause]).toEqual([
        'secret_changed',
        expect.stringContaining(`every function uses it from ${clockTime(atMs + 5 * minute)} on`),
      ]);
  });

  test('with two values for over a week are a note', async () => {
    const values = [8, 9].map((days) => ({ value: `value-${days}`, setAtMs: nowMs - days * day }));
    await writeSecret(store(), 'sources/rudderstack', values, { exists: false });
    expect(await look()).toMatchObject({
      ok: true,
      findings: [{ id: 'secrets_overlap', severity: 'note', source: 'rudderstack' }],
    });
  });

  test('that are scheduled for deletion are found before they are gone', async () => {
    const name = 'signalbox/development/sources/rudderstack';
    secrets.scheduleDeletion(secrets.get(name) ?? secrets.create(name, '{"values":["v"]}'), Date.now() + 7 * day);
    expect(byId((await look()).findings)).toEqual([['secret_deleted', 'rudderstack', undefined, 1]]);
  });
});

test('what people switched off is a note, not a fault', async () => {
  const live = liveConfiguration({ state: { enabled: false, identify: false } });
  await environment.commit({ ...live, state: { ...live.state, inactive_workflows: ['order-completed'] } });
  const { ok, findings } = await look();
  expect(ok).toBe(true);
  expect(findings.map(({ id, severity }) => [id, severity])).toEqual([
    ['source_disabled', 'note'],
    ['identify_off', 'note'],
    ['workflow_paused', 'note'],
  ]);
});

test('a source that does not send what its file expects is found, whatever its habit', async () => {
  const file = { expect: { every: '1h', volume: '0.2..5' } };
  await environment.commit(liveConfiguration({ file }));
  const week = 7 * day;
  const hour = 60 * minute;
  nowMs = Math.floor(nowMs / hour) * hour + 20 * minute;
  const lastFullHourMs = Math.floor(nowMs / hour) * hour - hour;
  count('EventsAccepted', { atMs: lastFullHourMs - week, times: 100 });
  count('EventsAccepted', { atMs: lastFullHourMs, times: 19 });
  count('EventsAccepted', { times: 1 });
  expect((await look()).findings).toMatchObject([
    {
      id: 'volume_unusual',
      source: 'rudderstack',
      count: 19,
      cause: expect.stringContaining('0.19 times the 100 of the same hour a week before; its file expects 0.2..5'),
    },
  ]);
  nowMs += 2 * hour;
  expect(byId((await look()).findings)).toContainEqual(['source_silent', 'rudderstack', undefined, 1]);
  await environment.commit(liveConfiguration({ file: { expect: { ...file.expect, in: ['production'] } } }));
  expect((await look()).findings).toEqual([]);
});

test('dead letters without a row, and a backlog of over five minutes, are found', async () => {
  const { client } = environment.queueServer;
  const { EventsDeadLetterQueueUrl, EventsQueueUrl } = environment.outputs;
  await client.send(new SendMessageCommand({ QueueUrl: EventsDeadLetterQueueUrl, MessageBody: 'stuck' }));
  expect(byId((await look()).findings)).toEqual([['dead_letters_stuck', undefined, undefined, 1]]);
  // 60 in an hour: 101 messages are over an hour and a half of work.
  count('EventsProcessed', { times: 60 });
  for (let i = 0; i < 101; i++)
    await client.send(new SendMessageCommand({ QueueUrl: EventsQueueUrl, MessageBody: 'x' }));
  expect(byId((await look()).findings)).toContainEqual(['events_wait', undefined, undefined, 101]);
  count('EventsAccepted', { times: 7 });
  expect((await look()).findings.find(({ id }) => id === 'events_wait')?.cause).toMatch(
    /; 7 of the 7 events that came in were of rudderstack$/,
  );
  // 1,800 in an hour are 150 in five minutes.
  count('EventsProcessed', { times: 1_800 });
  expect(byId((await look()).findings).map(([id]) => id)).not.toContain('events_wait');
});

test('a part that cannot be read is a finding, and the others are examined all the same', async () => {
  count('KeysRefused', { source: 'api' });
  const outputs = { ...environment.outputs, ActionLogTable: 'gone' };
  const { ok, findings } = await look({ ...environment, outputs });
  expect(ok).toBe(false);
  expect(findings.filter(({ id }) => id === 'check_failed')).toMatchObject([
    { cause: expect.stringMatching(/^actions could not be examined: .*Requested resource not found/) },
  ]);
  expect(findings.map(({ id }) => id)).toContain('keys_refused');
});

test('a clock that is off is found, to the second', async () => {
  const { now } = Date;
  Date.now = () => now() + 90_000;
  try {
    expect((await look()).findings).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ id: 'clock_skewed', cause: expect.stringMatching(/(89|90|91) seconds ahead/) }),
      ]),
    );
  } finally {
    Date.now = now;
  }
});
