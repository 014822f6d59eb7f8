import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { RunLimits } from '../ports/run-limits.ts';
import { answerOf } from './dynamodb.ts';
import { getEach } from './dynamodb-get-each.ts';

/** A token is there up to this much before its time, so that what comes at once need not wait. */
export const burstMs = 1000;
const keptSeconds = 24 * 60 * 60;

export const limitItemKey = (workflow: string, what: 'tokens' | 'calls') => ({ pk: `limit#${workflow}`, sk: what });

type Change = Pick<ConstructorParameters<typeof UpdateCommand>[0], 'UpdateExpression' | 'ConditionExpression'> & {
  values: Record<string, number>;
  names?: Record<string, string>;
};

/**
 * Limits in the Directory table: `pk = limit#{workflow}`. Item `tokens` says up to when tokens were
 * taken (`granted_to`) and places in line (`queued_to`); item `calls` has the permits in use, by
 * lease. They are not in index `list`.
 */
export function makeRunLimits(client: DynamoDBDocumentClient, table: string): RunLimits {
  async function update(
    workflow: string,
    what: 'tokens' | 'calls',
    { values, names, ...change }: Change,
  ): Promise<{ kind: 'written' | 'refused'; item: Record<string, number> }> {
    const answer = await answerOf(
      client.send(
        new UpdateCommand({
          TableName: table,
          Key: limitItemKey(workflow, what),
          ...change,
          ...(names && { ExpressionAttributeNames: names }),
          ExpressionAttributeValues: values,
          ReturnValues: 'ALL_NEW',
        }),
      ),
      'taking from a limit',
    );
    if (answer.kind === 'written')
      return { kind: 'written', item: (answer.output.Attributes ?? {}) as Record<string, number> };
    const [item] = await getEach(client, [limitItemKey(workflow, what)], { table, what: 'reading a limit' });
    return { kind: 'refused', item: (item ?? {}) as Record<string, number> };
  }

  /** Another process was faster, again and again: the caller's runs wait. */
  const triesMax = 8;

  return {
    async takeTokens(workflow, { count, perSecond, isNew, nowMs }) {
      const intervalMs = 1000 / perSecond;
      const inLine = isNew ? ' AND (attribute_not_exists(queued_to) OR queued_to <= :soon)' : '';
      const latest = nowMs + Math.max(0, burstMs - count * intervalMs);
      const values = { ':step': count * intervalMs, ':now': nowMs, ':expires': Math.ceil(nowMs / 1000) + keptSeconds };
      const soon = isNew ? { ':soon': nowMs + burstMs } : {};
      // The first takes tokens of now, the second goes on behind tokens that were taken.
      let idle = await update(workflow, 'tokens', {
        UpdateExpression: 'SET granted_to = :next, expires_at = :expires',
        ConditionExpression: `(attribute_not_exists(granted_to) OR granted_to < :now)${inLine}`,
        values: { ':next': nowMs + count * intervalMs, ':now': nowMs, ':expires': values[':expires'], ...soon },
      });
      for (let tries = 0; tries < triesMax && idle.kind === 'refused'; tries++) {
        const { granted_to: granted = 0, queued_to: queued = 0 } = idle.item;
        if (isNew && queued > nowMs + burstMs) return { taken: false, left: 0 };
        if (granted > latest)
          return { taken: false, left: Math.max(0, Math.floor((nowMs + burstMs - granted) / intervalMs)) };
        if (granted < nowMs) return { taken: false, left: 0 };
        idle = await update(workflow, 'tokens', {
          UpdateExpression: 'SET granted_to = granted_to + :step, expires_at = :expires',
          ConditionExpression: `granted_to >= :now AND granted_to <= :latest${inLine}`,
          values: { ...values, ':latest': latest, ...soon },
        });
      }
      return idle.kind === 'written' ? { taken: true } : { taken: false, left: 0 };
    },

    async takePlaces(workflow, { count, perSecond, nowMs }) {
      const stepMs = (count * 1000) / perSecond;
      const expires = Math.ceil(nowMs / 1000) + keptSeconds;
      let answer = await update(workflow, 'tokens', {
        UpdateExpression: 'SET queued_to = queued_to + :step, expires_at = :expires',
        ConditionExpression: 'queued_to >= :now',
        values: { ':step': stepMs, ':now': nowMs, ':expires': expires },
      });
      for (let tries = 0; tries < triesMax && answer.kind === 'refused'; tries++) {
        // The first in line has its turn when the tokens that were taken are over.
        const first = Math.max(nowMs, answer.item.granted_to ?? 0);
        answer = await update(workflow, 'tokens', {
          UpdateExpression: 'SET queued_to = :next, expires_at = :expires',
          ConditionExpression: 'attribute_not_exists(queued_to) OR queued_to < :now',
          values: { ':next': first + stepMs, ':now': nowMs, ':expires': expires },
        });
        if (answer.kind === 'written') break;
        answer = await update(workflow, 'tokens', {
          UpdateExpression: 'SET queued_to = queued_to + :step, expires_at = :expires',
          ConditionExpression: 'queued_to >= :now',
          values: { ':step': stepMs, ':now': nowMs, ':expires': expires },
        });
      }
      return answer.kind === 'written' ? (answer.item.queued_to ?? nowMs) - stepMs : nowMs + 1000;
    },

    async takePermits(workflow, { lease, count, max, untilMs, nowMs }) {
      let wanted = Math.min(count, max);
      for (let tries = 0; tries < triesMax && wanted > 0; tries++) {
        const answer = await update(workflow, 'calls', {
          UpdateExpression: 'SET #lease = :until, #count = :count, expires_at = :expires ADD used :count',
          ConditionExpression: 'attribute_not_exists(used) OR used <= :room',
          names: { '#lease': `until_${lease}`, '#count': `count_${lease}` },
          values: {
            ':until': untilMs,
            ':count': wanted,
            ':room': max - wanted,
            ':expires': Math.ceil(nowMs / 1000) + keptSeconds,
          },
        });
        if (answer.kind === 'written') return wanted;
        const { used = 0, ...leases } = answer.item;
        const over = Object.entries(leases).filter(([name, until]) => name.startsWith('until_') && until < nowMs);
        // The processes that had them died.
        for (const [name, until] of over) await end(workflow, name.slice('until_'.length), until);
        if (over.length === 0) wanted = Math.min(wanted, max - used);
      }
      return 0;
    },

    async givePermitsBack(workflow, lease) {
      await end(workflow, lease);
    },
  };

  /** Ends a lease as a whole, once: a second time it is not there. */
  async function end(workflow: string, lease: string, untilMs?: number): Promise<void> {
    const names = { '#lease': `until_${lease}`, '#count': `count_${lease}` };
    const [item] = await getEach(client, [limitItemKey(workflow, 'calls')], { table, what: 'reading a limit' });
    const count = Number(item?.[names['#count']] ?? 0);
    if (count === 0) return;
    await update(workflow, 'calls', {
      UpdateExpression: 'REMOVE #lease, #count ADD used :back',
      ConditionExpression: untilMs === undefined ? '#count = :count' : '#count = :count AND #lease = :until',
      names,
      values: { ':back': -count, ':count': count, ...(untilMs !== undefined && { ':until': untilMs }) },
    });
  }
}

/** When the last run that waits for its turn has it, by workflow; only for those where some wait. */
export async function readLines(
  client: DynamoDBDocumentClient,
  table: string,
  workflows: readonly string[],
  nowMs: number,
): Promise<Map<string, number>> {
  const keys = workflows.map((workflow) => limitItemKey(workflow, 'tokens'));
  const items = await getEach(client, keys, { table, what: 'reading limits' });
  return new Map(
    items.flatMap((item, i) => {
      const until = Number(item?.queued_to ?? 0);
      return until > nowMs ? [[workflows[i] as string, until] as const] : [];
    }),
  );
}
