import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ItemTooLarge } from '../../../shared/adapters/dynamodb-configuration-parts.ts';
import type { ConfigurationTable } from '../../../shared/adapters/dynamodb-configuration-table.ts';
import { Snapshot } from '../../../shared/core/configuration/schema.ts';
import {
  capabilities,
  capabilitiesFrom,
  capabilityOutputs,
} from '../../../shared/operations/configuration/capabilities.ts';
import { commitDraft, commitFiles, pushAndCommit } from '../../../shared/operations/configuration/commit.ts';
import { pushDraft, saveFiles } from '../../../shared/operations/configuration/drafts.ts';
import { type FileBase, fileBasesAt } from '../../../shared/operations/configuration/files/file-bases.ts';
import {
  type CommitTerms,
  type Objection,
  objectionText,
  refusalOf,
} from '../../../shared/operations/configuration/objections.ts';
import { isStopped, preflight } from '../../../shared/operations/configuration/preflight.ts';
import { planPromotion } from '../../../shared/operations/configuration/promote.ts';
import { revertCommit } from '../../../shared/operations/configuration/revert.ts';
import { ana, ben, commit, content, emptyMemoryEnvironment, nowMs } from './world.ts';

const both = content({ shop: ['order'], app: ['order'] }, { order: 'Order' });
const oneGone = content({ shop: ['order'] }, { order: 'Order' });
const renamed = (snapshot: Snapshot, key: string, name: string): Snapshot =>
  Snapshot.parse({ ...snapshot, sources: { ...snapshot.sources, [key]: { ...snapshot.sources[key], name } } });

const push = (
  table: ConfigurationTable,
  snapshot: Snapshot,
  { terms = {}, base, about = ana }: { terms?: CommitTerms; base?: FileBase | undefined; about?: typeof ana } = {},
) => commitFiles(table, { snapshot, seed: undefined, ...about, terms, base });

const kindsOf = (result: Awaited<ReturnType<typeof push>>) =>
  result.kind === 'refused' ? result.objections.map(({ kind }) => kind) : result.kind;

describe('what is live is not removed by accident', () => {
  const removal: Objection = { kind: 'removes_live', refs: [{ type: 'source', key: 'app' }] };

  test('a push of files without it changes nothing, and names it', async () => {
    const table = emptyMemoryEnvironment();
    await push(table, both);
    expect(await push(table, oneGone)).toMatchObject({ kind: 'refused', objections: [removal] });
    expect(await push(table, both)).toMatchObject({ kind: 'committed', result: { changed: false } });
    expect(objectionText(removal, 'staging').what).toContain('removes source/app, live in staging');
  });

  test('the refusal has a line for each reason, says what each removal does, and asks about the folder of files alone', () => {
    const flow: Objection = { kind: 'removes_live', refs: [{ type: 'workflow', key: 'welcome' }] };
    const ofFiles = refusalOf([removal], 'staging', {
      consequence: 'nothing was committed',
      directory: 'infra/config',
    });
    expect(ofFiles.lines).toEqual([
      'this removes source/app, live in staging: senders of a source that is gone get 404 and drop their events',
      'nothing was committed',
    ]);
    expect(ofFiles.remedies).toEqual([
      'is infra/config the folder that is meant? --dir names another',
      'to remove them: --force',
    ]);
    const ofRevert = refusalOf([flow], 'staging', { consequence: 'nothing was reverted' });
    expect(ofRevert.lines[0]).toBe(
      'this removes workflow/welcome, live in staging: triggers of a workflow that is gone fail',
    );
    expect(ofRevert.remedies).toEqual(['to remove them: --force']);
  });

  test('one that says that it means it goes on', async () => {
    const table = emptyMemoryEnvironment();
    await push(table, both);
    expect(kindsOf(await push(table, oneGone, { terms: { allowed: ['removes_live'] } }))).toBe('committed');
  });

  test('the commit of a draft, a revert and a promotion are asked alike', async () => {
    const [table, above] = [emptyMemoryEnvironment(), emptyMemoryEnvironment()];
    await commit(table, oneGone);
    const added = await commit(table, both);
    await pushDraft(table, { snapshot: oneGone, seed: undefined, author: 'Ana', nowMs });
    expect(await commitDraft(table, { ...ana, terms: {} })).toMatchObject({ kind: 'refused', objections: [removal] });
    expect(await revertCommit(table, { ...ana, commit: added, terms: {} })).toMatchObject({
      kind: 'refused',
      objections: [removal],
    });
    await pushAndCommit(above, { ...ana, snapshot: both, seed: undefined });
    await commit(table, oneGone);
    const plan = await planPromotion({
      lower: { name: 'development', table },
      upper: { name: 'staging', table: above },
    });
    const facts = { name: 'staging', isSecretSet: async () => true, audienceExists: async () => true };
    const problems = await preflight(plan, facts);
    expect(problems.map(({ problem }) => problem)).toContain('removes_live');
    expect([isStopped(problems, false), isStopped(problems, true)]).toEqual([true, false]);
  });
});

describe('files that are older than what is live', () => {
  const baseAfter = async (table: ConfigurationTable, snapshot: Snapshot) => {
    const result = await push(table, snapshot);
    if (result.kind !== 'committed') throw new Error('not committed');
    return result.base;
  };
  const byBen = { terms: { allowed: ['stale_files'] as const }, about: ben };

  test('undo nothing: the commit in between is named with its author', async () => {
    const table = emptyMemoryEnvironment();
    const base = await baseAfter(table, both);
    await push(table, renamed(both, 'app', 'App of Ben'), byBen);
    const result = await push(table, renamed(both, 'shop', 'Shop of Ana'), { base });
    expect(kindsOf(result)).toEqual(['stale_files']);
    const [objection] = result.kind === 'refused' ? result.objections : [];
    expect(objectionText(objection as Objection, 'development').what).toMatch(
      /would undo source\/app of commit 2-[0-9a-f]{8} by Ben, .* \("night shift"\)/,
    );
  });

  test('are told of what was added since, beside that it would be removed', async () => {
    const table = emptyMemoryEnvironment();
    const base = await baseAfter(table, oneGone);
    await push(table, both, byBen);
    expect(kindsOf(await push(table, oneGone, { base }))).toEqual(['stale_files', 'removes_live']);
  });

  test('do not bring back what was removed since', async () => {
    const table = emptyMemoryEnvironment();
    const base = await baseAfter(table, both);
    await push(table, oneGone, { ...byBen, terms: { allowed: ['stale_files', 'removes_live'] } });
    expect(kindsOf(await push(table, both, { base }))).toEqual(['stale_files']);
  });

  test('a draft of them is refused as well: its commit would not notice', async () => {
    const table = emptyMemoryEnvironment();
    const base = await baseAfter(table, both);
    await push(table, renamed(both, 'app', 'App of Ben'), byBen);
    const files = renamed(both, 'shop', 'Shop of Ana');
    const request = { snapshot: files, seed: undefined, author: 'Ana', nowMs, base };
    expect(await saveFiles(table, request)).toMatchObject({ kind: 'refused' });
    expect(await saveFiles(table, { ...request, force: true })).toMatchObject({ kind: 'done' });
  });

  test('are no longer so once they have what was committed since', async () => {
    const table = emptyMemoryEnvironment();
    const base = await baseAfter(table, both);
    const bens = renamed(both, 'app', 'App of Ben');
    await push(table, bens, byBen);
    expect(kindsOf(await push(table, renamed(bens, 'shop', 'Shop of Ana'), { base }))).toBe('committed');
  });

  test('one edit after another from the same files is none, nor one after the commit of a draft', async () => {
    const table = emptyMemoryEnvironment();
    let base: FileBase | undefined = await baseAfter(table, both);
    for (const name of ['One', 'Two', 'One']) {
      const result = await push(table, renamed(both, 'shop', name), { base });
      if (result.kind !== 'committed') throw new Error('refused');
      base = result.base;
    }
    const saved = await saveFiles(table, {
      snapshot: renamed(both, 'shop', 'Draft'),
      seed: undefined,
      author: 'Ana',
      nowMs,
      base,
    });
    await commitDraft(table, { ...ana, terms: {} });
    base = saved.kind === 'done' ? saved.base : undefined;
    expect(kindsOf(await push(table, renamed(both, 'shop', 'After'), { base }))).toBe('committed');
  });

  test('are known without a base where they say what another author replaced', async () => {
    const table = emptyMemoryEnvironment();
    await push(table, both);
    await push(table, renamed(both, 'app', 'App of Ben'), byBen);
    expect(kindsOf(await push(table, both))).toEqual(['stale_files']);
    // His own files may go back: that is what a revert in git looks like.
    expect(kindsOf(await push(table, both, { about: ben }))).toBe('committed');
  });

  test('a base of an environment that was made anew says nothing', async () => {
    const base = await baseAfter(emptyMemoryEnvironment(), both);
    const table = emptyMemoryEnvironment();
    await push(table, renamed(both, 'app', 'Other'));
    expect(kindsOf(await push(table, both, { base }))).toBe('committed');
  });

  test('bases are kept by folder and environment, and a damaged file is none', () => {
    const directory = mkdtempSync(join(tmpdir(), 'signalbox-bases-'));
    try {
      const bases = fileBasesAt(join(directory, 'state', 'bases.json'));
      expect(bases.read('a', 'development')).toBeUndefined();
      bases.write('a', 'development', { commit: '1-aaaaaaaa', known: { 'source/constructor': ['x'] } });
      bases.write('a', 'constructor', { commit: '2-bbbbbbbb', known: {} });
      expect(bases.read('a', 'development')?.commit).toBe('1-aaaaaaaa');
      expect(bases.read('b', 'development')).toBeUndefined();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('what the running functions do not know', () => {
  const older = { ...capabilities, kinds: ['segment'], targets: ['http'] };

  test('is never committed, whatever is allowed', async () => {
    const table = emptyMemoryEnvironment();
    const terms: CommitTerms = { capabilities: older, allowed: ['removes_live', 'stale_files', 'secret_missing'] };
    const result = await push(table, both, { terms });
    expect(result).toMatchObject({
      kind: 'refused',
      objections: [
        {
          kind: 'not_known_there',
          needs: [
            { type: 'source', key: 'shop', need: 'kind', name: 'rudderstack' },
            { type: 'source', key: 'app', need: 'kind', name: 'rudderstack' },
            { type: 'workflow', key: 'order', need: 'target', name: 'log' },
          ],
        },
      ],
    });
    expect(kindsOf(await push(table, both, { terms: { capabilities } }))).toBe('committed');
    expect(kindsOf(await push(table, both, { terms: { capabilities: { ...capabilities, format: 0 } } }))).toEqual([
      'not_known_there',
    ]);
  });

  test('is read from the outputs of a stack; an older stack says nothing and is not asked', () => {
    const outputs = capabilityOutputs(capabilities);
    expect(capabilitiesFrom(outputs)).toEqual(capabilities);
    expect(capabilitiesFrom({})).toBeUndefined();
    // CloudFormation refuses a longer one at deploy.
    for (const text of Object.values(outputs)) expect(text.length).toBeLessThanOrEqual(1024);
  });

  test('no force promotes it', () => {
    const problem = { type: 'source', key: 'shop', detail: '', remedy: '' } as const;
    expect(isStopped([{ ...problem, problem: 'not_known_there' }], true)).toBe(true);
    expect(isStopped([{ ...problem, problem: 'secret_not_set' }], true)).toBe(false);
  });
});

describe('a source that is verified and has no secret', () => {
  const stripe = Snapshot.parse({ ...both, sources: { ...both.sources, pay: { kind: 'stripe', name: 'Pay' } } });
  const none: CommitTerms = { isSecretSet: async () => false };

  test('is refused when it comes, and goes on when that is meant', async () => {
    const table = emptyMemoryEnvironment();
    await push(table, both);
    expect(await push(table, stripe, { terms: none })).toMatchObject({
      objections: [{ kind: 'secret_missing', sources: ['pay'] }],
    });
    expect(kindsOf(await push(table, stripe, { terms: { isSecretSet: async (name) => name === 'sources/pay' } }))).toBe(
      'committed',
    );
    // It is so already: a correction of something else is not held up.
    expect(kindsOf(await push(table, renamed(stripe, 'pay', 'Payments'), { terms: none }))).toBe('committed');
  });

  test('is not asked for when the person has answered, so that an outage of the store holds nothing up', async () => {
    const away: CommitTerms = {
      allowed: ['secret_missing'],
      isSecretSet: () => Promise.reject(new Error('the store is away')),
    };
    expect(kindsOf(await push(emptyMemoryEnvironment(), stripe, { terms: away }))).toBe('committed');
  });
});

describe('what the table cannot hold', () => {
  test('is refused with its size before anything is written', async () => {
    const table = emptyMemoryEnvironment();
    const sources = Object.fromEntries(
      Array.from({ length: 4_000 }, (_, i) => [`source-${i}-${'x'.repeat(60)}`, { kind: 'rudderstack', name: 'S' }]),
    );
    const huge = Snapshot.parse({ sources, workflows: {} });
    await expect(pushAndCommit(table, { ...ana, snapshot: huge, seed: undefined })).rejects.toThrow(ItemTooLarge);
    await expect(pushDraft(table, { snapshot: huge, seed: undefined, author: 'Ana', nowMs })).rejects.toThrow(
      /the draft would take \d+ KB, and the table takes 390 KB at most/,
    );
    expect(kindsOf(await push(table, both))).toBe('committed');
  });
});
