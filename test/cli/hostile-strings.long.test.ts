import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { makeAudiences } from '../../shared/adapters/dynamodb-audiences.ts';
import { makeDirectory } from '../../shared/adapters/dynamodb-directory.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { makeSeenRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { makeSubscriptions } from '../../shared/adapters/dynamodb-subscriptions.ts';
import { makeWorkflowRuns } from '../../shared/adapters/dynamodb-workflow-runs.ts';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import { invocationId } from '../../shared/core/ids/invocation-id.ts';
import { runKey } from '../../shared/core/ids/run-id.ts';
import { liveConfiguration, rawEvent } from '../support/build.ts';
import { startCli, type TestCli } from './cli-for-tests.ts';
import { actionEntry, eventEntry, outcome, run } from './entries-for-tests.ts';

// Each command reads several tables, and the machine may be busy.

/** What clears a screen, hides text, turns a line around, forges a row, or is half a character. */
const hostile = '\u001b[2J\u001b[8m\u009b31m\u202e\u061c\u2028\u0007\u{e0041}\ud800\n\rforged';
/** Every control character but the line break, every mark of direction, every invisible copy of ASCII. */
const control = /[^\P{Cc}\n]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/u;
const named = (name: string) => `${name}${hostile}`;
const { snapshot } = liveConfiguration();

let cli: TestCli;
let eventId: string;
beforeAll(async () => {
  const { rudderstack } = snapshot.sources;
  if (rudderstack === undefined) throw new Error('the configuration of tests has no source rudderstack');
  cli = await startCli({
    ...snapshot,
    sources: { rudderstack: { ...rudderstack, name: named('Source'), description: named('text') } },
    workflows: Object.fromEntries(
      Object.entries(snapshot.workflows).map(([key, workflow]) => [key, { ...workflow, name: named('Workflow') }]),
    ),
    audiences: { vips: { name: named('VIPs'), description: named('text') } },
  });
  const { client, names } = cli.tables;
  const nowMs = Date.now();
  const user = { kind: 'user', id: 'usr_8841' } as const;
  const attributes = {
    name: named('Ada'),
    email: named('mail'),
    [named('property')]: named('value'),
    nested: { [named('inner')]: [named('item')] },
  };
  const project = { kind: 'object', collection: 'projects', id: 'p1' } as const;
  const acme = { kind: 'object', collection: '$tenants', id: 'acme' } as const;
  await upsertEntities(
    [user, project, acme].map((ref) => ({ ref, attributes, sourceTimeMs: 1 })),
    makeDirectory(client, names.Directory),
    nowMs,
  );
  await makeSubscriptions(client, names.Directory).subscribe(project, [user], {
    sourceTimeMs: 1,
    nowMs,
    properties: { [named('role')]: named('owner') },
  });
  await makeAudiences(client, names.Directory).add('vips', [{ userId: 'usr_8841', tenant: 'acme' }], {
    sourceTimeMs: 1,
    nowMs,
    by: 'test',
  });
  const type = named('track/Order');
  const raw = rawEvent({
    type: 'track',
    event: named('Order'),
    userId: named('usr'),
    messageId: named('msg'),
    properties: { [named('key')]: named('value'), [named('list')]: [{ [named('a.b')]: 1 }] },
  });
  const event = eventEntry({
    id: raw.id,
    payload: raw.payload,
    eventType: type,
    userId: named('usr'),
    key: named('msg'),
    status: 'failed',
    reason: 'retries_exhausted',
    detail: named('detail'),
  });
  eventId = event.id;
  await makeEventLog({ client, table: names.EventLog, retentionDays: 14, usersIndex: true }).writeEach([event]);
  const failed = outcome(event.id, {
    status: 'failed',
    reason: 'invalid_params',
    detail: named('detail'),
    warnings: [{ field: named('field'), message: named('message') } as never],
    payload: { [named('recipients')]: named('usr'), key: 'order-completed' },
    result: { id: invocationId(event.id, 'order-completed'), [named('answer')]: named('no') },
  });
  await makeActionLog({ client, table: names.ActionLog, retentionDays: 14 }).writeEach([actionEntry(event, [failed])]);
  await makeWorkflowRuns({ client, table: names.WorkflowRuns, retentionDays: 14 }).writeEach([
    run(event, {
      key: runKey(user, event.id, 'order-completed'),
      data: { [named('total')]: named('1') },
      targetReference: { [named('reference')]: named('x') },
    }),
  ]);
  await makeSeenRegistry(cli.table).note([{ source: 'rudderstack', eventType: type, eventId: event.id }], nowMs);
});
afterAll(() => cli?.stop());

/** Every command that shows what senders or colleagues named; `ID` is the event's. */
const commands: string[][] = [
  ['sources'],
  ['sources', 'rudderstack'],
  ['events'],
  ['events', 'show', 'ID'],
  ['event-types', 'rudderstack'],
  ['actions'],
  ['actions', '--event', 'ID'],
  ['runs'],
  ['runs', '--recipient', 'usr_8841'],
  ['runs', '--event', 'ID'],
  ['users'],
  ['users', 'get', 'usr_8841'],
  ['objects', 'list', 'projects'],
  ['objects', 'get', 'projects', 'p1'],
  ['tenants'],
  ['tenants', 'get', 'acme'],
  ['audiences'],
  ['audiences', 'members', 'vips'],
  ['why', 'ID'],
  ['replay', 'ID', '--dry-run'],
  ['discard', 'ID', '--reason', 'a test', '--dry-run'],
  ['verify', '--since', '1h'],
  ['config', 'show'],
  ['config', 'log'],
  ['config', 'diff'],
  ['config', 'show', 'sources/rudderstack'],
  ['settings', 'show', 'rudderstack'],
  ['secrets', 'list'],
  ['mapping', 'suggest', 'rudderstack', named('track/Order')],
  ['mapping', 'test', 'rudderstack', '--event', 'ID'],
  ['mapping', 'deactivate', 'rudderstack', named('no such')],
  ['workflow', 'pause', named('no such')],
  ['workflow', 'run', 'order-completed', '--recipient', named('no such')],
  ['sources', named('no such')],
  ['events', '--status', named('no such')],
  ['users', 'get', named('no such')],
  // The shell's own words are repeated as they were typed, line breaks included.
  [named('no such').replace('\n', '')],
];

describe('text of strangers reaches no terminal raw', () => {
  test.each(commands.map((args) => [args.join(' ').replaceAll(hostile, '…'), args] as const))(
    '%s',
    async (_t, args) => {
      const own = args.map((word) => (word === 'ID' ? eventId : word));
      for (const words of [own, [...own, '--json']]) {
        const { stdout, stderr } = await cli.signalbox(words);
        expect(stdout + stderr).not.toBe('');
        expect(control.exec(stdout)).toBeNull();
        expect(control.exec(stderr)).toBeNull();
        // A line break in a name would forge a row of a table; in JSON it is escaped.
        expect(`${stdout}\n${stderr}`).not.toMatch(/^forged/m);
      }
    },
  );
});
