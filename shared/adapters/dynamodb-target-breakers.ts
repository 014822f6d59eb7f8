import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Breaker } from '../core/targets/breaker.ts';
import type { TargetBreakers } from '../ports/target-breakers.ts';
import { writeIf } from './dynamodb.ts';
import { getEach } from './dynamodb-get-each.ts';

/** An item that was not written for a day is out of date. */
const keptSeconds = 24 * 60 * 60;

const keyOf = (workflow: string) => ({ pk: `breaker#${workflow}`, sk: 'breaker' });

/**
 * Breakers in the Directory table: `pk = breaker#{workflow}`, `sk = breaker`. They are not in index
 * `list`, so writing one costs no index unit.
 */
export function makeTargetBreakers(client: DynamoDBDocumentClient, table: string): TargetBreakers {
  return {
    async read(workflow) {
      const [item] = await getEach(client, [keyOf(workflow)], { table, what: 'reading a breaker' });
      return item && breakerFromItem(item);
    },

    writeIfUnchanged: (workflow, next) =>
      writeIf(
        client.send(
          new PutCommand({
            TableName: table,
            Item: { ...keyOf(workflow), ...itemFromBreaker(next) },
            // A workflow's first item has revision 1; so has the first one after TTL deleted the
            // last.
            ConditionExpression: 'attribute_not_exists(pk) OR revision = :before',
            ExpressionAttributeValues: { ':before': next.revision - 1 },
          }),
        ),
        'writing a breaker',
      ),
  };
}

/** Breakers of several workflows; a workflow whose target never failed has none. */
export async function readBreakers(
  client: DynamoDBDocumentClient,
  table: string,
  workflows: readonly string[],
): Promise<Map<string, Breaker>> {
  const items = await getEach(client, workflows.map(keyOf), { table, what: 'reading breakers' });
  return new Map(
    items.flatMap((item, i) => {
      const workflow = workflows[i];
      return item === undefined || workflow === undefined ? [] : [[workflow, breakerFromItem(item)] as const];
    }),
  );
}

function itemFromBreaker({ openedAtMs, probeAtMs, ...breaker }: Breaker) {
  return {
    status: breaker.isOpen ? 'open' : 'closed',
    opened_at: new Date(openedAtMs).toISOString(),
    probe_at: probeAtMs,
    failed_probes: breaker.failedProbes,
    reason: breaker.reason,
    detail: breaker.detail,
    revision: breaker.revision,
    expires_at: Math.ceil(probeAtMs / 1000) + keptSeconds,
  };
}

function breakerFromItem(item: Record<string, unknown>): Breaker {
  return {
    isOpen: item.status === 'open',
    openedAtMs: Date.parse(String(item.opened_at)),
    probeAtMs: Number(item.probe_at),
    failedProbes: Number(item.failed_probes),
    reason: item.reason as Breaker['reason'],
    detail: String(item.detail),
    revision: Number(item.revision),
  };
}
