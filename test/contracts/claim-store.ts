import { expect, test } from '@jest/globals';
import type { ClaimRequest, ClaimStore } from '../../shared/ports/claim-store.ts';

const nowMs = 1_000_000_000;
const leaseMs = 35_000;
const windowMs = 86_400_000;

/** What every claim store promises: run by the fake, the embedded emulator and, where Java is found, DynamoDB Local. */
export function claimStoreContract(storeOf: () => ClaimStore): void {
  let keys = 0;
  const request = (change: Partial<ClaimRequest> = {}): ClaimRequest => ({
    key: `key-${keys}`,
    source: 'rudderstack',
    eventType: 'track/x',
    eventId: 'e1',
    leaseEndsAtMs: nowMs + leaseMs,
    expiresAtMs: nowMs + windowMs,
    ...change,
  });
  const fresh = () => {
    keys++;
    return storeOf();
  };

  test('a free key is taken, and its window is the one asked for', async () => {
    const answer = await fresh().claim(request(), nowMs);
    expect(answer).toEqual({
      kind: 'taken',
      claim: {
        owner: 'e1',
        execution: 'e1',
        leaseEndsAtMs: nowMs + leaseMs,
        expiresAtMs: nowMs + windowMs,
        released: false,
      },
    });
  });

  test('types are told apart in whatever they differ, half of an emoji or the end of a long name', async () => {
    const store = fresh();
    const types = ['t\ud83d', 't\ude00', 't\ufffd', `${'t'.repeat(1100)}1`, `${'t'.repeat(1100)}2`];
    for (const eventType of types) {
      expect(await store.claim(request({ eventType }), nowMs)).toMatchObject({ kind: 'taken' });
      expect(await store.claim(request({ eventType, eventId: 'e2' }), nowMs)).toMatchObject({ kind: 'refused' });
    }
  });

  test('a replay takes a free key with the execution it carries', async () => {
    expect(await fresh().claim(request({ execution: 'x0' }), nowMs)).toMatchObject({
      kind: 'taken',
      claim: { execution: 'x0' },
    });
  });

  test('a taken key is refused to another event, with what it holds', async () => {
    const store = fresh();
    await store.claim(request(), nowMs);
    const answer = await store.claim(
      request({ eventId: 'e2', leaseEndsAtMs: nowMs + 1, expiresAtMs: nowMs + 1 }),
      nowMs + leaseMs * 2,
    );
    expect(answer).toEqual({
      kind: 'refused',
      held: {
        owner: 'e1',
        execution: 'e1',
        leaseEndsAtMs: nowMs + leaseMs,
        expiresAtMs: nowMs + windowMs,
        released: false,
      },
    });
  });

  test('a key is refused to its own event while the lease runs, and taken again after it with window and execution kept', async () => {
    const store = fresh();
    await store.claim(request({ execution: 'x0' }), nowMs);
    expect(await store.claim(request(), nowMs + leaseMs - 1)).toMatchObject({ kind: 'refused', held: { owner: 'e1' } });
    const laterMs = nowMs + leaseMs;
    const again = await store.claim(
      request({ leaseEndsAtMs: laterMs + leaseMs, expiresAtMs: laterMs + windowMs }),
      laterMs,
    );
    expect(again).toMatchObject({
      kind: 'taken',
      claim: { execution: 'x0', leaseEndsAtMs: laterMs + leaseMs, expiresAtMs: nowMs + windowMs },
      previous: { owner: 'e1', leaseEndsAtMs: nowMs + leaseMs },
    });
  });

  test.each([
    ['source', { source: 'stripe' }],
    ['event type', { eventType: 'track/y' }],
  ])('the same key under another %s is another claim', async (_name, change) => {
    const store = fresh();
    await store.claim(request(), nowMs);
    expect(await store.claim(request({ eventId: 'e2', ...change }), nowMs)).toMatchObject({ kind: 'taken' });
  });

  test('an event type longer than a sort key can be is told from another that begins alike', async () => {
    const store = fresh();
    const long = 'x'.repeat(2000);
    await store.claim(request({ eventType: `${long}a` }), nowMs);
    expect(await store.claim(request({ eventType: `${long}b`, eventId: 'e2' }), nowMs)).toMatchObject({
      kind: 'taken',
    });
    expect(await store.claim(request({ eventType: `${long}a`, eventId: 'e2' }), nowMs)).toMatchObject({
      kind: 'refused',
    });
  });

  test('a claim is released for its execution only, and stays so through the re-entry of its owner', async () => {
    const store = fresh();
    await store.claim(request(), nowMs);
    await store.release(request(), 'e2');
    expect(await store.claim(request({ eventId: 'e2' }), nowMs)).toMatchObject({ held: { released: false } });
    await store.release(request(), 'e1');
    expect(await store.claim(request({ eventId: 'e2' }), nowMs)).toMatchObject({ held: { released: true } });
    await store.claim(request({ leaseEndsAtMs: nowMs + 2 * leaseMs }), nowMs + leaseMs);
    expect(await store.claim(request({ eventId: 'e2' }), nowMs)).toMatchObject({ held: { released: true } });
  });

  test('a claim is released for its execution, whichever event owns it, and not for one that it no longer has', async () => {
    const store = fresh();
    const taken = await store.claim(request(), nowMs);
    if (taken.kind !== 'taken') throw new Error('expected it to be free');
    const by = (eventId: string, execution: string) => ({ ...request({ eventId }), execution });
    expect(await store.takeOver(by('e2', 'e1'), taken.claim)).toBe(true);
    await store.release(request(), 'e1');
    const refused = await store.claim(request({ eventId: 'e3' }), nowMs);
    expect(refused).toMatchObject({ held: { owner: 'e2', released: true } });
    if (refused.kind !== 'refused') throw new Error('expected a refusal');
    expect(await store.takeOver(by('e3', 'e3'), refused.held)).toBe(true);
    await store.release(request(), 'e1');
    expect(await store.claim(request({ eventId: 'e4' }), nowMs)).toMatchObject({ held: { released: false } });
  });

  test('a claim keeps the fingerprint of the request that took it, until another takes it over', async () => {
    const store = fresh();
    expect(await store.read(request())).toBeUndefined();
    const first = await store.claim(request({ fingerprint: 'a' }), nowMs);
    expect(first).toMatchObject({ kind: 'taken', claim: { fingerprint: 'a' } });
    const refused = await store.claim(request({ eventId: 'e2', fingerprint: 'b' }), nowMs);
    expect(refused).toMatchObject({ kind: 'refused', held: { fingerprint: 'a' } });
    if (refused.kind !== 'refused') throw new Error('expected a refusal');
    expect(await store.read(request())).toEqual(refused.held);
    await store.takeOver({ ...request({ eventId: 'e2', fingerprint: 'b' }), execution: 'e2' }, refused.held);
    expect(await store.read(request())).toMatchObject({ owner: 'e2', execution: 'e2', fingerprint: 'b' });
  });

  test('releasing a free key has no effect', async () => {
    const store = fresh();
    await store.release(request(), 'e1');
    expect(await store.claim(request(), nowMs)).toMatchObject({ kind: 'taken', claim: { released: false } });
  });

  test('a claim is taken over once, as asked, and is no longer released', async () => {
    const store = fresh();
    await store.claim(request(), nowMs);
    await store.release(request(), 'e1');
    const refused = await store.claim(request({ eventId: 'e2' }), nowMs);
    if (refused.kind !== 'refused') throw new Error('expected a refusal');
    const takeOver = { execution: 'e1', leaseEndsAtMs: nowMs + 5, expiresAtMs: nowMs + windowMs };
    expect(await store.takeOver({ ...request({ eventId: 'e2' }), ...takeOver }, refused.held)).toBe(true);
    expect(await store.takeOver({ ...request({ eventId: 'e3' }), ...takeOver }, refused.held)).toBe(false);
    expect(await store.claim(request({ eventId: 'e3' }), nowMs)).toEqual({
      kind: 'refused',
      held: { owner: 'e2', execution: 'e1', leaseEndsAtMs: nowMs + 5, expiresAtMs: nowMs + windowMs, released: false },
    });
  });

  test.each([
    ['owner', { owner: 'e9' }],
    ['lease', { leaseEndsAtMs: nowMs }],
    ['window', { expiresAtMs: nowMs }],
  ])('a claim whose %s is not as seen is not taken over', async (_name, change) => {
    const store = fresh();
    const taken = await store.claim(request(), nowMs);
    if (taken.kind !== 'taken') throw new Error('expected it to be free');
    const wanted = { ...request({ eventId: 'e2' }), execution: 'e2' };
    expect(await store.takeOver(wanted, { ...taken.claim, ...change })).toBe(false);
    expect(await store.takeOver(wanted, taken.claim)).toBe(true);
  });

  test('of many that want one key at once, one gets it', async () => {
    const store = fresh();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.claim(request({ eventId: `e${i}` }), nowMs)),
    );
    expect(answers.filter(({ kind }) => kind === 'taken')).toHaveLength(1);
  });
}
