import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeDocumentClient } from '../../shared/adapters/dynamodb.ts';
import { makeClaimStore } from '../../shared/adapters/dynamodb-claim-store.ts';
import { makeEventLog } from '../../shared/adapters/dynamodb-event-log.ts';
import { RetryableError } from '../../shared/core/errors.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import { rawEvent } from '../support/build.ts';
import { localCredentials, startTables, type TestTables } from '../support/dynalite.ts';
import { makeRandom } from '../support/random.ts';

/* Faults below the ports: the real adapters and the real SDK, with what the wire may do between it and the emulator. */

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const nowMs = Date.parse('2026-11-21T03:00:00Z');

/** @param happen is called for each request that is sent, retries of the SDK included */
function clientWith(happen: (proceed: () => Promise<unknown>) => Promise<unknown>): DynamoDBDocumentClient {
  const client = makeDocumentClient({ endpoint: tables.endpoint, ...localCredentials });
  client.middlewareStack.add(
    (next) => async (args) => (await happen(() => next(args))) as Awaited<ReturnType<typeof next>>,
    {
      step: 'deserialize',
      name: 'faults',
      priority: 'high',
    },
  );
  return client;
}

const throttled = () =>
  Object.assign(new Error('too fast'), {
    name: 'ProvisionedThroughputExceededException',
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
  });
const broken = () =>
  Object.assign(new Error('reset'), {
    name: 'InternalServerError',
    $fault: 'server',
    $metadata: { httpStatusCode: 500 },
  });

function entries(count: number): EventLogEntry[] {
  return Array.from({ length: count }, () => {
    const { id, source, payload, verification } = rawEvent(undefined, { receivedAtMs: nowMs });
    const times = { receivedAtMs: nowMs, processedAtMs: nowMs };
    return { id, source, status: 'processed', verification, actionsPlanned: 1, payload, ...times };
  });
}

const logOf = (client: DynamoDBDocumentClient) =>
  makeEventLog({ client, table: tables.names.EventLog, retentionDays: 30, usersIndex: true });

const claim = (key: string) => ({
  ...{ key, source: 'web', eventType: 'track/x', eventId: 'e1' },
  ...{ leaseEndsAtMs: nowMs + 35_000, expiresAtMs: nowMs + 3_600_000 },
});

describe('a table', () => {
  test.each([0.2, 0.5])(
    'F30 that throttles %d of all requests is asked again; what it still refuses is trouble that may pass',
    async (share) => {
      const random = makeRandom(9);
      let requests = 0;
      const client = clientWith((proceed) => {
        requests++;
        return random() < share ? Promise.reject(throttled()) : proceed();
      });
      const all = entries(30);
      const errors = (await Promise.all(all.map((entry) => logOf(client).writeEach([entry])))).flat();
      expect(requests).toBeGreaterThan(30);
      for (const [i, error] of errors.entries()) {
        const { id, source } = all[i] as EventLogEntry;
        if (error) expect(error).toBeInstanceOf(RetryableError);
        else expect(await logOf(tables.client).statusOf(id, source)).toBe('processed');
      }
      expect(errors).toContain(undefined);
      client.destroy();
    },
  );

  test.each([1, 7, 24, 25])(
    'F31 that leaves %d of 25 unprocessed is sent them again; none is taken for written',
    async (left) => {
      const { client } = tables;
      let first = true;
      const partial = new Proxy(client, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name);
          if (name !== 'send') return member;
          return async (command: unknown) => {
            if (!(command instanceof BatchWriteCommand) || !first) return target.send(command as BatchWriteCommand);
            first = false;
            const [[table, requests] = ['', []]] = Object.entries(command.input.RequestItems ?? {});
            const kept = requests.slice(left);
            if (kept.length > 0) await target.send(new BatchWriteCommand({ RequestItems: { [table]: kept } }));
            return { UnprocessedItems: { [table]: requests.slice(0, left) } };
          };
        },
      });
      const all = entries(25);
      expect(await logOf(partial).writeEach(all)).toEqual(all.map(() => undefined));
      for (const { id, source } of all) expect(await logOf(client).statusOf(id, source)).toBe('processed');
    },
  );

  test('F32 whose answer to a claim is lost: the SDK’s own second try finds the claim its own, and no event runs twice', async () => {
    let calls = 0;
    const client = clientWith(async (proceed) => {
      const answer = await proceed();
      if (++calls === 1) throw broken();
      return answer;
    });
    const answer = await makeClaimStore(client, tables.names.Claims).claim(claim('lost'), nowMs);
    // As after any delivery that died: its event comes back when the lease is over, and goes on.
    expect(answer).toMatchObject({ kind: 'refused', held: { owner: 'e1', execution: 'e1' } });
    const later = { ...claim('lost'), leaseEndsAtMs: nowMs + 80_000 };
    expect(await makeClaimStore(tables.client, tables.names.Claims).claim(later, nowMs + 36_000)).toMatchObject({
      kind: 'taken',
      claim: { execution: 'e1' },
      previous: { owner: 'e1' },
    });
    client.destroy();
  });
});
