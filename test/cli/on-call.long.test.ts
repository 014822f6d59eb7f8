import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Stage, startStage, synthesizeStage } from '../drills/stage.ts';

/*
 * The commands of an engineer on call, typed on a local stack: what they print and where, their exit
 * codes, `--json`, and what they refuse. There is no terminal, so nothing can be asked.
 */

let outdir: string;
let stage: Stage;
beforeAll(async () => {
  outdir = await synthesizeStage();
  stage = await startStage(outdir);
  await stage.identify('lena');
});
afterAll(async () => {
  await stage?.stop();
  rmSync(outdir, { recursive: true, force: true });
});

const typed = (...args: string[]) => stage.signalbox(args);
const json = async (...args: string[]) => JSON.parse((await typed(...args, '--json')).stdout);
/** An order that the target refuses for good. */
async function refusedOrder(): Promise<string> {
  stage.target.answers = 400;
  const [id = ''] = await stage.postForIds('shop', stage.order());
  await stage.runtime.idle();
  stage.target.answers = 200;
  return id;
}
const statusOf = async (id: string) =>
  (await json('actions', '--event', id)).map((row: { status: string }) => row.status);

describe('discard', () => {
  test('by ids needs a reason, closes them, and says which are closed already or unknown', async () => {
    const id = await refusedOrder();
    expect(await typed('discard', id)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('-m') });
    const dry = await typed('discard', id, '--dry-run');
    expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining('1 would be discarded') });
    expect(await statusOf(id)).toEqual(['failed']);
    const done = await typed('discard', id, '-m', 'a test order');
    expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`${id} +discarded`)) });
    expect(await statusOf(id)).toEqual(['discarded']);
    expect(await typed('discard', id, '-m', 'again')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('was discarded by'),
    });
    expect(await typed('discard', id, '01NOTHERE', '-m', 'again')).toMatchObject({ code: 3 });
    expect((await typed('why', id)).stdout).toContain('"a test order"');
  });

  test('takes the older spelling of the reason', async () => {
    const id = await refusedOrder();
    expect(await typed('discard', id, '--reason', 'another test order')).toMatchObject({ code: 0 });
    expect((await typed('why', id)).stdout).toContain('"another test order"');
  });

  test('by a filter changes nothing without --yes, and then what the reason chooses', async () => {
    const id = await refusedOrder();
    const filter = ['--reason', 'target_refused', '--since', '1h'];
    const dry = await typed('discard', ...filter, '--dry-run');
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('1 would be closed') });
    expect(await json('discard', ...filter, '--dry-run')).toMatchObject({ matching: 1, would_discard: 1 });
    const unasked = await typed('discard', ...filter, '-m', 'tests');
    expect(unasked).toMatchObject({ code: 1, stderr: expect.stringMatching(/not asked: [\s\S]*--yes/) });
    const other = await json('discard', '--reason', 'retries_exhausted', '--since', '1h', '-m', 'tests', '--yes');
    expect([other, await statusOf(id)]).toEqual([null, ['failed']]);
    const job = await json('discard', ...filter, '-m', 'tests', '--yes');
    expect(job).toMatchObject({ kind: 'discard', state: 'done', reason: 'tests', counts: { discarded: 1 } });
    expect(await statusOf(id)).toEqual(['discarded']);
  });

  test.each([
    [['--since', '1h'], '-m "test order"'],
    [['--since', '1h', '--reason', 'target_refussed', '--yes'], 'did you mean "target_refused"?'],
    [['--since', '1h', '--reason', 'target_refused', '--yes'], '-m "test order"'],
    [['-m', 'tests'], 'a discard needs ids, or --since with a filter'],
    [['01KSOME', '--reason', 'target_refused', '-m', 'tests'], '--reason chooses events, and so do ids'],
    [['--since', '1h', '--status', 'processed', '-m', 'tests'], 'is not a status of what can be discarded'],
  ])('%j is refused', async (args, words) => {
    expect(await typed('discard', ...args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(words),
    });
  });
});

describe('send', () => {
  test('names what failed, with a count and the next command, and ends with 1', async () => {
    stage.target.answers = 400;
    const sent = await typed('send', 'shop');
    stage.target.answers = 200;
    expect(sent.code).toBe(1);
    expect(sent.stdout).toMatch(
      /failed: 1 action of confirm-order \(target_refused\): .*; npx signalbox why 01[0-9A-Z]{24}/,
    );
    const { outcomes } = await json('send', 'shop');
    expect(outcomes).toEqual([]);
    await stage.mend('discard', '--since', '1h', '-m', 'tests', '--yes');
  });
});

describe('workflow pause and resume', () => {
  test('hold the runs, say so to who sends, and release them', async () => {
    expect(await json('workflow', 'pause', 'confirm-order')).toMatchObject({ active: false, held: 0, changed: true });
    expect(await typed('workflow', 'pause', 'confirm-order')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('already'),
    });
    const before = stage.taken.length;
    const sent = await typed('send', 'shop');
    expect(sent.code).toBe(1);
    expect(sent.stderr).toContain('still waiting: 1 action of confirm-order (held)');
    expect(sent.stdout).toContain('not final yet: 1 action of confirm-order (held)');
    expect(sent.stdout).toContain('npx signalbox workflow resume confirm-order');
    expect(stage.taken).toHaveLength(before);
    const resumed = await typed('workflow', 'resume', 'confirm-order', '-m', 'the target is up');
    expect(resumed).toMatchObject({ code: 0, stdout: 'done: 1 released, 0 failed, 0 had nothing to release\n' });
    await stage.runtime.idle();
    expect(stage.taken).toHaveLength(before + 1);
    const [{ id }] = await json('jobs');
    const shown = await typed('jobs', 'show', id);
    expect(shown.stdout).toMatch(/runs +1 of 1/);
    expect(shown.stdout).toMatch(/why +the target is up/);
    expect(await typed('workflow', 'resume', 'confirm-order')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('active in development already'),
    });
  });

  test.each([
    [['workflow', 'pause', 'confirm-orders'], 3, 'did you mean "confirm-order"?'],
    [['workflow', 'resume', 'nothing-like-it'], 3, 'nothing-like-it'],
    [['workflow', 'resume', 'confirm-order', '--rate', 'fast'], 2, 'number above 0'],
    [['sources', 'pause', 'shopp'], 3, 'did you mean "shop"?'],
    [['sources', 'resume', 'nothing-like-it'], 3, 'nothing-like-it'],
  ])('%j is refused', async (args, code, words) => {
    expect(await typed(...args)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(words) });
  });
});

describe('sources pause and resume', () => {
  test('hold the events, say so to who sends, and release them in order', async () => {
    expect(await json('sources', 'pause', 'shop', '-m', 'mapping is wrong')).toMatchObject({ paused: true, held: 0 });
    const sent = await typed('send', 'shop', '--type', 'track/order_completed', '--user', 'lena');
    expect(sent.code).toBe(1);
    expect(sent.stdout).toMatch(/not final yet: 1 event \(held\): .*npx signalbox sources resume shop/);
    expect(await json('events', '--status', 'held')).toHaveLength(1);
    expect((await json('doctor')).waiting.held).toBe(1);
    const before = stage.taken.length;
    const job = await json('sources', 'resume', 'shop');
    expect(job).toMatchObject({ kind: 'release_source', state: 'done', counts: { released: 1, failed: 0 } });
    await stage.runtime.idle();
    expect(stage.taken).toHaveLength(before + 1);
    expect(await json('events', '--status', 'held')).toEqual([]);
    expect(await typed('sources', 'resume', 'shop')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('already'),
    });
  });
});

describe('replay', () => {
  test('by a filter asks first, and with --json prints its job alone', async () => {
    const id = await refusedOrder();
    const unasked = await typed('replay', '--status', 'failed', '--since', '1h');
    expect(unasked).toMatchObject({ code: 1, stderr: expect.stringMatching(/not asked: [\s\S]*--yes/) });
    expect(await statusOf(id)).toEqual(['failed']);
    const job = await json('replay', '--status', 'failed', '--since', '1h', '--yes');
    expect(job).toMatchObject({ kind: 'replay', state: 'done', counts: { replayed: 1 } });
    await stage.runtime.idle();
    expect(await statusOf(id)).toEqual(['succeeded']);
  });

  test('of an id is seen by why at once, and what failed before is not told as its end', async () => {
    const id = await refusedOrder();
    expect((await json('why', id)).now.state).toBe('failed');
    expect(await typed('replay', id)).toMatchObject({ code: 0, stderr: expect.stringContaining('1 replayed') });
    expect((await json('why', id)).now.state).not.toBe('failed');
    await stage.runtime.idle();
    expect((await json('why', id)).now.state).toBe('done');
  });

  test('as a new event closes what it replaces for the doctor, and only once it has succeeded', async () => {
    stage.edit('sources/shop.yaml', 'recipients: user_id', 'recipients: data.customer');
    await stage.commit();
    const [id = ''] = await stage.postForIds('shop', stage.order());
    await stage.runtime.idle();
    const skipped = async () =>
      (await json('doctor')).findings.filter((finding: { id: string }) => finding.id === 'actions_skipped');
    expect(await skipped()).toMatchObject([
      { example: id, cause: expect.stringContaining('looked for at data.customer') },
    ]);
    stage.edit('sources/shop.yaml', 'recipients: data.customer', 'recipients: user_id');
    await stage.commit();
    expect(await typed('replay', id)).toMatchObject({ code: 0, stdout: expect.stringContaining('--force') });
    expect(await skipped()).toHaveLength(1);
    expect(await typed('replay', id, '--force')).toMatchObject({ code: 0 });
    await stage.runtime.idle();
    expect(await skipped()).toEqual([]);
    expect((await typed('why', id)).stdout).toContain('It was run again as');
  });
});

describe('verify', () => {
  test('without a time looks at the last hour, and says so', async () => {
    const { code, stderr } = await typed('verify');
    expect([code, stderr]).toEqual([0, expect.stringContaining('so this is the last hour')]);
    expect(await typed('verify', '--until', '5m')).toMatchObject({ code: 2 });
  });
});

describe('person', () => {
  test('erase needs a reason and a yes; a dry run needs neither, and counts in words', async () => {
    await stage.identify('jo');
    const dry = await typed('person', 'erase', 'jo', '--dry-run');
    expect(dry.code).toBe(0);
    expect(dry.stdout).toContain('1 event or request of the person: a row stays');
    expect(await typed('person', 'erase', 'jo', '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('-m'),
    });
    expect(await typed('person', 'erase', 'jo', '-m', 'ticket 1')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not asked: [\s\S]*--yes/),
    });
    expect(await typed('person', 'erase', 'jo', '--reason', 'ticket 1', '--yes')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('done: 1 event, '),
    });
    expect(await json('person', 'erase', 'ivo', '-m', 'ticket 2', '--yes')).toMatchObject({ kind: 'erase', total: 0 });
    expect(await typed('person', 'allow', 'jo')).toMatchObject({ code: 2, stderr: expect.stringContaining('-m') });
    expect(await typed('person', 'allow', 'jo', '-m', 'signed up again')).toMatchObject({ code: 0 });
  });
});
