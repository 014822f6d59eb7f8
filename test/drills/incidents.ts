import { gzipSync } from 'node:zlib';
import { PurgeQueueCommand, SendMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { MetricHistory } from '../../infra/local/metric-history.ts';
import { encodeRawEvent } from '../../shared/core/events/raw-event.ts';
import { rawEvent } from '../support/build.ts';
import type { Stage } from './stage.ts';

/*
 * What goes wrong. The engineer of the drills (on-call.ts) reads none of this: only what the commands
 * print.
 */

async function orders(stage: Stage, count: number, change: Record<string, unknown> = {}): Promise<void> {
  for (let i = 0; i < count; i++) await stage.post('shop', stage.order(change));
}

export const incidents = {
  async 'wrong path'(stage: Stage) {
    await stage.identify('lena');
    stage.edit('sources/shop.yaml', 'recipients: user_id', 'recipients: data.customer');
    await stage.commit();
    await orders(stage, 3);
    await stage.runtime.idle();
  },

  async 'workflow deleted'(stage: Stage) {
    await stage.identify('lena');
    // Runs of it wait, and it goes with its mappings.
    stage.target.answers = 503;
    await orders(stage, 3);
    await until(() => stage.environmentMetric('TargetFailures') >= 3);
    stage.target.answers = 200;
    await stage.deleteWorkflow();
    await until(() => stage.environmentMetric('ActionsFailed') >= 3);
    await stage.runtime.idle();
  },

  async 'target answers 500'(stage: Stage) {
    await stage.identify('lena');
    stage.target.answers = 500;
    await orders(stage, 6);
    await until(() => stage.environmentMetric('TargetFailures') >= 5);
  },

  async 'target hangs'(stage: Stage) {
    await stage.identify('lena');
    stage.target.answers = 'never';
    await orders(stage, 6);
    await until(() => stage.environmentMetric('TargetFailures') >= 2);
  },

  async 'secret rotated on one side'(stage: Stage) {
    await stage.mend('settings', 'set', 'shop', '--enforce', 'on');
    await stage.setSecret('shop', 'the-new-secret');
    for (let i = 0; i < 3; i++) await stage.post('shop', stage.order(), { 'x-webhook-secret': 'the-old-secret' });
  },

  async 'poison message'(stage: Stage) {
    await stage.identify('lena');
    // An accepted event whose message is spoilt, as SQS moves it after ten deliveries.
    const { EventsQueueUrl, EventsDeadLetterQueueUrl } = stage.environment.outputs;
    const queues = await stage.environment.queues();
    const delay = (DelaySeconds: string) =>
      queues.send(new SetQueueAttributesCommand({ QueueUrl: EventsQueueUrl, Attributes: { DelaySeconds } }));
    await delay('900');
    const [id = ''] = await stage.postForIds('shop', stage.order());
    await queues.send(new PurgeQueueCommand({ QueueUrl: EventsQueueUrl }));
    await delay('0');
    const MessageBody = encodeRawEvent({ ...rawEvent({}, { source: 'shop', id }), payload: gzipSync('not brotli') });
    await queues.send(new SendMessageCommand({ QueueUrl: EventsDeadLetterQueueUrl, MessageBody }));
    await stage.runtime.idle();
  },

  async 'burst of duplicates'(stage: Stage) {
    await stage.identify('lena');
    const order = stage.order();
    for (let i = 0; i < 10; i++)
      await stage.post(
        'shop',
        Array.from({ length: 20 }, () => order),
      );
    await stage.runtime.idle();
  },

  async 'source disabled'(stage: Stage) {
    await stage.identify('lena');
    await stage.mend('sources', 'disable', 'shop');
    await orders(stage, 3);
    await stage.runtime.idle();
  },

  async 'identify off'(stage: Stage) {
    await stage.mend('settings', 'set', 'shop', '--identify', 'off');
    await stage.identify('mika');
    await orders(stage, 3, { userId: 'mika' });
    await stage.runtime.idle();
  },

  async 'configuration broken by hand'(stage: Stage) {
    await stage.identify('lena');
    const { client, table } = stage.environment.configuration;
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': 'current' },
      }),
    );
    await client.send(
      new UpdateCommand({
        TableName: table,
        Key: { pk: `snapshot#${Items[0]?.snapshot}`, sk: '0000' },
        UpdateExpression: 'SET content = :content',
        ExpressionAttributeValues: { ':content': Buffer.from('what a person pasted') },
      }),
    );
    await orders(stage, 2);
  },

  async 'unknown recipient'(stage: Stage) {
    await orders(stage, 3, { userId: 'usr_8841' });
    await stage.runtime.idle();
  },

  async 'silent source'(stage: Stage) {
    await stage.identify('lena');
    await orders(stage, 2);
    await stage.runtime.idle();
  },

  async 'noisy neighbour'(stage: Stage) {
    await stage.identify('lena');
    // Eight senders, each of which tries again what was not taken.
    const page = (request: number) =>
      Array.from({ length: 250 }, (_, i) => ({ type: 'page', messageId: `page-${request}-${i}`, userId: 'lena' }));
    const sender = async (first: number) => {
      for (let i = first; i < 32; i += 8) while ((await stage.post('market', page(i))) !== 200);
    };
    await Promise.all(Array.from({ length: 8 }, (_, first) => sender(first)));
    await orders(stage, 2);
  },
} satisfies Record<string, (stage: Stage) => Promise<void>>;

export type IncidentName = keyof typeof incidents;

/** Counts of the days before, where the incident needs a past. */
export const pasts: Partial<Record<IncidentName, (history: MetricHistory) => void>> = {
  'silent source'(history) {
    // An event of the market every hour for six days, until five hours ago.
    const hourMs = 3_600_000;
    const of = { name: 'EventsAccepted', unit: 'Count', values: [1] };
    for (let hour = 150; hour >= 5; hour--) {
      const timeMs = Date.now() - hour * hourMs;
      history.add([
        { ...of, timeMs, dimensions: { environment: 'development', source: 'market' } },
        { ...of, timeMs, dimensions: { environment: 'development' } },
      ]);
    }
  },
};

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 50));
}
