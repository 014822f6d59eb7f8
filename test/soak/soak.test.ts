import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { noRows } from '../../shared/operations/verify/read-rows.ts';
import type { VerifyRow } from '../../shared/operations/verify/verify-row.ts';
import { makeRandom } from '../support/random.ts';
import { eventOf } from './events.ts';
import { growthMb, type SoakResult, violationsOf } from './run.ts';
import type { Sample } from './runtime-process.ts';
import { readSettings } from './settings.ts';
import { type SoakTarget, startTarget } from './target.ts';

/* What the soak concludes is only worth something when it concludes otherwise from other facts. */

const order = eventOf('order-1', () => 0);
const settings = readSettings(['--events', '10', '--profile', 'burst']);

type Facts = Omit<SoakResult, 'violations'>;

/** One order, accepted, processed and done. */
function facts(change: Partial<Facts> = {}): Facts {
  return {
    events: 1,
    copies: 0,
    kinds: { order: 1, refused_order: 0, signup: 0, identify: 0, unmapped: 0, invalid: 0 },
    sendingMs: 1,
    drainingMs: 1,
    sender: { accepted: 1, retries: 0, maybeAccepted: 0, refusals: [], latenciesMs: [1] },
    target: { requests: 1, repeats: 0, troubled: 0 },
    killed: { functions: {}, runtime: 0 },
    outages: 0,
    samples: [],
    memoryMb: { ingest: 256 },
    verification: verification(),
    verifyExitCode: 0,
    ...change,
  };
}

function verification(change: Partial<VerifyRow> = {}): VerifyRow {
  const source = {
    source: 'shop',
    accepted: 1,
    rows: { ...noRows(), processed: 1 },
    replays: 0,
    missing: 0,
    unanswered: 0,
    surplus: 0,
    executions: { succeeded: 1 },
    versions: { 1: 1 },
  };
  return {
    since: '',
    until: '',
    period_seconds: 60,
    balanced: true,
    sources: [source],
    unknown_accepted: 0,
    events: { missing: 0, waiting: 0, lost: 0, expired: 0, surplus: 0 },
    actions: { expected: 1, pending: [], waiting: [], lost: 0, cancelled: [] },
    waits: [],
    jobs: [],
    unexplained: [],
    differences: [],
    queues: [],
    read: { requests: 1, units: 1, metrics: 1 },
    ...change,
  };
}

const effects = (...ids: string[]): Pick<SoakTarget, 'effects' | 'counts'> => ({
  effects: new Map(ids.length > 0 ? [['order-1', new Set(ids)]] : []),
  counts: { requests: 0, repeats: 0, troubled: 0 },
});
const violations = (of: Facts, target = effects('a'), change = {}) =>
  violationsOf(of, [order], target, { ...(settings as Exclude<typeof settings, 'help'>), ...change });

describe('a soak', () => {
  test('passes when one order was accepted, processed and had one effect', () => {
    expect(violations(facts())).toEqual([]);
  });

  const rows = (row: Partial<VerifyRow['sources'][number]['rows']>) =>
    verification({
      sources: [{ ...(verification().sources[0] as VerifyRow['sources'][number]), rows: { ...noRows(), ...row } }],
    });

  test.each<[string, Facts, ReturnType<typeof effects>, string]>([
    ['an accepted order had no effect', facts(), effects(), 'accepted orders without effect: 1 (order-1)'],
    ['an order had two effects', facts(), effects('a', 'b'), 'orders with two effects: 1 (order-1)'],
    [
      'an accepted event has no row',
      facts({ verification: verification({ events: { missing: 1, waiting: 1, lost: 0, expired: 0, surplus: 0 } }) }),
      effects('a'),
      'without a row: 1',
    ],
    [
      'actions left no row',
      facts({
        verification: verification({ actions: { expected: 1, pending: [], waiting: ['e'], lost: 1, cancelled: [] } }),
      }),
      effects('a'),
      'without a row of their actions: 1 (e)',
    ],
    [
      'actions are not over',
      facts({
        verification: verification({ actions: { expected: 1, pending: ['e'], waiting: [], lost: 0, cancelled: [] } }),
      }),
      effects('a'),
      'not over: 1 (e)',
    ],
    [
      'there are rows that no request without an answer explains',
      facts({ verification: verification({ events: { missing: 0, waiting: 0, lost: 0, expired: 0, surplus: 1 } }) }),
      effects('a'),
      'did not count: 1',
    ],
    ['an event failed', facts({ verification: rows({ processed: 1, failed: 1 }) }), effects('a'), 'failed: 1'],
    ['a key ran twice', facts({ verification: rows({ processed: 2 }) }), effects('a'), 'more than the 1 keys'],
    ['a key was used up', facts({ verification: rows({ idempotent: 1 }) }), effects('a'), 'fewer than the 1 keys'],
    [
      'a sender was answered 4xx',
      facts({ sender: { ...facts().sender, refusals: ['order-1 was answered 400'] } }),
      effects('a'),
      'answered 4xx: 1',
    ],
    [
      'fewer were counted than answered',
      facts({ events: 2, sender: { ...facts().sender, accepted: 2 } }),
      effects('a'),
      'counted 1, answered 2',
    ],
    [
      'a function was larger than its template allows',
      facts({ samples: [sample({ ingest: 300 })] }),
      effects('a'),
      'ingest used 300 MB of 256',
    ],
  ])('fails when %s', (_, of, target, text) => {
    expect(violations(of, target)).toContainEqual(expect.stringContaining(text));
  });

  test('fails when the faults it was to survive did not take place', () => {
    const faults = { functionKills: 1, runtimeKills: 1, outages: 1, outageMs: 1 };
    expect(violations(facts(), effects('a'), { faults })).toHaveLength(3);
  });
});

function sample(heapsMb: Record<string, number>): Sample {
  const lag = { samples: 0, sumMs: 0, maxMs: 0 };
  return { kind: 'sample', residentMb: 1, heapsMb, queued: 0, parked: 0, lag, actionsRetried: 0, handedBack: 0 };
}

describe('the growth of a heap', () => {
  const sawtooth = (at: (i: number) => number) =>
    Array.from({ length: 90 }, (_, i) => sample({ f: at(i) + 10 * ((i * 7) % 10) }));

  test('is none where only garbage comes and goes, and seen under it where there is a leak', () => {
    expect(
      Math.abs(
        growthMb(
          sawtooth(() => 50),
          'f',
        ),
      ),
    ).toBeLessThan(1);
    expect(
      growthMb(
        sawtooth((i) => 50 + i / 2),
        'f',
      ),
    ).toBeGreaterThan(20);
    const memory = { profile: 'memory' };
    const leaking = facts({ samples: sawtooth((i) => 50 + i / 2), memoryMb: { f: 512 } });
    expect(violations(leaking, effects('a'), memory)).toContainEqual(expect.stringContaining('its heap grew by'));
    const steady = facts({ samples: sawtooth(() => 50), memoryMb: { f: 512 } });
    expect(violations(steady, effects('a'), memory)).toEqual([]);
  });
});

test('a seed gives the same events in the same order, and another seed others', () => {
  const kinds = (seed: number) => {
    const random = makeRandom(seed);
    return Array.from({ length: 200 }, (_, i) => eventOf(`k${i}`, random)).map(({ kind, source }) => kind + source);
  };
  expect(kinds(1)).toEqual(kinds(1));
  expect(kinds(1)).not.toEqual(kinds(2));
  expect(new Set(kinds(1)).size).toBeGreaterThan(10);
});

describe('the target of the soak', () => {
  let target: SoakTarget;
  beforeAll(async () => {
    target = await startTarget();
  });
  afterAll(() => target.stop());
  const call = (key: string, id: string, refuse_once = false) =>
    fetch(target.url, {
      method: 'POST',
      headers: { 'webhook-id': id },
      body: JSON.stringify({ data: { data: { key, refuse_once } } }),
    }).then(({ status }) => status);

  test('knows a repeat by its id, and two effects by two ids', async () => {
    expect([await call('k', 'a'), await call('k', 'a'), await call('k', 'b')]).toEqual([200, 200, 200]);
    expect([target.counts.repeats, target.effects.get('k')?.size]).toEqual([1, 2]);
  });

  test('refuses once where it is asked to, which is not an effect', async () => {
    expect([await call('r', 'a', true), await call('r', 'a', true)]).toEqual([422, 200]);
    expect(target.effects.get('r')?.size).toBe(1);
  });

  test('does its work and hangs up: the effect is there, the answer is not', async () => {
    target.trouble = 'does its work and hangs up';
    await expect(call('h', 'a')).rejects.toThrow();
    target.trouble = undefined;
    expect(target.effects.get('h')?.size).toBe(1);
  });
});
