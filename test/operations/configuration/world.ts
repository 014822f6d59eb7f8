import type { HistoryEntry } from '../../../shared/adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../../shared/adapters/dynamodb-configuration-table.ts';
import { tableDefinitions } from '../../../shared/adapters/table-definitions.ts';
import type { ResourceRef } from '../../../shared/core/configuration/resources.ts';
import { Snapshot } from '../../../shared/core/configuration/schema.ts';
import { commitDraft } from '../../../shared/operations/configuration/commit.ts';
import { pushDraft } from '../../../shared/operations/configuration/drafts.ts';
import { type FoundEntry, findEntry } from '../../../shared/operations/configuration/history.ts';
import { type PromotionEnds, planPromotion, promote } from '../../../shared/operations/configuration/promote.ts';
import { createTable, type TestTables } from '../../support/dynalite.ts';
import { memoryTable } from '../../support/memory-table.ts';

export const nowMs = Date.parse('2026-11-21T03:00:00Z');
export const ana = { author: 'Ana', message: 'because', nowMs };
export const ben = { author: 'Ben', message: 'night shift', nowMs: nowMs + 60_000 };

let made = 0;

/** An environment's Configuration table, empty. */
export async function emptyEnvironment({ client }: TestTables): Promise<ConfigurationTable> {
  const table = `Configuration-${++made}`;
  await createTable(client, table, tableDefinitions.Configuration);
  return { client, table };
}

/** The same in memory, where thousands of calls take no time. */
export function emptyMemoryEnvironment(): ConfigurationTable {
  return { client: memoryTable(), table: 'Configuration' };
}

/** Content with a source for each given mapping list, and workflows by name. */
export function content(
  sources: Record<string, string[]>,
  workflows: Record<string, string> = {},
  audiences: Record<string, string> = {},
): Snapshot {
  return Snapshot.parse({
    sources: Object.fromEntries(
      Object.entries(sources).map(([key, workflowOfEach]) => [
        key,
        {
          kind: 'rudderstack',
          name: key,
          mappings: workflowOfEach.map((workflow, i) => ({
            id: `mapping-${i}`,
            event: `track/event_${i}`,
            action: 'workflows_trigger',
            parameters: { key: workflow, recipients: 'user_id' },
          })),
        },
      ]),
    ),
    workflows: Object.fromEntries(
      Object.entries(workflows).map(([key, name]) => [
        key,
        { name, target: { development: { type: 'log' }, staging: { type: 'log' } } },
      ]),
    ),
    audiences: Object.fromEntries(Object.entries(audiences).map(([key, name]) => [key, { name }])),
  });
}

export const push = (table: ConfigurationTable, snapshot: Snapshot, { author } = ana) =>
  pushDraft(table, { snapshot, seed: undefined, author, nowMs });

/** Pushes and commits by the way of a draft; answers the commit. */
export async function commit(
  table: ConfigurationTable,
  snapshot: Snapshot,
  about = ana,
  only?: ResourceRef[],
): Promise<HistoryEntry> {
  await push(table, snapshot, about);
  const result = await commitDraft(table, { ...about, ...(only && { only }) });
  if (result.kind !== 'committed') throw new Error(`not committed: ${JSON.stringify(result)}`);
  return entry(table, result.version);
}

export async function entry(table: ConfigurationTable, version: number): Promise<HistoryEntry> {
  const found: FoundEntry = await findEntry(table, String(version));
  if (found.kind !== 'found') throw new Error(`no version ${version}: ${found.kind}`);
  return found.entry;
}

export async function promoteAll(ends: PromotionEnds, only?: HistoryEntry) {
  const plan = await planPromotion(ends, only);
  return plan.changes.length === 0 ? undefined : promote(ends, plan, { ...ana, seed: undefined });
}
