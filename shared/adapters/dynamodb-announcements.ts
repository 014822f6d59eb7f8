import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { defined } from '../core/defined.ts';
import type { Announced, Announcements, KnownAlarm } from '../ports/announcements.ts';
import { writeIf } from './dynamodb.ts';
import { type ConfigurationTable, queryAll } from './dynamodb-configuration-table.ts';

const partition = 'announcements';
/** No alarm has such a name. */
const turnKey = { pk: partition, sk: '#turn' };

const state = z.enum(['raised', 'over']);
const Change = z.object({ state, at: z.iso.datetime(), description: z.string(), value: z.number().optional() });
const Told = z.object({ state, at: z.iso.datetime(), since: z.iso.datetime() });

/**
 * In the Configuration table: `pk = announcements`, `sk = {alarm}`, with `change` and one attribute
 * `told_{channel}` each; `sk = #turn` is whose turn it is.
 */
export function makeAnnouncements({ client, table }: ConfigurationTable): Announcements {
  /** Sets an attribute unless it has a later time. Times of one form are in the order of their text. */
  function setNewer(alarm: string, attribute: string, value: { at: string }, what: string): Promise<boolean> {
    return writeIf(
      client.send(
        new UpdateCommand({
          TableName: table,
          Key: { pk: partition, sk: alarm },
          UpdateExpression: 'SET #attribute = :value',
          ConditionExpression: 'attribute_not_exists(#attribute) OR #attribute.#at < :at',
          ExpressionAttributeNames: { '#attribute': attribute, '#at': 'at' },
          ExpressionAttributeValues: { ':value': value, ':at': value.at },
        }),
      ),
      what,
    );
  }

  return {
    async noteChange(alarm, { atMs, ...change }) {
      const value: z.infer<typeof Change> = { ...change, at: iso(atMs) };
      await setNewer(alarm, 'change', value, 'noting a change of an alarm');
    },
    async read() {
      const items = await queryAll({ client, table }, partition, true);
      return new Map(
        items.flatMap(({ sk, ...item }): [string, KnownAlarm][] => {
          const change = Change.safeParse(item.change);
          return change.success ? [[String(sk), knownAlarm(change.data, item)]] : [];
        }),
      );
    },
    async noteTold(alarm, channel, { state, atMs, sinceMs }) {
      const value: z.infer<typeof Told> = { state, at: iso(atMs), since: iso(sinceMs) };
      await setNewer(alarm, `told_${channel}`, value, 'noting what a channel was told');
    },
    takeTurn: (nowMs, untilMs) =>
      writeIf(
        client.send(
          new UpdateCommand({
            TableName: table,
            Key: turnKey,
            UpdateExpression: 'SET ends_at = :until',
            ConditionExpression: 'attribute_not_exists(ends_at) OR ends_at <= :now',
            ExpressionAttributeValues: { ':until': iso(untilMs), ':now': iso(nowMs) },
          }),
        ),
        'taking the turn to tell',
      ),
    async endTurn(untilMs) {
      // Only one's own: it may be over, and another call's by now.
      const ended = client.send(
        new UpdateCommand({
          TableName: table,
          Key: turnKey,
          UpdateExpression: 'REMOVE ends_at',
          ConditionExpression: 'ends_at = :until',
          ExpressionAttributeValues: { ':until': iso(untilMs) },
        }),
      );
      await writeIf(ended, 'ending the turn to tell');
    },
  };
}

const iso = (ms: number) => new Date(ms).toISOString();

function knownAlarm({ at, value, ...change }: z.infer<typeof Change>, item: Record<string, unknown>): KnownAlarm {
  const told = Object.entries(item).flatMap(([attribute, stored]): [string, Announced][] => {
    const known = attribute.startsWith('told_') ? Told.safeParse(stored) : undefined;
    if (!known?.success) return [];
    const { state, at, since } = known.data;
    return [[attribute.slice('told_'.length), { state, atMs: Date.parse(at), sinceMs: Date.parse(since) }]];
  });
  return { change: { ...change, atMs: Date.parse(at), ...defined({ value }) }, told: new Map(told) };
}
