import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { holdItemKey, makeWorkflowHolds } from '../../shared/adapters/dynamodb-workflow-holds.ts';
import { heldTriggers } from '../../shared/operations/holds/held-triggers.ts';
import type { HeldTrigger, WorkflowHolds } from '../../shared/ports/workflow-holds.ts';
import { startTables, type TestTables } from '../support/dynalite.ts';
import { makeFakeHolds } from '../support/fakes-workflow-trigger.ts';

const nowMs = Date.parse('2026-11-21T03:00:00Z');
const since = '2026-11-21T02:00:00.000Z';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

type Store = {
  holds: WorkflowHolds;
  turn(workflow: string, isOn: boolean): Promise<void>;
  listed(workflow: string): Promise<{ execution: string; runs: number; notedAtMs: number }[]>;
};

function inTable(): Store {
  const { client, names } = tables;
  const TableName = names.Configuration;
  return {
    holds: makeWorkflowHolds({ client, runsTable: names.WorkflowRuns, configurationTable: names.Configuration }),
    async turn(workflow, isOn) {
      const Key = holdItemKey(workflow);
      if (isOn) await client.send(new PutCommand({ TableName, Item: { ...Key, since } }));
      else await client.send(new DeleteCommand({ TableName, Key }));
    },
    async listed(workflow) {
      const outputs = { WorkflowRunsTable: names.WorkflowRuns } as never;
      const found = [];
      for await (const one of heldTriggers({ documents: client, outputs }, workflow)) found.push(one);
      return found;
    },
  };
}

function inMemory(): Store {
  const holds = makeFakeHolds();
  return {
    holds,
    async turn(workflow, isOn) {
      if (isOn) holds.on.set(workflow, since);
      else holds.on.delete(workflow);
    },
    listed: async (workflow) => [...holds.triggers.values()].filter((trigger) => trigger.workflow === workflow),
  };
}

describe.each([
  ['the tables', inTable],
  ['the fake', inMemory],
])('holds in %s', (_, make) => {
  const trigger = (workflow: string, change: Partial<HeldTrigger> = {}): HeldTrigger => ({
    workflow,
    execution: '01JD3Q9F7K8M25RXK0Q4T9B7C0',
    action: 'f12c50a4-a4cb-571d-8d7f-7c4f1e770922',
    since,
    runs: 3,
    expiresAtSeconds: 1,
    ...change,
  });

  test('list a trigger once while the hold is on, and not when it is over or another one', async () => {
    const { holds, turn, listed } = make();
    expect(await holds.note(trigger('over'), nowMs)).toBe(false);
    expect(await listed('over')).toEqual([]);
    await turn('on', true);
    expect(await holds.note(trigger('on', { since: '2026-11-20T00:00:00.000Z' }), nowMs)).toBe(false);
    expect(await holds.note(trigger('on'), nowMs)).toBe(true);
    expect(await holds.note(trigger('on', { runs: 4 }), nowMs + 1)).toBe(true);
    expect(await listed('on')).toMatchObject([{ ...trigger('on', { runs: 4 }), notedAtMs: nowMs + 1 }]);
    await turn('on', false);
    expect(await holds.note(trigger('on', { execution: '01JD3Q9F7K8M25RXK0Q4T9B7C1' }), nowMs)).toBe(false);
    expect(await listed('on')).toHaveLength(1);
  });

  test('count cancelled runs no more, and forget a trigger that has none left', async () => {
    const { holds, turn, listed } = make();
    await turn('cancelled', true);
    await holds.note(trigger('cancelled'), nowMs);
    await holds.noteCancelled(trigger('cancelled'), 2, false);
    expect(await listed('cancelled')).toMatchObject([{ runs: 1 }]);
    await holds.noteCancelled(trigger('cancelled'), 1, true);
    await holds.noteCancelled(trigger('cancelled'), 1, false);
    expect(await listed('cancelled')).toEqual([]);
  });
});
