import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { routes } from '../../functions/api/routes/index.ts';
import { buildApp } from '../../infra/app.ts';
import { environmentNamed } from '../../infra/environments.ts';
import { type Decision, makeRoleAccess } from '../../infra/local/access/role-access.ts';
import { lambdaFunction } from '../../infra/local/resources/function.ts';
import { type Policy, policy, type Statement } from '../../infra/local/resources/policy.ts';
import { role } from '../../infra/local/resources/role.ts';
import { type Runtime, type RuntimeEnvironment, startRuntime } from '../../infra/local/runtime.ts';
import { readResources } from '../../infra/local/stack-resources.ts';
import { readStacks, type Stack } from '../../infra/local/template.ts';
import { PipelineStack } from '../../infra/pipeline-stack.ts';
import { putEach } from '../../shared/adapters/dynamodb.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { eventTypesMax } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { SourceFile, WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { encodeRawEvent } from '../../shared/core/events/raw-event.ts';
import { makeEventId } from '../../shared/core/ids/event-id.ts';
import { linkEntropyBytes } from '../../shared/core/ids/link-token.ts';
import { Mapping } from '../../shared/core/mappings/schema.ts';
import { encodeActionsMessage } from '../../shared/core/plan/actions-message.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { type Environment, openEnvironment, StackOutputs } from '../../shared/operations/environment.ts';
import { holdWorkflow } from '../../shared/operations/holds/hold-workflow.ts';
import { createKey } from '../../shared/operations/keys/keys.ts';
import { createLink } from '../../shared/operations/links/links.ts';
import { setSecret } from '../../shared/operations/secrets/change-secret.ts';
import { ingestUrls, secretsOf } from '../../shared/operations/sources/ingest-urls.ts';
import { listStoredStatements } from '../../shared/operations/verify/stored-statements.ts';
import { eventEntry } from '../cli/entries-for-tests.ts';
import { actionsMessage, invocation } from '../support/actions-message.ts';
import { eventRecord, rawEvent, trackEvent } from '../support/build.ts';
import { alarmMessage, type ChannelServers, channelPaths, startChannels } from '../support/channels.ts';
import { configFolder, configure } from '../support/config.ts';

/*
 * Every permission of every function is needed: without it a call that the functions really make would be denied. The local
 * runtime decides each call by the template's roles and tells the decisions; here they are decided again, each time with one
 * permission less.
 */

/** What no call of a function shows, and why it is granted. */
const granted: Record<string, string> = {
  'logs:CreateLogStream': 'Lambda writes the log in the name of the role, outside the function',
  'logs:PutLogEvents': 'Lambda writes the log in the name of the role, outside the function',
};

const functionNames = [
  'Ingest',
  'Processor',
  'WorkflowTrigger',
  'DeadLetter',
  'Api',
  'SenderPage',
  'Notifier',
  'DailyStatement',
  'VolumeCheck',
] as const;

const usualVolume = '0.2..5';

let outdir: string;
let stack: Stack;
let receiver: Server;
let channels: ChannelServers;
const decisions: Decision[] = [];
const problems: string[] = [];

beforeAll(async () => {
  outdir = mkdtempSync(join(tmpdir(), 'signalbox-grants-'));
  channels = await startChannels();
  const app = buildApp({ outdir, environments: [] });
  new PipelineStack(
    app,
    { ...environmentNamed('development'), notify: { slack: true, gatherSeconds: 3 }, dailyStatement: true },
    undefined,
    { warehouse: { volume: { text: usualVolume, low: 0.2, high: 5 } } },
  );
  app.synth();
  [stack] = readStacks(outdir) as [Stack];
  receiver = createServer(({ url }, response) => response.writeHead(url === '/refuse' ? 400 : 202).end());
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  await withRuntime(stack, exercise, (decision) => decisions.push(decision));
});
afterAll(async () => {
  receiver?.close();
  await channels?.stop();
  rmSync(outdir, { recursive: true, force: true });
});

type Running = { runtime: Runtime; local: RuntimeEnvironment; environment: Environment };

/** Runs the stack, which may differ from the synthesized one. */
async function withRuntime<Result>(
  { template }: Stack,
  work: (running: Running) => Promise<Result>,
  onDecision: (decision: Decision) => void = () => undefined,
): Promise<Result> {
  const file = join(outdir, 'signalbox-development.template.json');
  const before = readFileSync(file);
  writeFileSync(file, JSON.stringify(template));
  const runtime = await startRuntime({
    environments: ['development'],
    port: 0,
    outdir,
    configure,
    onDecision,
    onProblem: (line) => problems.push(line),
  }).finally(() => writeFileSync(file, before));
  const local = runtime.environments.development as RuntimeEnvironment;
  const { region, credentials, endpoints, outputs } = local;
  const environment = openEnvironment(
    'development',
    'local',
    StackOutputs.parse(outputs),
    { region, credentials },
    endpoints,
  );
  try {
    return await work({ runtime, local, environment });
  } finally {
    environment.documents.destroy();
    await runtime.stop();
  }
}

const url = ({ local }: Running) =>
  local.configuration.sources.find(({ key }) => key === 'rudderstack')?.ingestUrl ?? '';

async function post(running: Running, ...events: unknown[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const event of events) {
    const headers = { 'content-type': 'application/json', 'user-agent': 'RudderLabs', 'x-webhook-secret': 'test' };
    statuses.push((await fetch(url(running), { method: 'POST', headers, body: JSON.stringify(event) })).status);
  }
  return statuses;
}

/** Everything that the functions do, once. */
async function exercise(running: Running): Promise<void> {
  const { runtime, local, environment } = running;
  await fillEventTypes(environment);
  const { configuration: changes, outputs } = environment;
  const secrets = { client: await environment.secrets(), prefix: outputs.SecretsPrefix, changes };
  const author = 'test';
  for (const workflow of ['news', 'reminder', 'refused', 'kept']) {
    const value = `whsec_${Buffer.from('secret of a target').toString('base64')}`;
    await setSecret(secrets, { name: `targets/${workflow}`, value, also: false, author, nowMs: Date.now() });
  }
  const warehouse = { name: 'sources/warehouse', value: 'secret of the warehouse', also: false };
  await setSecret(secrets, { ...warehouse, author, nowMs: Date.now() });
  await commitAllActions(environment);
  // Before any function has read what is live.
  await holdWorkflow(environment, { workflow: 'kept', author, message: undefined, nowMs: Date.now() });
  const track = (event: string, userId: string, properties: Record<string, unknown> = {}) =>
    trackEvent({ event, userId, messageId: undefined, timestamp: undefined, properties });

  // Its refusal is noted.
  expect(await fetch(url(running), { method: 'POST', body: '{' }).then(({ status }) => status)).toBe(400);
  await post(
    running,
    { type: 'identify', userId: 'ana', traits: { email: 'ana@orchard.example' } },
    { type: 'identify', userId: 'bo', traits: { name: 'Bo' } },
  );
  await runtime.idle();
  const project = { project: 'p-1', name: 'Harbour' };
  await post(running, trackEvent({ userId: 'ana', messageId: 'a run that is only recorded' }), {
    ...track('refused', 'ana'),
    messageId: 'a run that fails, so that its key is free again',
  });
  await post(running, track('followed', 'ana', project), track('followed', 'bo', project));
  // A held run is cancelled, and its trigger is noted no more.
  await post(running, track('put', 'ana', { cart: 'e' }));
  await runtime.idle();
  await post(
    running,
    track('taken', 'ana', { cart: 'e' }),
    track('updated', 'ana', project),
    track('left', 'ana', { cart: 'c' }),
    track('left', 'bo', { cart: 'd' }),
  );
  await until(async () => (await count(environment, environment.outputs.WorkflowRunsTable)) >= 7);
  await post(running, track('returned', 'ana', { cart: 'c' }), track('closed', 'bo', project));
  await runtime.idle();

  // For a merge, which moves what a user follows.
  await post(running, track('followed', 'ana', { project: 'p-2', name: 'Quay' }));
  await deliverAgain(running);
  await parkMessages(running);
  await runtime.idle();
  await callApi(running);
  await runtime.idle();
  await openPage(running);
  await raiseAlarms(running);
  await runtime.idle();
  await stateYesterday(running);
  await compareVolumes(running);
  expect(local.queues()).toEqual(
    Object.fromEntries(Object.keys(local.queues()).map((name) => [name, { visible: 0, inFlight: 0, delayed: 0 }])),
  );
}

/** As many event types as a source may have, all long unseen: the next new one takes the place of one of them. */
async function fillEventTypes({ configuration: { client, table } }: Environment): Promise<void> {
  const rows = ['rudderstack', 'warehouse'].flatMap((source) =>
    Array.from({ length: eventTypesMax }, (_, i) => ({
      table,
      item: {
        pk: `event-types#${source}`,
        sk: `track/old-${i}`,
        last_seen_at: new Date(0).toISOString(),
        sample_event_id: 'x',
      },
    })),
  );
  for (const error of await putEach(client, rows)) if (error !== undefined) throw error;
}

async function commitAllActions(environment: Environment): Promise<void> {
  const { snapshot, environments } = readConfigurationFiles(configFolder);
  const address = receiver.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const target = { type: 'http', url: `${url}/` };
  const on = (event: string, action: string, parameters: object) =>
    Mapping.parse({ id: `${event}-${action.replaceAll('_', '-')}`, event: `track/${event}`, action, parameters });
  const project = { collection: { value: 'projects' }, id: 'data.project' };
  snapshot.workflows.reminder = WorkflowFile.parse({ name: 'Reminder', delay: '5s', target: { development: target } });
  snapshot.workflows.refused = WorkflowFile.parse({
    name: 'Refused',
    target: { development: { type: 'http', url: `${url}/refuse` } },
  });
  snapshot.workflows.news = WorkflowFile.parse({ name: 'News', target: { development: target }, max_per_second: 50 });
  snapshot.workflows.kept = WorkflowFile.parse({ name: 'Kept', target: { development: target } });
  snapshot.sources.warehouse = SourceFile.parse({
    kind: 'census',
    name: 'Warehouse',
    expect: { volume: usualVolume },
  });
  snapshot.sources.warehouse.mappings.push(
    Mapping.parse({ id: 'synced', event: 'record.upsert', action: 'users_identify', parameters: { id: 'user_id' } }),
  );
  snapshot.sources.rudderstack?.mappings.push(
    on('followed', 'objects_set', { ...project, name: 'data.name' }),
    on('followed', 'objects_subscribe', { ...project, recipients: { id: 'user_id' } }),
    on('followed', 'audiences_add_member', {
      key: { value: 'all' },
      members: 'user_id',
      create_audience: { value: true },
    }),
    on('updated', 'workflows_trigger', { key: 'news', recipients: [project] }),
    on('refused', 'workflows_trigger', { key: 'refused' }),
    on('left', 'workflows_trigger', { key: 'reminder', cancellation_key: 'data.cart' }),
    on('returned', 'workflows_cancel', { key: 'reminder', cancellation_key: 'data.cart' }),
    on('put', 'workflows_trigger', { key: 'kept', cancellation_key: 'data.cart' }),
    on('taken', 'workflows_cancel', { key: 'kept', cancellation_key: 'data.cart' }),
    on('closed', 'objects_delete', project),
    on('closed', 'users_delete', { id: 'user_id' }),
  );
  const asked = { author: 'test', message: 'test', nowMs: Date.now() };
  await pushAndCommit(environment.configuration, { snapshot, seed: environments.development, ...asked });
}

/** A copy while another call holds its key: handed back, and on its last delivery logged as failed. */
async function deliverAgain({ local, environment }: Running): Promise<void> {
  const processor = [...local.functions.values()].find(({ name }) => name.includes('Processor'));
  const event = trackEvent({ messageId: 'held' });
  const deliver = async (id: string, deliveries: number) =>
    JSON.parse(
      (await processor?.invoke(JSON.stringify({ Records: [eventRecord(rawEvent(event, { id }), deliveries)] }))) ?? '',
    );
  const [first, holder, copy] = ['A', 'B', 'C'].map((letter) => `01KAJ6VY008M25RXK0Q4T9B7${letter}0`) as [
    string,
    string,
    string,
  ];
  await deliver(first, 1);
  // The same event again: its row says what became of the first.
  await deliver(copy, 2);
  const { documents, outputs } = environment;
  const { Items = [] } = await documents.send(new ScanCommand({ TableName: outputs.ClaimsTable }));
  const held = Items.find(({ owner }) => owner === first);
  await documents.send(
    new UpdateCommand({
      TableName: outputs.ClaimsTable,
      Key: { pk: held?.pk, sk: held?.sk },
      UpdateExpression: 'SET #owner = :holder, lease_ends_at = :lease',
      ExpressionAttributeNames: { '#owner': 'owner' },
      ExpressionAttributeValues: { ':holder': holder, ':lease': Date.now() + 600_000 },
    }),
  );
  for (const deliveries of [1, 10]) {
    const { batchItemFailures } = await deliver(copy, deliveries);
    expect(batchItemFailures).toHaveLength(1);
  }
}

/** Messages that were given up. */
async function parkMessages({ local, environment: { outputs } }: Running): Promise<void> {
  const { region, credentials, endpoints } = local;
  const client = new SQSClient({ region, credentials, endpoint: endpoints.sqs });
  const claim = { key: 'parked', source: 'rudderstack', eventType: 'track/order_completed' };
  const actions = encodeActionsMessage(
    actionsMessage({ claim, invocations: [invocation('users_identify', 'identify', { id: 'x' })] }),
  );
  if ('tooLarge' in actions) throw new Error('the message is too large');
  for (const [QueueUrl, MessageBody] of [
    [outputs.EventsDeadLetterQueueUrl, encodeRawEvent(rawEvent())],
    [outputs.ActionsDeadLetterQueueUrl, actions.text],
  ]) {
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
  client.destroy();
}

/** A source by its link, with one of its events. A request of it was refused before. */
async function openPage({ environment }: Running): Promise<void> {
  const request = { source: 'rudderstack', days: 1, payloads: true, showsUrl: true };
  const now = { author: 'test', nowMs: Date.now(), entropy: randomBytes(linkEntropyBytes) };
  const { link } = await createLink(environment, request, now);
  const page = async (query = '') => {
    const answer = await fetch(link + query);
    expect(answer.status).toBe(200);
    return answer.text();
  };
  const shown = await page();
  expect(shown).toContain('body_not_json');
  const [, id] = /\?event=(\w{26})/.exec(shown) ?? [];
  expect(await page(`?event=${id}`)).toContain(`Event <code>${id}</code>`);
}

/** One alarm for each kind of rows that explain one. What parked messages left is among them. */
async function raiseAlarms({ local, environment }: Running): Promise<void> {
  const { configuration: changes } = environment;
  const secrets = { client: await environment.secrets(), prefix: environment.outputs.SecretsPrefix, changes };
  const author = 'test';
  const value = channels.url + channelPaths.slack;
  await setSecret(secrets, { name: 'notifier/slack', value, also: false, author, nowMs: Date.now() });
  const { region, credentials, endpoints, outputs } = local;
  const client = new SQSClient({ region, credentials, endpoint: endpoints.sqs });
  const QueueUrl = String(outputs.EventsQueueUrl).replace(/-events$/, '-notifications');
  for (const alarm of ['events-failed', 'actions-failing', 'targets-failing', 'signatures-refused']) {
    const MessageBody = alarmMessage(`signalbox-development-${alarm}`, 'ALARM', Date.now());
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
  client.destroy();
  await until(async () => channels.told.length > 0);
  const text = channels.told.map((one) => one.text).join('\n');
  expect(text).toMatch(/\*events-failed\* .*Why: \d+ of source rudderstack: retries_exhausted/s);
  expect(text).toMatch(/Next: `npx signalbox why \w+ -e development`/);
}

/** Of an event of yesterday whose actions are lost: their row is looked up. */
async function stateYesterday({ local, environment }: Running): Promise<void> {
  const { documents: client, outputs } = environment;
  const log = makeEventLog({ client, table: outputs.EventLogTable, retentionDays: 14, usersIndex: false });
  const id = makeEventId('rudderstack', 0, Date.now() - 86_400_000, Buffer.alloc(12));
  await log.writeEach([eventEntry({ id, execution: id })]);
  const name = [...local.functions.keys()].find((one) => one.includes('DailyStatement')) ?? '';
  expect(JSON.parse((await local.functions.get(name)?.invoke('{}')) ?? '')).toMatchObject({
    made: [expect.stringMatching(/ differs$/)],
  });
  const [statement] = await listStoredStatements(environment.configuration);
  expect(statement).toMatchObject({ made_by: 'schedule', where: 'local', unexplained: [{}, { event_ids: [id] }] });
  expect(statement?.made_with.functions).toContain('ingest:');
}

async function compareVolumes({ local }: Running): Promise<void> {
  const name = [...local.functions.keys()].find((one) => one.includes('VolumeCheck')) ?? '';
  expect(JSON.parse((await local.functions.get(name)?.invoke('{}')) ?? '')).toEqual({ compared: 1, unusual: [] });
}

async function callApi({ local, environment }: Running): Promise<void> {
  const entropy = new Uint8Array(32).fill(7);
  const { key } = await createKey(
    environment,
    { name: 'test', kind: 'secret' },
    { author: 'test', nowMs: Date.now(), entropy },
  );
  const methods = new Map(routes.map((route) => [route.call, route.method]));
  const missing = new Set(methods.keys());
  const call = async (name: string, path: string, body?: unknown, more: Record<string, string> = {}) => {
    const method = methods.get(name) ?? '';
    missing.delete(name);
    const response = await fetch(`${local.ingestUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...more },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect([name, path, Math.floor(response.status / 100)]).toEqual([name, path, 2]);
    return (response.status === 204 ? undefined : await response.json()) as { id: string; items: { id: string }[] };
  };
  const object = '/v1/objects/projects/apollo';
  await call('users.update', '/v1/users/ana-too', { name: 'Ana' });
  await call('users.get', '/v1/users/ana');
  await call('users.list', '/v1/users');
  await call('users.listSubscriptions', '/v1/users/ana/subscriptions');
  await call('users.merge', '/v1/users/ana-too/merge', { from_user_id: 'ana' });
  await call('objects.set', object, { name: 'Apollo' });
  await call('objects.get', object);
  await call('objects.list', '/v1/objects/projects');
  await call('objects.addSubscriptions', `${object}/subscriptions`, { recipients: ['ana-too'] });
  await call('objects.listSubscriptions', `${object}/subscriptions`);
  await call('objects.deleteSubscriptions', `${object}/subscriptions`, { recipients: ['ana-too'] });
  await call('objects.delete', object);
  await call('tenants.set', '/v1/tenants/acme', { name: 'Acme' });
  await call('tenants.get', '/v1/tenants/acme');
  await call('tenants.list', '/v1/tenants');
  await call('tenants.delete', '/v1/tenants/acme');
  const triggered = { recipients: ['ana-too'], actor: 'ana-too' };
  const once = { 'idempotency-key': 'once' };
  await call('workflows.trigger', '/v1/workflows/news/trigger', triggered, once);
  const runs = '/v1/workflow_recipient_runs';
  await call('workflowRecipientRuns.list', runs);
  await call('workflowRecipientRuns.list', `${runs}?has_errors=true`);
  // A run that waits tells what its action waits for.
  await call('workflows.trigger', '/v1/workflows/reminder/trigger', { recipients: ['ana-too'] });
  const waiting = async () =>
    (await call('workflowRecipientRuns.list', `${runs}?recipient=ana-too&status[]=paused`)).items;
  await until(async () => (await waiting()).length > 0);
  await call('workflowRecipientRuns.get', `${runs}/${(await waiting())[0]?.id}`);
  await call('workflows.cancel', '/v1/workflows/reminder/cancel', { cancellation_key: 'none' });
  const members = '/v1/audiences/readers/members';
  await call('audiences.addMembers', `${members}?create_audience=true`, { members: [{ user: { id: 'ana-too' } }] });
  await call('audiences.listMembers', members);
  await call('audiences.removeMembers', members, { members: [{ user: { id: 'ana-too' } }] });
  const recipientsOf = { id: 'apollo', recipients: ['ana-too'] };
  const operation = await call('users.bulk.identify', '/v1/users/bulk/identify', { users: [{ id: 'ana-three' }] });
  await call('bulkOperations.get', `/v1/bulk_operations/${operation.id}`);
  await call('users.bulk.delete', '/v1/users/bulk/delete', { user_ids: ['ana-three'] });
  await call('objects.bulk.set', '/v1/objects/projects/bulk/set', { objects: [{ id: 'apollo' }] });
  const subscriptions = { subscriptions: [recipientsOf] };
  await call('objects.bulk.addSubscriptions', '/v1/objects/projects/bulk/subscriptions/add', subscriptions);
  await call('objects.bulk.deleteSubscriptions', '/v1/objects/projects/bulk/subscriptions/delete', subscriptions);
  await call('objects.bulk.delete', '/v1/objects/projects/bulk/delete', { object_ids: ['apollo'] });
  await call('tenants.bulk.set', '/v1/tenants/bulk/set', { tenants: ['acme'] });
  await call('tenants.bulk.delete', '/v1/tenants/bulk/delete', { tenant_ids: ['acme'] });
  await call('users.delete', '/v1/users/ana-too');
  // Refused but for its key: the actor is gone.
  await call('workflows.trigger', '/v1/workflows/news/trigger', triggered, once);
  const synced = {
    object: { object_api_name: 'users' },
    operation: 'upsert',
    schema: { id: { active_identifier: true, field: { field_api_name: 'id' } } },
  };
  const sync = {
    jsonrpc: '2.0',
    id: '1',
    method: 'sync_batch',
    params: { sync_plan: synced, records: [{ id: 'of-a-sync' }] },
  };
  await call('integrations.census.customDestination', '/v1/integrations/census/custom-destination', sync);
  const asked = { jsonrpc: '2.0', id: '1', method: 'list_objects' };
  await call('integrations.hightouch.embeddedDestination', '/v1/integrations/hightouch/embedded-destination', asked);
  // The same by the URL of a source; its mapping sends the record to the events queue.
  const urls = await ingestUrls(environment, await secretsOf(environment));
  const { pathname } = new URL(urls('warehouse', { generation: 1, previous_valid: false }));
  await call('sources.call', `${pathname}/rpc`, sync, { authorization: 'Bearer secret of the warehouse' });
  await call('openapi.get', '/v1/openapi.json');
  // A call that is missing here may lack a permission that no other test would miss.
  expect([...missing]).toEqual([]);
}

async function count({ documents }: Environment, TableName: string): Promise<number> {
  return (await documents.send(new ScanCommand({ TableName, Select: 'COUNT' }))).Count ?? 0;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const endsAtMs = Date.now() + 30_000; !(await condition()); ) {
    if (Date.now() > endsAtMs) throw new Error(['it did not come to that', ...problems].join('\n'));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

type Granted = { arn: string; policies: Policy[] };

function roleOf(name: string): Granted {
  const resources = readResources(stack, {
    queueUrl: (queue) => `http://127.0.0.1/${queue}`,
    gatewayUrl: 'http://127.0.0.1',
  });
  const definition = resources.of(lambdaFunction).find((one) => one.name.includes(`-${name}`));
  const found = resources.of(role).find(({ arn }) => arn === definition?.role);
  if (found === undefined) throw new Error(`the template has no role of ${name}`);
  return {
    arn: found.arn,
    policies: [...found.policies, ...resources.of(policy).filter(({ roles }) => roles.includes(found.name))],
  };
}

const listed = <Item>(one: Item | Item[]): Item[] => (Array.isArray(one) ? one : [one]);

/** The policies with one permission less: an action on a resource, or a key of items that a statement names. */
function* withoutOne({ policies }: Granted): Generator<{ what: string; action: string; policies: Policy[] }> {
  for (const [p, { name, document }] of policies.entries()) {
    for (const [s, statement] of document.Statement.entries()) {
      const replaced = (...instead: Statement[]) =>
        policies.with(p, {
          name,
          document: { ...document, Statement: document.Statement.toSpliced(s, 1, ...instead) },
        });
      for (const action of listed(statement.Action)) {
        for (const resource of listed(statement.Resource)) {
          const otherActions = listed(statement.Action).filter((one) => one !== action);
          const otherResources = listed(statement.Resource).filter((one) => one !== resource);
          const rest = [
            { ...statement, Action: otherActions },
            { ...statement, Action: action, Resource: otherResources },
          ].filter(({ Action, Resource }) => Action.length > 0 && Resource.length > 0);
          yield { what: `${action} on ${resource}`, action, policies: replaced(...rest) };
        }
      }
      const condition = statement.Condition?.['ForAllValues:StringLike'];
      for (const key of listed((condition?.['dynamodb:LeadingKeys'] ?? []) as string[])) {
        const keys = listed(condition?.['dynamodb:LeadingKeys'] as string[]).filter((one) => one !== key);
        const Condition = { ...statement.Condition, 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } };
        yield {
          what: `items ${key} by ${listed(statement.Action)}`,
          action: '',
          policies: replaced({ ...statement, Condition }),
        };
      }
    }
  }
}

describe('what is granted is used', () => {
  test('and no call of the exercise was denied', () => {
    expect(decisions.length).toBeGreaterThan(50);
    expect(decisions.filter(({ allowed }) => !allowed)).toEqual([]);
  });

  test.each(functionNames)('%s would miss each of its permissions', (name) => {
    const all = roleOf(name);
    const asked = decisions.filter((decision) => decision.role === all.arn).map(({ permission }) => permission);
    const unused: string[] = [];
    for (const { what, action, policies } of withoutOne(all)) {
      const access = makeRoleAccess({ arn: all.arn, session: 'test', policies });
      const isMissed = asked.some((permission) => access.denied([permission]) !== undefined);
      if (!isMissed && granted[action] === undefined) unused.push(what);
      // A reason for what is used has become untrue.
      if (isMissed && granted[action] !== undefined) unused.push(`${what} is used after all`);
    }
    expect(unused).toEqual([]);
  });
});

describe('without a permission', () => {
  type Template = Stack['template'];
  /** The template whose roles may no longer do `action` on what `of` names. */
  function without(action: string, of: (resource: string) => boolean): Stack {
    const template = structuredClone(stack.template);
    let removed = 0;
    for (const { Type, Properties } of Object.values(template.Resources)) {
      if (Type !== 'AWS::IAM::Policy') continue;
      const document = Properties.PolicyDocument as unknown as {
        Statement: { Action: string | string[]; Resource: unknown }[];
      };
      document.Statement = document.Statement.flatMap((statement) => {
        if (!listed(statement.Action).includes(action) || !of(JSON.stringify(statement.Resource))) return [statement];
        removed++;
        const others = listed(statement.Action).filter((one) => one !== action);
        return others.length > 0 ? [{ ...statement, Action: others }] : [];
      });
    }
    if (removed === 0) throw new Error(`no role may do ${action} there`);
    return { ...stack, template: template as Template };
  }
  const identify = { type: 'identify', userId: 'ana', messageId: 'one' };

  test('to send to the events queue, ingest answers 503, and the sender tries again', async () => {
    const changed = without('sqs:SendMessage', (resource) => resource.includes('"EventsQueue"'));
    expect(await withRuntime(changed, (running) => post(running, identify))).toEqual([503]);
  });

  test('to write event rows, no event gets one', async () => {
    const changed = without('dynamodb:BatchWriteItem', (resource) => resource.includes('"EventLog"'));
    const denied: Decision[] = [];
    const rows = await withRuntime(
      changed,
      async (running) => {
        await post(running, identify);
        await until(async () => denied.length > 0);
        return count(running.environment, running.environment.outputs.EventLogTable);
      },
      (decision) => !decision.allowed && denied.push(decision),
    );
    expect([rows, denied.map(({ permission }) => permission.action)]).toEqual([0, ['dynamodb:BatchWriteItem']]);
  });

  test("to look at the queue, Lambda's poller does not start", async () => {
    const changed = without('sqs:GetQueueAttributes', (resource) => resource.includes('"ActionsQueue"'));
    await expect(withRuntime(changed, async () => undefined)).rejects.toThrow(
      /AWS::Lambda::EventSourceMapping .*AccessDeniedException: User: \S+WorkflowTrigger\S+ is not authorized to perform: sqs:getqueueattributes/,
    );
  });
});
