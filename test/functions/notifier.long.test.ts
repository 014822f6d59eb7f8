import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openChannels } from '../../functions/notifier/channels/open-channels.ts';
import { postJson } from '../../functions/notifier/channels/post.ts';
import { type NotifierDeps, notifyBatch } from '../../functions/notifier/notify-batch.ts';
import { makeActionLog } from '../../shared/adapters/dynamodb-action-log.ts';
import { makeAnnouncements } from '../../shared/adapters/dynamodb-announcements.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { makeRefusalNotes } from '../../shared/adapters/dynamodb-refusal-notes.ts';
import { makeSeenRegistry } from '../../shared/adapters/dynamodb-seen-registry.ts';
import { makeSecrets, makeSecretsClient } from '../../shared/adapters/secrets-manager-secrets.ts';
import { rowHeadOf } from '../../shared/core/logs/event-log-entry.ts';
import { explainAlarm } from '../../shared/operations/alarms/explain-alarm.ts';
import { rawEvent, sqsRecord } from '../support/build.ts';
import { alarmMessage, type ChannelServers, channelPaths, startChannels, type Told } from '../support/channels.ts';
import { localCredentials, startTables, type TestTables } from '../support/dynalite.ts';
import { makeCountedMetrics } from '../support/fakes.ts';
import { makeKeptLog } from '../support/function-log.ts';
import { startSecrets, type TestSecrets } from '../support/secrets-manager.ts';

/* The notifier over the real adapters, with servers that answer as Slack, PagerDuty and a webhook's receiver do. */

const nowMs = Date.parse('2026-11-29T14:05:00Z');
const minuteMs = 60_000;
const signingKey = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const alarm = (name: string, state: 'ALARM' | 'OK' | 'INSUFFICIENT_DATA', minute = 0, change = {}) =>
  alarmMessage(`signalbox-production-${name}`, state, nowMs + minute * minuteMs, change);

let tables: TestTables;
let store: TestSecrets;
let channels: ChannelServers;

beforeAll(async () => {
  [store, channels] = await Promise.all([startSecrets(), startChannels()]);
});
afterAll(() => Promise.all([store.stop(), channels.stop()]));
beforeEach(async () => {
  tables = await startTables();
  channels.told.length = 0;
  channels.requests.length = 0;
  channels.answers.clear();
  store.secrets.clear();
  const set = (name: string, value: string) =>
    store.secrets.set(`signalbox/production/notifier/${name}`, JSON.stringify({ values: [value] }));
  set('slack', channels.url + channelPaths.slack);
  set('pagerduty', 'routing-key');
  set('webhook', signingKey);
});
afterEach(() => tables.stop());

function makeNotifier(change: Partial<NotifierDeps> = {}) {
  const log = makeKeptLog();
  const metrics = makeCountedMetrics();
  const waits: number[] = [];
  const configuration = { client: tables.client, table: tables.names.Configuration };
  const explainable = {
    documents: tables.client,
    outputs: { EventLogTable: tables.names.EventLog, ActionLogTable: tables.names.ActionLog },
    configuration,
    logShards: 1,
  };
  const deps: NotifierDeps = {
    environment: 'production',
    channels: openChannels(
      {
        gatherSeconds: 0,
        slack: true,
        pagerDuty: { url: channels.url + channelPaths.pagerduty },
        webhook: { url: channels.url + channelPaths.webhook },
      },
      {
        secrets: makeSecrets({
          client: makeSecretsClient({ endpoint: store.endpoint, ...localCredentials }),
          prefix: 'signalbox/production',
        }),
        post: (post) => postJson(post, { wait: async (ms) => waits.push(ms), attemptMs: 300 }),
        nowMs: () => nowMs,
      },
    ),
    announcements: makeAnnouncements(configuration),
    gather: async () => undefined,
    explain: (explanation, range) => explainAlarm(explanation, explainable, range),
    runbooksUrl: 'https://git.example/signalbox/docs/runbooks',
    metrics,
    log,
    nowMs: () => nowMs,
    ...change,
  };
  const told = (channel: keyof typeof channelPaths): Told[] =>
    channels.told.filter(({ path }) => path === channelPaths[channel]);
  return {
    deps,
    log,
    metrics,
    waits,
    told,
    /** Delivers messages as one batch; answers how many come back. */
    async deliver(...messages: string[]) {
      const { batchItemFailures } = await notifyBatch(
        messages.map((message) => sqsRecord(message)),
        deps,
      );
      return batchItemFailures.length;
    },
    slackText: () => told('slack').map(({ text }) => text),
  };
}

/** Failed events of two reasons, three and one. */
async function failEvents(): Promise<string[]> {
  const eventLog = makeEventLog({
    client: tables.client,
    table: tables.names.EventLog,
    retentionDays: 30,
    usersIndex: false,
  });
  const seen = makeSeenRegistry({ client: tables.client, table: tables.names.Configuration });
  const raws = Array.from({ length: 4 }, (_, i) =>
    rawEvent({}, { source: 'web', receivedAtMs: nowMs - (10 - i) * minuteMs }),
  );
  await seen.note(
    raws.map(({ id }) => ({ source: 'web', eventId: id })),
    nowMs,
  );
  for (const [i, raw] of raws.entries()) {
    await eventLog.writeFailed({
      ...rowHeadOf(raw),
      status: 'failed',
      reason: i === 0 ? 'message_unreadable' : 'retries_exhausted',
      detail: i === 0 ? 'no version reads it' : 'the table <Claims> is away',
      actionsPlanned: 0,
      processedAtMs: nowMs,
    });
  }
  return raws.map(({ id }) => id);
}

describe('an alarm that is raised', () => {
  test('is told in Slack: what, since when, how many, why, an example, the next command, the page', async () => {
    const ids = await failEvents();
    const { deliver, told } = makeNotifier();
    expect(await deliver(alarm('events-failed', 'ALARM'))).toBe(0);
    const [{ body }] = told('slack') as [Told];
    expect(body.text).toBe('Signalbox production: raised: events-failed');
    const text = JSON.stringify(body.blocks);
    for (const part of [
      '*events-failed* since <!date^1795961100^{time}|14:05 UTC>: 35 events in 5 minutes',
      'Events could not be processed, for a fault of ours',
      `Why: 3 of source web: retries_exhausted: the table &lt;Claims&gt; is away (${ids[3]}), and 1 more`,
      `Next: \`npx signalbox why ${ids[3]} -e production\``,
      '<https://git.example/signalbox/docs/runbooks/events-failed.md|What to do>',
    ])
      expect(text).toContain(part);
  });

  test('opens an alert of PagerDuty, under a key of its own', async () => {
    await failEvents();
    const { deliver, told } = makeNotifier();
    await deliver(alarm('events-failed', 'ALARM'));
    expect(told('pagerduty').map(({ body }) => body)).toMatchObject([
      {
        routing_key: 'routing-key',
        event_action: 'trigger',
        dedup_key: 'signalbox/production/events-failed',
        payload: {
          summary: expect.stringMatching(/^production: events-failed, 35 events in 5 minutes\. Events could not/),
          source: 'signalbox production',
          severity: 'critical',
          timestamp: '2026-11-29T14:05:00.000Z',
          custom_details: { reasons: [expect.stringContaining('3 of source web'), expect.stringContaining('1 of')] },
        },
        links: [{ href: 'https://git.example/signalbox/docs/runbooks/events-failed.md', text: 'What to do' }],
      },
    ]);
  });

  test('is posted to the webhook, signed as Standard Webhooks says', async () => {
    const { deliver, told } = makeNotifier();
    await deliver(alarm('keys-refused', 'ALARM'));
    const [{ body, text, headers }] = told('webhook') as [Told];
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
    const signature = createHmac('sha256', Buffer.alloc(24, 7)).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signature}`);
    expect(body).toEqual({
      type: 'alarms.changed',
      timestamp: '2026-11-29T14:05:00.000Z',
      data: {
        environment: 'production',
        alarms: [
          {
            alarm: 'keys-refused',
            state: 'raised',
            severity: 'warning',
            means: expect.stringContaining('Calls of the REST API without a valid key'),
            since: '2026-11-29T14:05:00.000Z',
            over_at: null,
            how_many: '35 calls in 5 minutes',
            reasons: [],
            next: 'npx signalbox keys list -e production',
            runbook: 'https://git.example/signalbox/docs/runbooks/keys-refused.md',
          },
        ],
      },
    });
  });

  test('names the last refused request, of which there is no row', async () => {
    const table = { client: tables.client, table: tables.names.Configuration };
    await makeRefusalNotes(table, () => undefined).note({
      source: 'web',
      reason: 'signature_wrong',
      requestId: 'req-1',
      atMs: nowMs,
    });
    const { deliver, slackText } = makeNotifier();
    await deliver(alarm('signatures-refused', 'ALARM'));
    expect(slackText()[0]).toContain('Why: source web: signature_wrong (req-1)');
    expect(slackText()[0]).toContain('npx signalbox refusals --since 1h -e production');
  });

  test('names what actions wait for, and not what they wait for on purpose', async () => {
    const actionLog = makeActionLog({ client: tables.client, table: tables.names.ActionLog, retentionDays: 30 });
    const pending = (id: string, reason: 'target_unavailable' | 'delayed') => ({
      id,
      action: 'workflows_trigger',
      mapping: id,
      status: 'pending' as const,
      reason,
      detail: 'answered 503',
      payload: { key: 'order-completed' },
      attempts: 3,
    });
    const { id } = rawEvent({}, { source: 'web', receivedAtMs: nowMs - minuteMs });
    await actionLog.writeEach([
      {
        execution: id,
        eventId: id,
        source: 'web',
        eventType: 'track/x',
        configVersion: 1,
        actions: [pending('a', 'target_unavailable'), pending('b', 'delayed')],
        next: 2,
        origins: [id],
        revision: 1,
        receivedAtMs: nowMs,
        updatedAtMs: nowMs,
      },
    ]);
    const { deliver, slackText } = makeNotifier();
    await deliver(alarm('targets-failing', 'ALARM'));
    expect(slackText()[0]).toContain(`Why: 1 of workflow order-completed: target_unavailable: answered 503 (${id})`);
    expect(slackText()[0]).not.toContain('and 1 more');
  });

  test('is told without reasons while the tables are away: the alarm comes first', async () => {
    const { deliver, slackText, log } = makeNotifier({
      explain: () => Promise.reject(new Error('the table is away')),
    });
    expect(await deliver(alarm('events-failed', 'ALARM'))).toBe(0);
    expect(slackText()[0]).toContain('35 events in 5 minutes');
    expect(slackText()[0]).toContain('Next: `npx signalbox events --status failed --since 1h -e production`');
    expect(log.lines).toMatchObject([{ message: 'the reasons of an alarm could not be read', alarm: 'events-failed' }]);
  });

  test('of a function is explained by the function’s name; one that is not ours by its own description', async () => {
    const { deliver, slackText } = makeNotifier();
    await deliver(alarm('processor-errors', 'ALARM'), alarmMessage('disk-full', 'ALARM', nowMs));
    expect(slackText()[0]).toContain('processor crashed or ran out of time');
    expect(slackText()[0]).toContain('What CloudWatch knows of it.');
  });
});

describe('alarms that change together', () => {
  test('are one message in Slack and one post, and an alert each in PagerDuty', async () => {
    const { deliver, told } = makeNotifier();
    await deliver(alarm('events-failed', 'ALARM'), alarm('dead-letters', 'ALARM', 1), alarm('events-delayed', 'ALARM'));
    expect(told('slack').map(({ body }) => body.text)).toEqual([
      'Signalbox production: raised: dead-letters, events-delayed, events-failed',
    ]);
    expect(told('webhook')).toHaveLength(1);
    expect(new Set(told('pagerduty').map(({ body }) => body.dedup_key)).size).toBe(3);
  });

  test('are read once for the same reasons', async () => {
    let reads = 0;
    const { deliver } = makeNotifier({
      explain: async () => {
        reads++;
        return [];
      },
    });
    await deliver(alarm('events-failed', 'ALARM'), alarm('dead-letters', 'ALARM'));
    expect(reads).toBe(1);
  });

  test('are told together by one of the calls that hear of them, whoever comes first', async () => {
    const gates: (() => void)[] = [];
    const gather = () => new Promise<void>((resolve) => gates.push(resolve));
    const first = makeNotifier({ gather });
    const second = makeNotifier({ gather });
    const telling = first.deliver(alarm('events-failed', 'ALARM'));
    while (gates.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await second.deliver(alarm('dead-letters', 'ALARM'))).toBe(0);
    expect(channels.requests).toEqual([]);
    gates[0]?.();
    expect(await telling).toBe(0);
    expect(first.told('slack').map(({ body }) => body.text)).toEqual([
      'Signalbox production: raised: dead-letters, events-failed',
    ]);
    expect(gates).toHaveLength(1);
  });

  test('one that is noted while others are told is told next, by the same call', async () => {
    const late = makeNotifier();
    const { deliver, told } = makeNotifier({
      // Its records are read already.
      explain: async () => {
        await late.deliver(alarm('keys-refused', 'ALARM'));
        return [];
      },
    });
    expect(await deliver(alarm('events-failed', 'ALARM'))).toBe(0);
    expect(told('slack').map(({ body }) => body.text)).toEqual([
      'Signalbox production: raised: events-failed',
      'Signalbox production: raised: keys-refused',
    ]);
  });

  test('are told after the turn of a call that died', async () => {
    const dead = makeNotifier({ gather: () => Promise.reject(new Error('killed')) });
    await expect(dead.deliver(alarm('events-failed', 'ALARM'))).rejects.toThrow('killed');
    const { deliver, told } = makeNotifier();
    // The dead call's message comes back, when its turn is over.
    expect(await deliver(alarm('dead-letters', 'ALARM'))).toBe(0);
    expect(told('slack')).toEqual([]);
    const later = makeNotifier({ nowMs: () => nowMs + 2 * minuteMs });
    expect(await later.deliver(alarm('events-failed', 'ALARM'))).toBe(0);
    expect(told('slack').map(({ body }) => body.text)).toEqual([
      'Signalbox production: raised: dead-letters, events-failed',
    ]);
  });

  test('one that is raised and over within a batch is no news', async () => {
    const { deliver } = makeNotifier();
    expect(await deliver(alarm('events-failed', 'ALARM'), alarm('events-failed', 'OK', 1))).toBe(0);
    expect(channels.requests).toEqual([]);
  });
});

describe('an alarm that is over', () => {
  test('is said to be, with how long it lasted, and resolves its alert', async () => {
    const { deliver, slackText, told } = makeNotifier();
    await deliver(alarm('events-failed', 'ALARM'));
    await deliver(alarm('events-failed', 'OK', 83));
    expect(slackText()[1]).toContain('*events-failed* is over. It lasted 1 hour 23 minutes, since');
    expect(told('pagerduty')[1]?.body).toEqual({
      routing_key: 'routing-key',
      dedup_key: 'signalbox/production/events-failed',
      event_action: 'resolve',
    });
    expect(told('webhook')[1]?.body).toMatchObject({
      data: {
        alarms: [{ state: 'over', since: '2026-11-29T14:05:00.000Z', over_at: '2026-11-29T15:28:00.000Z' }],
      },
    });
  });

  test('and was never told of, as after a deploy, is no news; neither is one without data', async () => {
    const { deliver } = makeNotifier();
    expect(await deliver(alarm('events-failed', 'OK'), alarm('dead-letters', 'INSUFFICIENT_DATA'))).toBe(0);
    expect(channels.requests).toEqual([]);
  });

  test('is raised again by the next trouble', async () => {
    const { deliver, told } = makeNotifier();
    for (const [i, state] of (['ALARM', 'OK', 'ALARM'] as const).entries())
      await deliver(alarm('events-failed', state, i));
    expect(told('pagerduty').map(({ body }) => body.event_action)).toEqual(['trigger', 'resolve', 'trigger']);
  });
});

describe('a message that comes twice', () => {
  test('is told once', async () => {
    const { deliver, told } = makeNotifier();
    for (let i = 0; i < 2; i++) await deliver(alarm('events-failed', 'ALARM'));
    expect(told('slack')).toHaveLength(1);
  });

  test('or late does not tell again what is over', async () => {
    const { deliver, told } = makeNotifier();
    await deliver(alarm('events-failed', 'OK', 5));
    expect(await deliver(alarm('events-failed', 'ALARM'))).toBe(0);
    expect(told('slack')).toEqual([]);
  });
});

describe('a channel that does not take it', () => {
  test('is told when the message comes again, and the others are not', async () => {
    const { deliver, told, log, metrics } = makeNotifier();
    channels.answers.set(channelPaths.slack, { status: 500, text: 'server_error' });
    expect(await deliver(alarm('events-failed', 'ALARM'), alarm('dead-letters', 'ALARM'))).toBe(2);
    expect(metrics.counts.get('NotificationsFailed')).toBe(1);
    expect(log.lines).toMatchObject([
      {
        level: 'error',
        message: 'a channel could not be told of alarms',
        channel: 'slack',
        alarms: ['dead-letters: raised', 'events-failed: raised'],
        error: expect.objectContaining({ message: 'answered 500: server_error' }),
      },
    ]);
    channels.answers.clear();
    expect(await deliver(alarm('events-failed', 'ALARM'), alarm('dead-letters', 'ALARM'))).toBe(0);
    expect([told('slack').length, told('webhook').length, told('pagerduty').length]).toEqual([1, 1, 2]);
  });

  test('is tried three times at once, after the time that it names', async () => {
    const { deliver, waits } = makeNotifier();
    channels.answers.set(channelPaths.slack, { status: 429, headers: { 'retry-after': '3' } });
    channels.answers.set(channelPaths.pagerduty, { status: 503 });
    expect(await deliver(alarm('events-failed', 'ALARM'))).toBe(1);
    expect(channels.requests.filter(({ path }) => path !== channelPaths.webhook)).toHaveLength(6);
    expect(waits.sort()).toEqual([1000, 2000, 3000, 3000]);
  });

  test('is tried again when it does not answer, and that is said without its address', async () => {
    const { deliver, log } = makeNotifier();
    channels.answers.set(channelPaths.slack, 'hang');
    expect(await deliver(alarm('events-failed', 'ALARM'))).toBe(1);
    expect(channels.requests.filter(({ path }) => path === channelPaths.slack)).toHaveLength(3);
    expect(log.lines).toMatchObject([{ error: expect.objectContaining({ message: 'no answer: TimeoutError' }) }]);
    expect(JSON.stringify(log.lines.map(({ error }) => String((error as Error).stack)))).not.toContain('slack-token');
  });

  test('is not tried again at once when it refuses: its address or key is wrong', async () => {
    const { deliver, log } = makeNotifier();
    channels.answers.set(channelPaths.slack, { status: 404, text: 'no_service' });
    expect(await deliver(alarm('events-failed', 'ALARM'))).toBe(1);
    expect(channels.requests.filter(({ path }) => path === channelPaths.slack)).toHaveLength(1);
    expect(log.lines).toMatchObject([{ error: expect.objectContaining({ message: 'answered 404: no_service' }) }]);
  });

  test('for want of its secret says which command sets it', async () => {
    store.secrets.delete('signalbox/production/notifier/pagerduty');
    const { deliver, log, told } = makeNotifier();
    expect(await deliver(alarm('events-failed', 'ALARM'))).toBe(1);
    expect(log.lines).toMatchObject([
      {
        channel: 'pagerduty',
        error: { message: expect.stringContaining('npx signalbox secrets set notifier/pagerduty') },
      },
    ]);
    expect(told('slack')).toHaveLength(1);
  });

  test('knows the message by its id when it comes again', async () => {
    const { deliver } = makeNotifier();
    channels.answers.set(channelPaths.webhook, { status: 500 });
    await deliver(alarm('events-failed', 'ALARM'));
    await deliver(alarm('events-failed', 'ALARM'));
    const posts = channels.requests.filter(({ path }) => path === channelPaths.webhook);
    expect(new Set(posts.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(posts.length).toBeGreaterThan(3);
  });
});

test('a message that tells of no alarm comes back, loudly, and does not hold up the others', async () => {
  const { deliver, told, log, metrics } = makeNotifier();
  expect(await deliver('hello', '{"AlarmName": "x"}', alarm('events-failed', 'ALARM'))).toBe(2);
  expect(told('slack')).toHaveLength(1);
  expect(log.lines.map(({ message }) => message)).toEqual(Array(2).fill('a message tells of no alarm'));
  expect(metrics.counts.get('NotificationsFailed')).toBe(2);
});

test('a channel that is not set up is not told', async () => {
  const { deps } = makeNotifier();
  const [slack] = deps.channels;
  const { deliver } = makeNotifier({ channels: slack ? [slack] : [] });
  await deliver(alarm('events-failed', 'ALARM'));
  expect(channels.requests.map(({ path }) => path)).toEqual([channelPaths.slack]);
});
