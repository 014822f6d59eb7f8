import { expect, test } from '@jest/globals';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { type HistoryEntry, historyNewestFirst } from '../../../shared/adapters/dynamodb-configuration-history.ts';
import type { ConfigurationTable } from '../../../shared/adapters/dynamodb-configuration-table.ts';
import {
  folderOf,
  type ResourceRef,
  refText,
  resourceHash,
  resourceOf,
  resourceTypes,
} from '../../../shared/core/configuration/resources.ts';
import type { Snapshot } from '../../../shared/core/configuration/schema.ts';
import { commitDraft } from '../../../shared/operations/configuration/commit.ts';
import { readDraftContent } from '../../../shared/operations/configuration/drafts.ts';
import { contentOf } from '../../../shared/operations/configuration/live-content.ts';
import type { PromotionEnds } from '../../../shared/operations/configuration/promote.ts';
import { revertCommit } from '../../../shared/operations/configuration/revert.ts';
import { changeState, setMappingActive } from '../../../shared/operations/settings/change-state.ts';
import fc from '../../support/fast-check.ts';
import { ana, ben, content, emptyMemoryEnvironment, promoteAll, push } from './world.ts';

/*
 * Whatever people do, in whatever order: the history of each environment is complete, what is live is what its commits add
 * up to, and nothing is live above that was not committed below before. The steps are random.
 */

type Step =
  | { do: 'push'; content: Snapshot }
  | { do: 'commit'; only?: ResourceRef; force: boolean; allowEmpty: boolean }
  | { do: 'promote' }
  | { do: 'promote one' | 'revert below' | 'revert above'; which: number; force: boolean }
  | { do: 'toggle below' | 'toggle above'; mapping: string };

const workflow = fc.constantFrom('a', 'b');
const someContent = fc
  .record({
    shop: fc.option(fc.array(workflow, { maxLength: 2 }), { nil: undefined }),
    site: fc.option(fc.array(workflow, { maxLength: 2 }), { nil: undefined }),
    a: fc.option(fc.constantFrom('A', 'AA'), { nil: undefined }),
    b: fc.option(fc.constantFrom('B', 'BB'), { nil: undefined }),
    beta: fc.option(fc.constant('Beta'), { nil: undefined }),
  })
  .map(({ shop, site, a, b, beta }) =>
    content(
      { ...(shop && { shop }), ...(site && { site }) },
      { ...(a && { a }), ...(b && { b }) },
      { ...(beta && { beta }) },
    ),
  );
const ref = fc.constantFrom<ResourceRef>(
  { type: 'source', key: 'shop' },
  { type: 'source', key: 'site' },
  { type: 'workflow', key: 'a' },
  { type: 'workflow', key: 'b' },
);
const which = fc.nat(20);
const force = fc.boolean();
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: someContent.map((content): Step => ({ do: 'push', content })) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('commit' as const), force, allowEmpty: fc.constant(false) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('commit' as const), only: ref, force, allowEmpty: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'promote' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('promote one' as const, 'revert below' as const, 'revert above' as const),
      which,
      force,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('toggle below' as const, 'toggle above' as const),
      mapping: fc.constantFrom('mapping-0', 'mapping-1'),
    }),
  },
);

/** Every resource with its content's hash. */
const hashesOf = (snapshot: Snapshot): Map<string, string | undefined> =>
  new Map(
    resourceTypes.flatMap((type) =>
      Object.keys(snapshot[folderOf(type)]).map(
        (key) => [refText({ type, key }), resourceHash(resourceOf(snapshot, { type, key }))] as const,
      ),
    ),
  );

async function historyOf(table: ConfigurationTable): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for await (const entry of historyNewestFirst(table)) entries.unshift(entry);
  return entries;
}

/** The history has each version once, each on the one before it, and its changes add up to every content on the way. */
async function expectSound(table: ConfigurationTable): Promise<HistoryEntry[]> {
  const [entries, live] = [await historyOf(table), await readLive(table)];
  expect(entries.map(({ version }) => version)).toEqual(Array.from({ length: live.version }, (_, i) => i + 1));
  const folded = new Map<string, string | undefined>();
  for (const [i, entry] of entries.entries()) {
    expect(entry.parent).toBe(entries[i - 1]?.id);
    for (const change of entry.changes ?? []) {
      const name = refText(change);
      if (change.change === 'removed') folded.delete(name);
      else folded.set(name, change.hash);
    }
    if (entry.kind === 'state') expect(entry.snapshot).toBe(entries[i - 1]?.snapshot);
    else expect(hashesOf(await contentOf(table, entry))).toEqual(folded);
  }
  expect(hashesOf(live.snapshot)).toEqual(folded);
  expect(live.state).toEqual(entries.at(-1)?.state ?? live.state);
  return entries;
}

/** Runs a step; answers what kind of end it had, so that a test can say that all of them occur. */
async function take(step: Step, ends: PromotionEnds): Promise<string> {
  const [below, above] = [ends.lower.table, ends.upper.table];
  const nth = async (table: ConfigurationTable, which: number) => {
    const entries = await historyOf(table);
    return entries.length === 0 ? undefined : entries[which % entries.length];
  };
  const commitWhole = async (): Promise<string> => {
    const { content: expected } = await readDraftContent(below);
    const { do: _do, ...request } = step as Extract<Step, { do: 'commit' }>;
    const { only, ...rest } = request;
    const result = await commitDraft(below, { ...ana, ...rest, ...(only && { only: [only] }) });
    if (result.kind === 'committed' && only === undefined) expect((await readLive(below)).snapshot).toEqual(expected);
    // What was not committed is still to be.
    expect((await readDraftContent(below)).content).toEqual(expected);
    return result.kind;
  };
  switch (step.do) {
    case 'push':
      return (await push(below, step.content)).kind;
    case 'commit':
      return commitWhole();
    case 'promote': {
      const promoted = await promoteAll(ends);
      expect((await readLive(above)).snapshot).toEqual((await readLive(below)).snapshot);
      return promoted === undefined ? 'nothing' : 'promoted';
    }
    case 'promote one': {
      const entry = await nth(below, step.which);
      if (entry?.kind !== 'commit') return 'nothing';
      return (await promoteAll(ends, entry)) === undefined ? 'nothing' : 'promoted';
    }
    case 'revert below':
    case 'revert above': {
      const table = step.do === 'revert below' ? below : above;
      const commit = await nth(table, step.which);
      if (commit === undefined) return 'nothing';
      return (await revertCommit(table, { ...ben, commit, force: step.force })).kind;
    }
    default: {
      const table = step.do === 'toggle below' ? below : above;
      await changeState(
        table,
        (state) => {
          const isOff = state.sources.shop?.inactive_mappings.includes(step.mapping) === true;
          return setMappingActive(state, 'shop', step.mapping, isOff);
        },
        ben,
      );
      return 'toggled';
    }
  }
}

test('any sequence of push, commit, promote, revert and toggle keeps the history complete and what is live its sum', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14, size: 'max' }), async (steps) => {
      const ends: PromotionEnds = {
        lower: { name: 'staging', table: emptyMemoryEnvironment() },
        upper: { name: 'production', table: emptyMemoryEnvironment() },
      };
      const everBelow = new Set<string>();
      for (const one of steps) {
        seen.add(`${one.do.split(' ')[0]} ${await take(one, ends)}`);
        for (const [name, hash] of hashesOf((await readLive(ends.lower.table)).snapshot))
          everBelow.add(`${name} ${hash}`);
        // Never ahead: whatever is live above was committed below at some time until now.
        for (const [name, hash] of hashesOf((await readLive(ends.upper.table)).snapshot))
          expect(everBelow).toContain(`${name} ${hash}`);
      }
      const below = await expectSound(ends.lower.table);
      const ids = new Set(below.map(({ id }) => id));
      for (const { promotedFrom } of await expectSound(ends.upper.table)) {
        for (const id of promotedFrom?.commits ?? []) expect(ids).toContain(id);
      }
    }),
    { numRuns: 200 },
  );
  // The steps were not all of the kind that does nothing.
  for (const end of ['push saved', 'commit committed', 'promote promoted', 'revert reverted', 'toggle toggled'])
    expect(seen).toContain(end);
});
