import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { claimFromItem, claimItemKey } from '../../adapters/dynamodb-claim-store.ts';
import { getEach } from '../../adapters/dynamodb-get-each.ts';
import type { ClaimRef } from '../../core/plan/actions-message.ts';
import type { Claim } from '../../ports/claim-store.ts';
import type { Environment } from '../environment.ts';
import { queryItems } from '../tables/tables.ts';

/**
 * @returns undefined when the key is free: it was never claimed, or TTL removed the claim after its
 * window
 */
export async function readClaim({ documents, outputs }: Environment, ref: ClaimRef): Promise<Claim | undefined> {
  const { Item } = await documents.send(
    new GetCommand({ TableName: outputs.ClaimsTable, Key: claimItemKey(ref), ConsistentRead: true }),
  );
  return Item && claimFromItem(Item);
}

/** The same for many keys, a hundred to a call; undefined stays undefined. */
export async function readClaims(
  { documents, outputs }: Environment,
  refs: readonly (ClaimRef | undefined)[],
): Promise<(Claim | undefined)[]> {
  const keys = refs.map((ref) => ref && claimItemKey(ref));
  const asked = keys.filter((key) => key !== undefined);
  const items = await getEach(documents, asked, { table: outputs.ClaimsTable, what: 'reading claims' });
  const found = items.values();
  return keys.map((key) => {
    const item = key && found.next().value;
    return item && claimFromItem(item);
  });
}

export type ClaimOfKey = { claim: Claim; source: string; eventType: string };

/** All claims on an idempotency key: one per source and event type that used it. */
export async function claimsOfKey({ documents, outputs }: Environment, key: string): Promise<ClaimOfKey[]> {
  // Keys have 1 to 255 characters and so fit a partition key; a longer text was never a key.
  if (key === '' || [...key].length > 255) return [];
  const claims: ClaimOfKey[] = [];
  const items = queryItems(documents, {
    TableName: outputs.ClaimsTable,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': key },
    ConsistentRead: true,
  });
  for await (const item of items) {
    const sk = String(item.sk);
    // Source keys hold no "#"; event types may.
    const end = sk.indexOf('#');
    claims.push({ claim: claimFromItem(item), source: sk.slice(0, end), eventType: sk.slice(end + 1) });
  }
  return claims;
}
