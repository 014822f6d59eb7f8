import { createHash } from 'node:crypto';
import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { defined } from '../core/defined.ts';
import { RetryableError } from '../core/errors.ts';
import { digestOf } from '../core/ids/claim-key.ts';
import type { ClaimRef } from '../core/plan/actions-message.ts';
import type { Claim, ClaimStore } from '../ports/claim-store.ts';
import { answerOf, tableError, writeIf } from './dynamodb.ts';

/**
 * Claims: `pk` = the idempotency key, `sk` = `{source}#{event type}`, so that one Query by key
 * answers "which event had this message id?". Sort keys over 1,024 bytes are hashed, and so are
 * those of types that are not valid Unicode.
 */
export function claimItemKey({ key, source, eventType }: ClaimRef): { pk: string; sk: string } {
  const sk = `${source}#${eventType}`;
  if (!eventType.isWellFormed()) return { pk: key, sk: `${source}#sha256:${digestOf(eventType)}` };
  return { pk: key, sk: Buffer.byteLength(sk) <= 1024 ? sk : `${source}#sha256:${sha256(eventType)}` };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function claimFromItem(item: Record<string, unknown>): Claim {
  return {
    owner: String(item.owner),
    execution: String(item.execution),
    leaseEndsAtMs: Number(item.lease_ends_at),
    expiresAtMs: Number(item.expires_at) * 1000,
    released: item.released === true,
    ...(item.fingerprint !== undefined && { fingerprint: String(item.fingerprint) }),
  };
}

// TTL counts whole seconds; rounding up keeps a window from ending early.
const ttlSeconds = (timeMs: number) => Math.ceil(timeMs / 1000);

export function makeClaimStore(client: DynamoDBDocumentClient, table: string): ClaimStore {
  return {
    async read(ref) {
      const { Item } = await client
        .send(new GetCommand({ TableName: table, Key: claimItemKey(ref), ConsistentRead: true }))
        .catch((error) => {
          throw tableError(error, 'reading a claim');
        });
      return Item && claimFromItem(Item);
    },

    /*
     * One conditional write on the happy path:
     *
     *   it is free               ─▶ taken
     *   ours, lease over         ─▶ taken, with what it was (an earlier delivery died, or finished unseen)
     *   ours, lease running      ─▶ refused (a twin is at work)
     *   another's, in any state  ─▶ refused; whether to take it over is decided with its log row at hand
     */
    async claim(request, nowMs) {
      const { fingerprint } = request;
      const answer = await answerOf(
        client.send(
          new UpdateCommand({
            TableName: table,
            Key: claimItemKey(request),
            UpdateExpression: `SET #owner = :me, lease_ends_at = :lease, expires_at = if_not_exists(expires_at, :expires), execution = if_not_exists(execution, :execution)${fingerprint === undefined ? '' : ', fingerprint = if_not_exists(fingerprint, :fingerprint)'}`,
            ConditionExpression: 'attribute_not_exists(pk) OR (#owner = :me AND lease_ends_at <= :now)',
            ExpressionAttributeNames: { '#owner': 'owner' },
            ExpressionAttributeValues: {
              ':me': request.eventId,
              ':lease': request.leaseEndsAtMs,
              ':expires': ttlSeconds(request.expiresAtMs),
              ':execution': request.execution ?? request.eventId,
              ':now': nowMs,
              ...(fingerprint !== undefined && { ':fingerprint': fingerprint }),
            },
            ReturnValues: 'ALL_OLD',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        ),
        'claiming',
      );
      if (answer.kind === 'refused') {
        // A refusal comes with the item that won, since it was asked for.
        if (answer.item === undefined) throw new RetryableError('a claim was refused without the item that won');
        return { kind: 'refused', held: claimFromItem(unmarshall(answer.item)) };
      }
      const { Attributes: old } = answer.output;
      if (old !== undefined) {
        const previous = claimFromItem(old);
        return { kind: 'taken', claim: { ...previous, leaseEndsAtMs: request.leaseEndsAtMs }, previous };
      }
      return {
        kind: 'taken',
        claim: {
          owner: request.eventId,
          execution: request.execution ?? request.eventId,
          leaseEndsAtMs: request.leaseEndsAtMs,
          expiresAtMs: ttlSeconds(request.expiresAtMs) * 1000,
          released: false,
          ...defined({ fingerprint }),
        },
      };
    },

    takeOver: (request, seen) =>
      writeIf(
        client.send(
          new UpdateCommand({
            TableName: table,
            Key: claimItemKey(request),
            UpdateExpression: `SET #owner = :me, lease_ends_at = :lease, expires_at = :expires, execution = :execution${request.fingerprint === undefined ? '' : ', fingerprint = :fingerprint'} REMOVE released`,
            ConditionExpression: '#owner = :seenOwner AND lease_ends_at = :seenLease AND expires_at = :seenExpires',
            ExpressionAttributeNames: { '#owner': 'owner' },
            ExpressionAttributeValues: {
              ':me': request.eventId,
              ':lease': request.leaseEndsAtMs,
              ':expires': ttlSeconds(request.expiresAtMs),
              ':execution': request.execution,
              ':seenOwner': seen.owner,
              ':seenLease': seen.leaseEndsAtMs,
              ':seenExpires': ttlSeconds(seen.expiresAtMs),
              ...(request.fingerprint !== undefined && { ':fingerprint': request.fingerprint }),
            },
          }),
        ),
        'taking over a claim',
      ),

    async release(ref, execution) {
      // A refusal means that the claim is gone, or belongs to another execution by now. Then it is
      // not ours to release.
      await writeIf(
        client.send(
          new UpdateCommand({
            TableName: table,
            Key: claimItemKey(ref),
            UpdateExpression: 'SET released = :yes',
            ConditionExpression: '#execution = :execution',
            ExpressionAttributeNames: { '#execution': 'execution' },
            ExpressionAttributeValues: { ':yes': true, ':execution': execution },
          }),
        ),
        'releasing a claim',
      );
    },
  };
}
