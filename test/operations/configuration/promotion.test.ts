import { beforeEach, describe, expect, test } from '@jest/globals';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { ConfigurationConflict } from '../../../shared/adapters/dynamodb-configuration-history.ts';
import { grantedTargetsOutput, isInGrantedTargets } from '../../../shared/core/configuration/granted-targets.ts';
import { EnvironmentFile, Snapshot } from '../../../shared/core/configuration/schema.ts';
import type { Target } from '../../../shared/core/configuration/targets/index.ts';
import { pushAndCommit } from '../../../shared/operations/configuration/commit.ts';
import { type EnvironmentFacts, preflight } from '../../../shared/operations/configuration/preflight.ts';
import { type PromotionEnds, planPromotion, promote } from '../../../shared/operations/configuration/promote.ts';
import { revertCommit } from '../../../shared/operations/configuration/revert.ts';
import { changeState, setMappingActive } from '../../../shared/operations/settings/change-state.ts';
import { ana, ben, commit, content, emptyMemoryEnvironment, entry, promoteAll, push } from './world.ts';

let ends: PromotionEnds;
beforeEach(() => {
  ends = {
    lower: { name: 'development', table: emptyMemoryEnvironment() },
    upper: { name: 'staging', table: emptyMemoryEnvironment() },
  };
});

const first = content({ shop: ['order'] }, { order: 'Order' });
const second = content({ shop: ['order', 'order'] }, { order: 'Order' });
const below = () => ends.lower.table;
const above = () => ends.upper.table;
const contentAbove = async () => (await readLive(above())).snapshot;

describe('promoting everything', () => {
  test('makes what is committed below live above, and names the commits that it is made of', async () => {
    const made = [await commit(below(), first), await commit(below(), second)];
    expect(await promoteAll(ends)).toMatchObject({ version: 1, newSources: ['shop'] });
    expect(await contentAbove()).toEqual(second);
    expect(await entry(above(), 1)).toMatchObject({
      kind: 'commit',
      promotedFrom: { environment: 'development', commits: [made[1]?.id, made[0]?.id] },
      changes: [
        { type: 'source', key: 'shop', change: 'added' },
        { type: 'workflow', key: 'order', change: 'added' },
      ],
    });
    expect((await planPromotion(ends)).changes).toEqual([]);
  });

  test('names only the commits that are not there yet, and takes away what was removed below', async () => {
    await commit(below(), content({ shop: ['order'], old: [] }, { order: 'Order' }));
    await promoteAll(ends);
    const removed = await commit(below(), second);
    const plan = await planPromotion(ends);
    expect(plan).toMatchObject({
      changes: [
        { key: 'old', change: 'removed' },
        { key: 'shop', change: 'changed' },
      ],
      concerns: [],
    });
    expect(plan.commits.map(({ id }) => id)).toEqual([removed.id]);
    await promoteAll(ends);
    expect(await contentAbove()).toEqual(second);
  });

  test('carries no draft, no switch, no URL and no other state', async () => {
    await commit(below(), first);
    await changeState(below(), (state) => setMappingActive(state, 'shop', 'mapping-0', false), ben);
    await changeState(below(), (state) => ({ ...state, inactive_workflows: ['order'] }), ben);
    await push(below(), second);
    const plan = await planPromotion(ends);
    const seed = EnvironmentFile.parse({ sources: { shop: { idempotency: { window_hours: 72 } } } });
    await promote(ends, plan, { ...ana, seed });
    expect(await readLive(above())).toMatchObject({
      snapshot: first,
      state: {
        sources: { shop: { inactive_mappings: [], idempotency: { window_hours: 72 }, url: { generation: 1 } } },
        inactive_workflows: [],
      },
    });
    await changeState(above(), (state) => setMappingActive(state, 'shop', 'mapping-0', false), ben);
    await commit(below(), second);
    await promoteAll(ends);
    expect((await readLive(above())).state.sources.shop?.inactive_mappings).toEqual(['mapping-0']);
  });

  test('is refused by a commit above that came after the plan', async () => {
    await commit(below(), first);
    const plan = await planPromotion(ends);
    await pushAndCommit(above(), { ...ben, snapshot: content({ other: [] }), seed: undefined });
    await expect(promote(ends, plan, { ...ana, seed: undefined })).rejects.toThrow(ConfigurationConflict);
    expect(await contentAbove()).toEqual(content({ other: [] }));
  });
});

describe('promoting one commit', () => {
  test('takes its resources as they were in it, and nothing else', async () => {
    await commit(below(), first);
    await promoteAll(ends);
    const one = await commit(below(), second);
    await commit(below(), content({ shop: [], more: [] }, { order: 'Orders' }));
    const plan = await planPromotion(ends, one);
    expect(plan.concerns).toEqual([]);
    expect(plan.commits.map(({ id }) => id)).toEqual([one.id]);
    await promoteAll(ends, one);
    expect(await contentAbove()).toEqual(second);
  });

  test('that is older than what is there says so', async () => {
    await commit(below(), first);
    const one = await commit(below(), second);
    const newer = await commit(below(), content({ shop: [] }, { order: 'Order' }));
    await promoteAll(ends);
    expect((await planPromotion(ends, one)).concerns).toMatchObject([
      { problem: 'newer_there', type: 'source', key: 'shop', commit: { id: newer.id } },
    ]);
  });

  test('that is there already changes nothing', async () => {
    const one = await commit(below(), first);
    await promoteAll(ends);
    expect((await planPromotion(ends, one)).changes).toEqual([]);
  });
});

describe('what promoting would undo is told', () => {
  test('a change that was committed above and never below', async () => {
    await commit(below(), first);
    await promoteAll(ends);
    await pushAndCommit(above(), { ...ben, snapshot: content({ shop: [] }, { order: 'Order' }), seed: undefined });
    await commit(below(), second);
    expect((await planPromotion(ends)).concerns).toMatchObject([
      { problem: 'changed_there', type: 'source', key: 'shop', commit: { author: 'Ben', version: 2 } },
    ]);
  });

  test('a revert above, when the same content would come back; corrected content may come', async () => {
    await commit(below(), first);
    await promoteAll(ends);
    await commit(below(), second);
    await promoteAll(ends);
    await revertCommit(above(), { ...ben, commit: await entry(above(), 2) });
    expect(await contentAbove()).toEqual(first);
    expect((await planPromotion(ends)).concerns).toMatchObject([
      { problem: 'reverted_there', key: 'shop', commit: { author: 'Ben', version: 3 } },
    ]);
    await commit(below(), content({ shop: ['order', 'order', 'order'] }, { order: 'Order' }));
    expect((await planPromotion(ends)).concerns).toEqual([]);
  });
});

const machine = 'arn:aws:states:eu-central-1:111122223333:stateMachine:order';

/** An environment in which nothing is set, but for what a test says. */
function facts(change: { secrets?: string[]; audiences?: string[]; granted?: Target[] } = {}): EnvironmentFacts {
  const { secrets = [], audiences = [], granted } = change;
  return {
    name: 'staging',
    isSecretSet: async (name) => secrets.includes(name),
    audienceExists: async (key) => audiences.includes(key),
    ...(granted && { isGranted: (name) => isInGrantedTargets(grantedTargetsOutput(granted), name) }),
  };
}

/** A promotion of content with this target for staging, and with what a test adds. */
async function planOf(target: unknown, extra: { sources?: object; audiences?: object } = {}) {
  const workflows = { order: { name: 'Order', target: target === undefined ? {} : { staging: target } } };
  await pushAndCommit(below(), {
    ...ana,
    snapshot: Snapshot.parse({ sources: {}, ...extra, workflows }),
    seed: undefined,
  });
  return planPromotion(ends);
}
const problemsOf = async (...args: Parameters<typeof preflight>) =>
  (await preflight(...args)).map(({ type, key, problem }) => `${type}/${key} ${problem}`);

describe('what would not work above is listed before', () => {
  test.each<[string, unknown, Parameters<typeof facts>[0], string[]]>([
    ['no target there', undefined, {}, ['workflow/order target_missing']],
    ['a target that needs nothing', { type: 'log' }, {}, []],
    [
      'an http target without its secret',
      { type: 'http', url: 'https://x.example' },
      {},
      ['workflow/order secret_not_set'],
    ],
    ['an http target with it', { type: 'http', url: 'https://x.example' }, { secrets: ['targets/order'] }, []],
    ['a knock target without its secret', { type: 'knock', workflow: 'w' }, {}, ['workflow/order secret_not_set']],
    [
      'a state machine that the deployed stack may not start',
      { type: 'step-functions', state_machine_arn: machine },
      { granted: [] },
      ['workflow/order target_not_granted'],
    ],
    [
      'a state machine that it may start',
      { type: 'step-functions', state_machine_arn: machine },
      { granted: [{ type: 'step-functions', state_machine_arn: machine }] },
      [],
    ],
    [
      'a bus that it may not put events on',
      { type: 'event-bridge', bus: 'orders' },
      { granted: [{ type: 'step-functions', state_machine_arn: machine }] },
      ['workflow/order target_not_granted'],
    ],
    ['a stack from before it said what it may call', { type: 'event-bridge', bus: 'orders' }, {}, []],
  ])('%s', async (_name, target, known, expected) => {
    expect(await problemsOf(await planOf(target), facts(known))).toEqual(expected);
  });

  test('a mapping whose workflow stays below, and an audience that no action made there', async () => {
    await commit(below(), content({}, { order: 'Order' }, { beta: 'Beta' }));
    const parameters = { key: { value: 'beta' }, members: 'user_id' };
    const member = { id: 'member', event: 'identify', action: 'audiences_add_member', parameters };
    const { sources, ...rest } = content({ shop: ['order'] }, { order: 'Order' }, { beta: 'Beta' });
    const shop = { ...sources.shop, mappings: [...(sources.shop?.mappings ?? []), member] };
    const only = await commit(below(), Snapshot.parse({ ...rest, sources: { shop } }));
    const plan = await planPromotion(ends, only);
    expect(await problemsOf(plan, facts())).toEqual(['source/shop workflow_missing', 'source/shop audience_missing']);
    expect(await problemsOf(plan, facts({ audiences: ['beta'] }))).toEqual(['source/shop workflow_missing']);
    expect(await problemsOf(await planPromotion(ends), facts())).toEqual([]);
  });

  test('verification that is enforced there without a secret, by its state or by its first values', async () => {
    const plan = await planOf({ type: 'log' }, { sources: { shop: { kind: 'rudderstack', name: 'Shop' } } });
    const seed = EnvironmentFile.parse({ sources: { shop: { verification: { enforced: true } } } });
    expect(await problemsOf(plan, facts())).toEqual([]);
    expect(await problemsOf(plan, facts(), seed)).toEqual(['source/shop verification_secret_not_set']);
    expect(await problemsOf(plan, facts({ secrets: ['sources/shop'] }), seed)).toEqual([]);
  });

  test('each with what is wrong and what would make it right', async () => {
    const [problem] = await preflight(await planOf({ type: 'knock', workflow: 'w' }), facts());
    expect(problem).toEqual({
      type: 'workflow',
      key: 'order',
      problem: 'secret_not_set',
      detail: 'has a target of type knock, and secret targets/order is not set in staging',
      remedy: 'npx signalbox secrets set targets/order --environment staging',
    });
  });
});
