import { readdirSync, readFileSync } from 'node:fs';
import { type AttributeValue, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as actionLog from '../../shared/adapters/dynamodb-action-log.ts';
import { claimFromItem, claimItemKey } from '../../shared/adapters/dynamodb-claim-store.ts';
import { entityFromItem, itemFromEntity } from '../../shared/adapters/dynamodb-directory.ts';
import * as eventLog from '../../shared/adapters/dynamodb-event-log.ts';
import { itemFromRun, runFromItem } from '../../shared/adapters/dynamodb-workflow-runs.ts';
import { packJson } from '../../shared/adapters/packed-json.ts';
import { type TableDefinition, type TableName, tableDefinitions } from '../../shared/adapters/table-definitions.ts';
import { EnvironmentState } from '../../shared/core/configuration/schema.ts';
import { VerificationStatus } from '../../shared/core/events/raw-event.ts';
import { type ActionStatus, actionReasons } from '../../shared/core/logs/action-log-entry.ts';
import { EventReason, EventStatus } from '../../shared/core/logs/event-log-entry.ts';
import type { RunStatus } from '../../shared/core/runs/workflow-run.ts';
import { localCredentials, startTables, type TestTables } from '../support/dynalite.ts';
import { chapter, codeIn, fencesOf, tablesOf } from './markdown.ts';
import { writeRows } from './written-rows.ts';

/*
 * docs/log-tables.md names every attribute that the adapters write and no other, every status and reason of the closed
 * lists, and shows items that the adapters could have written.
 */
const page = readFileSync(new URL('../../docs/log-tables.md', import.meta.url), 'utf8');
const tableNames = Object.keys(tableDefinitions) as TableName[];

let tables: TestTables;
let client: DynamoDBClient;
beforeAll(async () => {
  tables = await startTables();
  client = new DynamoDBClient({ endpoint: tables.endpoint, ...localCredentials });
  await writeRows(tables);
});
afterAll(() => {
  client.destroy();
  return tables.stop();
});

type Types = Record<string, string>;

/** The types of each attribute as it was written: `S`, or `M or S` where it differs between items. */
function typesOf(items: Record<string, AttributeValue>[]): Types {
  const types = new Map<string, Set<string>>();
  for (const item of items)
    for (const [name, value] of Object.entries(item))
      types.set(name, (types.get(name) ?? new Set()).add(Object.keys(value)[0] as string));
  return Object.fromEntries([...types].map(([name, set]) => [name, [...set].sort().reverse().join(' or ')]));
}

const chapterTables = (title: string) => chapter(page, title).flatMap(({ lines }) => tablesOf(lines));
const attributeTables = (title: string) => chapterTables(title).filter((table) => table[0]?.Attribute !== undefined);
const documented = (rows: Record<string, string>[]): Types =>
  Object.fromEntries(rows.map(({ Attribute = '', Type = '' }) => [codeIn(Attribute), Type]));

describe('the attributes', () => {
  test.each(tableNames)('of %s are those that are written, with their types', async (name) => {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: name }));
    // The second table of ActionLog is about what is within `actions`.
    const own = attributeTables(name).filter((_, i) => name !== 'ActionLog' || i !== 1);
    expect(documented(own.flat())).toEqual(typesOf(Items));
  });

  test('of an action within ActionLog are those that are written, with their types', async () => {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: 'ActionLog' }));
    const actions = Items.flatMap(({ actions }) => actions?.L ?? []).flatMap(({ M }) => (M === undefined ? [] : [M]));
    expect(documented(attributeTables('ActionLog')[1] ?? [])).toEqual(typesOf(actions));
  });

  test.each(tableNames)('of the indexes of %s are those of the stack', (name) => {
    const { indexes }: TableDefinition = tableDefinitions[name];
    const shown = chapterTables(name).filter((table) => table[0]?.Index !== undefined);
    const wanted = Object.entries(indexes).map(([index, { partitionKey, sortKey, projection }]) => ({
      Index: `\`${index}\``,
      Keys: `\`${partitionKey}\`, \`${sortKey}\``,
      Holds: projection === 'KEYS_ONLY' ? 'keys only' : projection.map((attribute) => `\`${attribute}\``).join(', '),
    }));
    expect(shown.flat()).toEqual(wanted);
  });
});

const lists = chapter(page, 'Statuses and reasons');
const listed = (title: string) => {
  const [table = []] = tablesOf(lists.find((section) => section.title === title)?.lines ?? []);
  return table.map((row) => ({ name: codeIn(Object.values(row)[0] ?? ''), status: row.Status ?? '' }));
};
const namesOf = (title: string) => listed(title).map(({ name }) => name);
// Types, not lists: the compiler sees to it that none is missing here.
const actionStatuses = { succeeded: 1, skipped: 1, failed: 1, pending: 1, discarded: 1 } satisfies Record<
  ActionStatus,
  1
>;
const runStatuses = { pending: 1, held: 1, handed_off: 1, failed: 1, cancelled: 1 } satisfies Record<RunStatus, 1>;

describe('the closed lists', () => {
  test.each<[string, readonly string[]]>([
    ['Event statuses', EventStatus.options],
    ['Event reasons', EventReason.options],
    ['Action statuses', Object.keys(actionStatuses)],
    ['Action reasons', actionReasons],
    ['Run statuses', Object.keys(runStatuses)],
    // What the dead-letter function writes of a message that nobody can read.
    ['Verification', [...VerificationStatus.options, 'unknown']],
  ])('%s are all explained, and no others', (title, values) => {
    expect(namesOf(title)).toEqual(values);
  });

  test('give each reason a status that exists', () => {
    for (const { status } of listed('Event reasons')) expect(EventStatus.options).toContain(codeIn(status));
    for (const { status } of listed('Action reasons')) expect(Object.keys(actionStatuses)).toContain(codeIn(status));
  });

  test('name every code of a warning that the code gives', () => {
    const core = new URL('../../shared/core/', import.meta.url);
    const files = readdirSync(core, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const codes = files.flatMap((file) =>
      [...readFileSync(new URL(file, core), 'utf8').matchAll(/\bcode: '(\w+)'/g)].flatMap(([, code]) => code ?? []),
    );
    // zod's own word for an issue that a schema of ours adds.
    expect(namesOf('Warnings').sort()).toEqual([...new Set(codes)].filter((code) => code !== 'custom').sort());
  });
});

type Item = Record<string, unknown>;

/** An example as the table would hold it: binary where the page says so. */
function exampleOf(name: string): { shown: Item; stored: Item } {
  const [text] = fencesOf(page.split('\n')).flatMap(({ note, text }) => (note === `example=${name}` ? [text] : []));
  if (text === undefined) throw new Error(`the page shows no item of ${name}`);
  const binary = (_key: string, value: unknown) => (value === '<brotli>' ? packJson({}) : value);
  return { shown: JSON.parse(text), stored: JSON.parse(text, binary) };
}

/** An item as the page shows it. */
function shownAs(item: object): Item {
  const text = JSON.stringify(item, function (this: Item, key, value) {
    return this[key] instanceof Uint8Array ? '<brotli>' : value;
  });
  return JSON.parse(text);
}

// 90 days of retention, as in production.
const days = 90;
const rewritten: Partial<Record<TableName, (item: Item) => object>> = {
  EventLog: (item) => eventLog.itemFromEntry(eventLog.entryFromItem(item), { retentionDays: days, usersIndex: true }),
  ActionLog: (item) => actionLog.itemFromEntry(actionLog.entryFromItem(item), days),
  WorkflowRuns: (item) => itemFromRun(runFromItem(item), days),
  Directory: (item) => itemFromEntity(entityFromItem(item)),
};

describe('the examples', () => {
  test.each(Object.entries(rewritten))('of %s is what the adapter makes of it', (name, rewrite) => {
    const { shown, stored } = exampleOf(name);
    expect(shownAs(rewrite(stored))).toEqual(shown);
  });

  test('of Claims has the key and the attributes of a claim', () => {
    const { shown } = exampleOf('Claims');
    const { pk, sk, owner } = shown as Record<string, string>;
    const [source = '', eventType = ''] = String(sk).split('#');
    expect(claimItemKey({ key: String(pk), source, eventType })).toEqual({ pk, sk });
    const claim = claimFromItem(shown);
    expect(claim).toMatchObject({ owner, released: true });
    expect(claim.leaseEndsAtMs).toBeLessThan(claim.expiresAtMs);
  });

  test('of Configuration has a state that a function could read', () => {
    const { shown } = exampleOf('Configuration');
    expect(EnvironmentState.parse(shown.state)).toEqual(shown.state);
    expect(shown.sk).toBe(`v${String(shown.version).padStart(8, '0')}#${shown.id}`);
  });

  test.each(tableNames)('of %s has no attribute that is not explained', (name) => {
    const known = attributeTables(name).flatMap((table) => Object.keys(documented(table)));
    expect(Object.keys(exampleOf(name).shown).filter((attribute) => !known.includes(attribute))).toEqual([]);
  });
});
