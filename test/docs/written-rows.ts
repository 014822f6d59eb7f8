import { randomBytes } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { makeApiKeys, revokeApiKey, writeApiKey } from '../../shared/adapters/dynamodb-api-keys.ts';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeBulkOperations } from '../../shared/adapters/dynamodb-bulk-operations.ts';
import { makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import { goLive } from '../../shared/adapters/dynamodb-configuration-history.ts';
import { readCurrent } from '../../shared/adapters/dynamodb-configuration-table.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { allowAgain, hashesOf, writeErasure } from '../../shared/adapters/dynamodb-erasures.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { makeSeenRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { makeSourceLinks, revokeSourceLink, writeSourceLink } from '../../shared/adapters/dynamodb-source-links.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import { makeTargetBreakers } from '../../shared/adapters/dynamodb-target-breakers.ts';
import { holdItemKey, makeWorkflowHolds } from '../../shared/adapters/dynamodb-workflow-holds.ts';
import { makeWorkflowRuns } from '../../shared/adapters/dynamodb-workflow-runs.ts';
import type { Entity } from '../../shared/core/directory/entity.ts';
import { packEventText } from '../../shared/core/events/raw-event.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { invocationId } from '../../shared/core/ids/invocation-id.ts';
import { printRunId, runKey } from '../../shared/core/ids/run-id.ts';
import type { ActionLogEntry, ActionOutcome } from '../../shared/core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import type { WorkflowRun } from '../../shared/core/runs/workflow-run.ts';
import { opened } from '../../shared/core/targets/breaker.ts';
import { pushDraft } from '../../shared/operations/configuration/drafts.ts';
import { makeLive, readSeen } from '../../shared/operations/configuration/live-content.ts';
import { writeJobPages } from '../../shared/operations/jobs/job-events.ts';
import { newJobId } from '../../shared/operations/jobs/jobs.ts';
import { changeState, setMappingActive } from '../../shared/operations/settings/change-state.ts';
import { orderCompleted } from '../bench/sample-events.ts';
import { liveConfiguration } from '../support/build.ts';
import type { TestTables } from '../support/dynalite.ts';
import type { RunChange } from '../support/runs.ts';

// A second ago, so that all of it is on one day; and three hours ago, which may be another.
const nowMs = Date.now() - 1000;
const earlierMs = nowMs - 3 * 3_600_000;
const retentionDays = 30;

const eventId = (shard: number, timeMs = nowMs, source = 'rudderstack') =>
  makeEventId(source, shard, timeMs, randomBytes(12));

export const ids = {
  order: eventId(2),
  earlier: eventId(1, earlierMs),
  copy: eventId(0),
  failed: eventId(0),
  failedToo: eventId(3),
  rejected: eventId(1),
  ofOtherSource: eventId(0, nowMs, 'stripe'),
  waiting: eventId(3),
  retriedAndDone: eventId(1),
  skipped: eventId(0),
  discarded: eventId(1),
  held: eventId(3),
  packed: eventId(2, nowMs, 'segment'),
};
export const user = 'usr_8841';
export const messageId = '8f14e45f-ceea-467f-a8c6-1b6a0c2f4e7d';
export const headers = { 'user-agent': 'RudderLabs' };
export const body = '{"type": "track",  "event": "order_completed"}';
/** Its row needs two write units unless it is packed, as does that of its three actions. */
export const longBody = JSON.stringify(orderCompleted({ messageId }));

/** Rows of every kind, with every attribute that there is, written by the adapters themselves. */
export async function writeRows({ client, names }: TestTables): Promise<void> {
  await makeEventLog({ client, table: names.EventLog, retentionDays, usersIndex: true }).writeEach(eventRows());
  await makeActionLog({ client, table: names.ActionLog, retentionDays }).writeEach(actionRows());
  await writeBulkOperations({ client, names });
  await writeJobPages(
    { documents: client, outputs: { ActionLogTable: names.ActionLog } },
    newJobId(nowMs),
    [
      {
        events: [ids.failed],
        outcomes: [{ outcome: 'replayed', sent: 'event', detail: 'the whole event runs again' }],
      },
    ],
    Math.ceil(nowMs / 1000) + retentionDays * 86_400,
  );
  await writeClaims({ client, names });
  const runs = makeWorkflowRuns({ client, table: names.WorkflowRuns, retentionDays });
  for (const run of workflowRuns()) await runs.createIfAbsent(run);
  const directory = makeDirectory(client, names.Directory);
  for (const entity of entities()) await directory.writeIfUnchanged(entity, 0);
  await writeConfiguration({ client, names });
  const mark = { workflow: 'order-completed', cancellationKey: 'c1', beforeMs: nowMs };
  await runs.markCancelled([mark, { ...mark, recipient: user }], nowMs);
  const held = { workflow: 'order-completed', execution: eventId(0, nowMs), action: 'f12c50a4', since: 'now', runs: 1 };
  const tablesOfHolds = { client, runsTable: names.WorkflowRuns, configurationTable: names.Configuration };
  await client.send(
    new PutCommand({ TableName: names.Configuration, Item: { ...holdItemKey(held.workflow), since: held.since } }),
  );
  await makeWorkflowHolds(tablesOfHolds).note({ ...held, expiresAtSeconds: 1 }, nowMs);
  await writeRelations({ client, names });
}

async function writeBulkOperations({ client, names }: Pick<TestTables, 'client' | 'names'>): Promise<void> {
  const operations = makeBulkOperations({ client, table: names.ActionLog, retentionDays });
  const operation = { call: 'users.bulk.identify', items: 30, executions: 2, insertedAtMs: nowMs };
  const end = { processed: 30, failedItems: [{ id: 'a/b' }], updatedAtMs: nowMs };
  await operations.write({ operation: { ...operation, requestId: eventId(0, nowMs, 'api') } });
  const times = { startedAtMs: nowMs, endedAtMs: nowMs };
  const requestId = eventId(0, nowMs, 'api');
  await operations.write({ operation: { ...operation, requestId }, end: { status: 'completed', ...end, ...times } });
}

async function writeRelations({ client, names }: Pick<TestTables, 'client' | 'names'>): Promise<void> {
  const ref = { kind: 'user', id: 'gone' } as const;
  const gone = { ref, deletedSourceTimeMs: nowMs, wasThere: true, mergedInto: 'u2', deletedAtMs: nowMs, version: 1 };
  await makeDirectory(client, names.Directory).writeIfUnchanged(gone, 0);
  const subscriptions = makeSubscriptions(client, names.Directory);
  const project = { kind: 'object', collection: 'projects', id: 'p1' } as const;
  const wish = { sourceTimeMs: earlierMs, nowMs };
  const follower = { kind: 'user', id: user } as const;
  const former = { kind: 'user', id: 'former' } as const;
  await subscriptions.subscribe(project, [follower, former], { ...wish, properties: { role: 'owner' } });
  await subscriptions.unsubscribe(project, [former], { sourceTimeMs: nowMs, nowMs });
  const audiences = makeAudiences(client, names.Directory);
  await audiences.ensure('beta', true, nowMs);
  await audiences.add('beta', [{ userId: user, tenant: 'acme' }], { ...wish, by: ids.order });
  const trouble = { kind: 'unavailable', reason: 'target_busy', detail: '429', retryAfterSeconds: 60 } as const;
  await makeTargetBreakers(client, names.Directory).writeIfUnchanged(
    'order-completed',
    opened(undefined, trouble, nowMs),
  );
}

const discard = { by: 'Ana Sol', atMs: nowMs + 60_000, reason: 'a test order' };

function eventRows(): EventLogEntry[] {
  const row = (id: string, change: Partial<EventLogEntry> = {}): EventLogEntry => ({
    id,
    source: 'rudderstack',
    eventType: 'track/order_completed',
    status: 'processed',
    configVersion: 2,
    verification: 'not_enforced:verified',
    actionsPlanned: 0,
    receivedAtMs: nowMs,
    processedAtMs: nowMs + 400,
    payload: packEventText({ headers, body }),
    ...change,
  });
  const failed = { status: 'failed', reason: 'retries_exhausted', detail: 'writing rows: throttled' } as const;
  return [
    row(ids.order, { userId: user, key: messageId, execution: ids.order, actionsPlanned: 1 }),
    row(ids.earlier, { userId: user, eventType: 'identify', receivedAtMs: earlierMs }),
    row(ids.copy, {
      status: 'idempotent',
      reason: 'duplicate',
      userId: user,
      execution: ids.order,
      duplicateOf: ids.order,
      batchIndex: 1,
      replayOf: ids.earlier,
      replays: [ids.earlier],
    }),
    row(ids.failed, failed),
    row(ids.failedToo, failed),
    row(ids.discarded, { ...failed, status: 'discarded', discarded: { was: 'failed', ...discard } }),
    row(ids.held, { status: 'held', reason: 'source_paused', detail: 'its source was paused' }),
    row(ids.rejected, { status: 'rejected', reason: 'payload_invalid', userId: 'somebody else' }),
    row(ids.packed, {
      source: 'segment',
      key: messageId,
      execution: ids.packed,
      actionsPlanned: 3,
      payload: packEventText({ headers, body: longBody }),
    }),
    row(ids.ofOtherSource, {
      source: 'stripe',
      eventType: 'invoice.paid',
      executions: 2,
      syncId: '41',
      syncRunId: '602',
      preprocessMs: 0.4,
      preprocessError: 'Attempted to invoke a non-function (at character 9)',
      erasedAtMs: nowMs,
    }),
  ];
}

function actionRows(): ActionLogEntry[] {
  const action = (execution: string, change: Partial<ActionOutcome>): ActionOutcome => ({
    id: invocationId(execution, 'order-completed'),
    action: 'workflows_trigger',
    mapping: 'order-completed',
    status: 'succeeded',
    payload: { key: 'order-completed', recipients: user },
    attempts: 1,
    firstAttemptAtMs: nowMs + 500,
    finishedAtMs: nowMs + 900,
    ...change,
  });
  const row = (execution: string, change: Partial<ActionOutcome>, entry: Partial<ActionLogEntry> = {}) => ({
    execution,
    eventId: execution,
    source: 'rudderstack',
    eventType: 'track/order_completed',
    configVersion: 2,
    actions: [action(execution, change)],
    next: 0,
    origins: [execution],
    revision: 1,
    receivedAtMs: nowMs,
    updatedAtMs: nowMs + 900,
    ...entry,
  });
  const refused: Partial<ActionOutcome> = {
    status: 'failed',
    reason: 'target_refused',
    detail: 'the target answered 422',
    result: { runs: 0, refused: 1 },
    warnings: [{ code: 'recipient_missing', message: 'no run for u9: not identified yet' }],
  };
  const unavailable = {
    status: 'pending',
    reason: 'target_unavailable',
    retryAtMs: nowMs + 60_000,
    progress: { done: 1 },
  } as const;
  const payload = { key: 'order-completed', recipients: user, data: JSON.parse(longBody).properties };
  const split = (mapping: string) =>
    action(ids.packed, {
      id: invocationId(ids.packed, mapping),
      mapping,
      payload,
      result: { id: 'w', runs: 1 },
    });
  return [
    row(ids.packed, {}, { source: 'segment', actions: ['one', 'two', 'three'].map(split) }),
    row(ids.order, refused, { message: 'the whole message' }),
    row(ids.waiting, unavailable, { next: 2 }),
    row(ids.retriedAndDone, {}, { next: 3, erasedAtMs: nowMs }),
    row(ids.discarded, { ...refused, status: 'discarded', discarded: { was: 'failed', ...discard } }),
    row(
      ids.skipped,
      {},
      {
        actions: [
          action(ids.skipped, { status: 'skipped', reason: 'required_field_missing' }),
          action(ids.skipped, {}),
        ],
      },
    ),
  ];
}

async function writeClaims({ client, names }: Pick<TestTables, 'client' | 'names'>): Promise<void> {
  const claims = makeClaimStore(client, names.Claims);
  const claim = (key: string, eventType: string, id: string, more: { source?: string; fingerprint?: string } = {}) => {
    const ends = { leaseEndsAtMs: nowMs + 35_000, expiresAtMs: nowMs + 86_400_000 };
    return claims.claim({ key, source: 'rudderstack', eventType, eventId: id, ...ends, ...more }, nowMs);
  };
  await claim(messageId, 'track/order_completed', ids.order);
  await claim(messageId, 'identify', ids.earlier);
  await claim('another', 'identify', ids.failed);
  const request = { source: 'api', fingerprint: 'of what was asked' };
  await claim('order_42', 'workflows.trigger#order-completed', ids.order, request);
  await claims.release({ key: messageId, source: 'rudderstack', eventType: 'track/order_completed' }, ids.order);
}

const orderRun = runKey({ kind: 'user', id: user }, ids.order, 'order-completed');
export const run = { id: printRunId(orderRun), hash: orderRun.mappingHash, data: { total: 42.5 } };

function workflowRuns(): WorkflowRun[] {
  const made = (change: RunChange) =>
    ({
      key: orderRun,
      workflow: 'order-completed',
      workflowRunId: invocationId(ids.order, 'order-completed'),
      mapping: 'order-completed',
      status: 'failed',
      target: 'http',
      eventId: ids.order,
      source: 'rudderstack',
      origin: ids.order,
      data: run.data,
      attempts: 1,
      insertedAtMs: nowMs,
      updatedAtMs: nowMs,
      ...change,
    }) as WorkflowRun;
  const project = { kind: 'object', collection: 'projects', id: 'p1' } as const;
  return [
    made({ error: 'the target answered 422', targetReference: { status: 422, response: 'no' }, tenant: 'acme' }),
    made({
      key: runKey({ kind: 'user', id: user }, ids.earlier, 'order-completed'),
      status: 'handed_off',
      actor: { kind: 'user', id: 'u2' },
    }),
    made({
      key: runKey(project, ids.order, 'order-completed'),
      status: 'pending',
      cancellationKey: 'c1',
      actor: project,
      subscription: { object: project, properties: { role: 'owner' } },
      audience: 'beta',
      notBeforeMs: nowMs + 60_000,
      batch: 'b1',
    }),
    made({
      key: runKey(project, ids.earlier, 'order-completed'),
      status: 'cancelled',
      cancelReason: 'operator',
    }),
  ];
}

function entities(): Entity[] {
  const entity = (ref: Entity['ref'], attributes: Entity['attributes']): Entity => ({
    ref,
    attributes,
    sourceTimeMs: nowMs,
    propertyTimesMs: { plan: earlierMs },
    insertedAtMs: earlierMs,
    updatedAtMs: nowMs,
    version: 1,
  });
  const text = { name: 'n', email: 'e', avatar: 'a', phone_number: 'p', timezone: 't', locale: 'l', created_at: 'c' };
  const maps = { preferences: { a: 1 }, channel_data: { b: 2 }, settings: { c: 3 } };
  return [
    { ...entity({ kind: 'user', id: user }, { ...text, ...maps, plan: 'team' }), deletedSourceTimeMs: earlierMs },
    entity({ kind: 'object', collection: 'projects', id: 'p1' }, { ...text, ...maps }),
    entity({ kind: 'object', collection: '$tenants', id: 'acme' }, { ...text, ...maps }),
  ];
}

/** Version 1 is a promotion, version 2 a switched mapping, and beside it a revert that lost its race; and there is a draft. */
async function writeConfiguration({ client, names }: Pick<TestTables, 'client' | 'names'>): Promise<void> {
  const table = { client, table: names.Configuration };
  const { snapshot } = liveConfiguration();
  const promotedFrom = { environment: 'development', commits: ['4-5b7ad0e2'] };
  const first = { author: 'Ana', message: 'first', nowMs: earlierMs, seed: undefined };
  await makeLive(table, await readSeen(table), { ...first, content: snapshot, promotedFrom });
  const seen = await readCurrent(table);
  const off = setMappingActive(seen.state, 'rudderstack', 'order-completed', false);
  await changeState(table, () => off, { author: 'Ben', message: 'stop', nowMs });
  const late = { kind: 'commit', author: 'Cleo', message: 'too late', createdAtMs: nowMs + 1, state: off } as const;
  await goLive(table, seen, { ...late, changes: [], reverts: seen.head ?? '' }).catch(() => undefined);
  const empty = { sources: {}, workflows: {}, audiences: {} };
  await pushDraft(table, { snapshot: empty, seed: undefined, author: 'Ana', nowMs });
  const types = [
    { source: 'rudderstack', eventType: 'identify', eventId: ids.earlier, oldCredentials: ['url', 'key'] as const },
    { source: 'rudderstack', eventType: 'track/order_completed', eventId: ids.order },
    { source: 'stripe', eventType: 'invoice.paid', eventId: ids.ofOtherSource },
  ];
  await makeSeenRegistry(table).note(types, nowMs);
  const key = { kind: 'secret', name: 'census', createdAtMs: earlierMs, createdBy: 'Ana' } as const;
  await writeApiKey(table, { ...key, hash: 'f00d'.repeat(16) });
  const used = await makeApiKeys(table).find('f00d'.repeat(16));
  if (used) await makeApiKeys(table).noteUse(used, nowMs);
  await revokeApiKey(table, 'f00d'.repeat(16), { nowMs, author: 'Ben' });
  const [hash = ''] = await hashesOf(table, ['usr_9000']);
  await writeErasure(table, { hash, erasedAtMs: nowMs, author: 'Ana', reason: 'they asked', job: 'j1' });
  await allowAgain(table, hash, { author: 'Ben', reason: 'back', nowMs });
  const link = {
    id: '0ddba11f00d5',
    hash: '0ddba11f00d5'.padEnd(64, '0'),
    source: 'rudderstack',
    payloads: true,
    guide: { title: 'RudderStack', about: 'Sends events.', steps: ['Webhook URL: {url}'], templates: [] },
    sealedUrl: new Uint8Array([1]),
    urlGeneration: 1,
    createdAtMs: earlierMs,
    createdBy: 'Ana',
    expiresAtMs: nowMs + 86_400_000,
  };
  await writeSourceLink(table, link);
  await makeSourceLinks(table).noteUse(link, nowMs);
  await revokeSourceLink(table, link.hash, { nowMs, author: 'Ben' });
}
