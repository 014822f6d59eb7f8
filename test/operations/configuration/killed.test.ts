import { describe, expect, test } from '@jest/globals';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { readDraft } from '../../../shared/adapters/dynamodb-configuration-drafts.ts';
import type { ConfigurationTable } from '../../../shared/adapters/dynamodb-configuration-table.ts';
import type { Snapshot } from '../../../shared/core/configuration/schema.ts';
import { commitDraft, pushAndCommit } from '../../../shared/operations/configuration/commit.ts';
import { readDraftContent } from '../../../shared/operations/configuration/drafts.ts';
import { listHistory } from '../../../shared/operations/configuration/history.ts';
import { revertCommit } from '../../../shared/operations/configuration/revert.ts';
import { dieAt, ProcessDied } from '../../support/die-at.ts';
import { ana, commit, content, emptyMemoryEnvironment, entry, promoteAll, push } from './world.ts';

/*
 * Whoever changes the configuration dies at each of their calls in turn, before or after it had its effect. What is live is
 * then wholly the old or wholly the new; the same command once more brings everything to where it should be.
 */
const first = content({ shop: ['order'] }, { order: 'Order' });
const second = content({ shop: ['order', 'order'], more: [] }, { order: 'Order' });
const third = content({ shop: [], more: [] }, { order: 'Orders' });

type Scenario = {
  /** Prepares two environments, version 1 live in the lower one. */
  before(lower: ConfigurationTable, upper: ConfigurationTable): Promise<unknown>;
  command(lower: ConfigurationTable, upper: ConfigurationTable): Promise<unknown>;
  live: { old: Snapshot; new: Snapshot };
  /** The draft of the lower environment in the end. */
  draft?: Snapshot;
  /** Which environment changes. */
  changes: 'lower' | 'upper';
};

const scenarios: Record<string, Scenario> = {
  'a push': {
    before: (lower) => push(lower, third),
    command: (lower) => push(lower, second),
    live: { old: first, new: first },
    draft: second,
    changes: 'lower',
  },
  'a commit of all': {
    before: (lower) => push(lower, second),
    command: (lower) => commitDraft(lower, ana),
    live: { old: first, new: second },
    changes: 'lower',
  },
  'a commit of some': {
    before: (lower) => push(lower, third),
    command: (lower) => commitDraft(lower, { ...ana, only: [{ type: 'source', key: 'shop' }] }),
    live: { old: first, new: content({ shop: [] }, { order: 'Order' }) },
    draft: third,
    changes: 'lower',
  },
  'push --commit': {
    before: (lower) => push(lower, third),
    command: (lower) => pushAndCommit(lower, { ...ana, snapshot: second, seed: undefined }),
    live: { old: first, new: second },
    changes: 'lower',
  },
  'a revert': {
    before: async (lower) => {
      await commit(lower, second);
      await push(lower, content({ shop: ['order', 'order', 'order'], more: [] }, { order: 'Draft' }));
    },
    command: async (lower) => revertCommit(lower, { ...ana, commit: await entry(lower, 2) }),
    live: { old: second, new: first },
    draft: content({ shop: ['order'] }, { order: 'Draft' }),
    changes: 'lower',
  },
  'a promotion': {
    before: async () => undefined,
    command: (lower, upper) =>
      promoteAll({ lower: { name: 'development', table: lower }, upper: { name: 'staging', table: upper } }),
    live: { old: content({}), new: first },
    changes: 'upper',
  },
};

describe.each(Object.entries(scenarios))('%s', (_name, scenario) => {
  const { live: wanted, changes } = scenario;

  async function prepared() {
    const [lower, upper] = [emptyMemoryEnvironment(), emptyMemoryEnvironment()];
    await commit(lower, first);
    await scenario.before(lower, upper);
    return { lower, upper, changed: changes === 'lower' ? lower : upper };
  }

  /** Runs the command in a process that meets its fate; answers its calls. */
  async function run(
    { lower, upper }: { lower: ConfigurationTable; upper: ConfigurationTable },
    fate?: { at: number; when: 'before' | 'after' },
  ) {
    const { ports, calls } = dieAt({ lower: lower.client, upper: upper.client }, fate);
    const command = scenario.command({ ...lower, client: ports.lower }, { ...upper, client: ports.upper });
    if (fate === undefined) await command;
    else {
      // A conditional write says which write it was, with the death as its cause.
      const death = await command.then(
        () => undefined,
        (error) => error.cause ?? error,
      );
      expect(death).toBeInstanceOf(ProcessDied);
    }
    return calls();
  }

  async function expectDone(world: Awaited<ReturnType<typeof prepared>>) {
    expect((await readLive(world.changed)).snapshot).toEqual(wanted.new);
    expect((await readDraftContent(world.lower)).content).toEqual(
      scenario.draft ?? (await readLive(world.lower)).snapshot,
    );
    const versions = (await listHistory(world.changed, { limit: 99 })).map(({ entry }) => entry.version);
    expect(versions).toEqual(versions.map((_, i) => versions.length - i));
    expect((await readLive(world.changed)).version).toBe(versions.length);
  }

  test('is old or new at every moment, and done by the same command once more', async () => {
    const whole = await prepared();
    const calls = await run(whole);
    await expectDone(whole);
    expect(calls).toBeGreaterThan(3);
    for (let at = 0; at < calls; at++) {
      for (const when of ['before', 'after'] as const) {
        const world = await prepared();
        await run(world, { at, when });
        expect([wanted.old, wanted.new]).toContainEqual((await readLive(world.changed)).snapshot);
        await run(world);
        await expectDone(world);
      }
    }
    if (scenario.draft === undefined) expect(await readDraft(whole.lower)).toBeUndefined();
  });
});
