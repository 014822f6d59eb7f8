import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ingestRequest } from '../../functions/ingest/ingest-request.ts';
import { decodeRawEvent, unpackEventText } from '../../shared/core/events/raw-event.ts';
import { eventIdShard, logShardsMax, makeEventId } from '../../shared/core/ids/event-id.ts';
import { decodeActionsMessage } from '../../shared/core/plan/actions-message.ts';
import { planEvent } from '../../shared/core/plan/plan-event.ts';
import { liveConfiguration, rawEvent, trackEvent } from '../support/build.ts';
import { cpuMs } from '../support/cpu-time.ts';
import { ingestRequestOf, makeTestIngest } from '../support/ingest.ts';
import { makeRandom, randomBytesFrom } from '../support/random.ts';
import type { Fate } from './fault-plan.ts';
import { redrive, replay } from './operator.ts';
import type { Gate } from './process.ts';
import { checkMended, checkSettled } from './properties.ts';
import { maxReceiveCount } from './stores.ts';
import { configurationNames, type Spec, type SpecKind, windowHours } from './subject.ts';
import { unreadable, World } from './world.ts';

/*
 * Each class of failure by itself, against the real functions. The number in a title names the class; some have their test
 * beside what they are about, and the last test here finds them all.
 */

const hourMs = 3_600_000;
const spec = (kind: SpecKind, seq = 1, change: Partial<Spec> = {}): Spec => ({
  kind,
  source: 'web',
  user: 'lena',
  seq,
  key: `key-${seq}`,
  ...change,
});

function makeWorld(seed = 3) {
  const world = new World(seed);
  world.paceMs = 5;
  return world;
}

/** Calls of a port have these fates, one after the other; then all is well. */
function plan(world: World, name: string, ...fates: Fate[]): void {
  const left = [...fates];
  world.fate = ({ call }: Gate) => (`${call.port}.${call.method}` === name ? left.shift() : undefined) ?? 'goes_on';
}

async function settle(world: World): Promise<void> {
  await world.drain();
  await checkSettled(world);
  expect([...world.ledger.violations]).toEqual([]);
}

const rowsOf = (world: World) => [...world.stores.eventLog.rows.values()];
const statuses = (world: World) => rowsOf(world).map(({ status, reason }) => reason ?? status);
const outcomes = (world: World) =>
  [...world.stores.actionLog.rows.values()].flatMap(({ actions }) =>
    actions.map(({ status, reason }) => reason ?? status),
  );
const runsOf = (world: World) => [...world.stores.runs.runs.values()];
const done = (world: World) => Object.values(world.stores.targets).reduce((sum, target) => sum + target.done.size, 0);

describe('ingest', () => {
  test('F01 a queue that is away is a 503 and leaves nothing; the sender’s next try is taken once', async () => {
    const world = makeWorld();
    plan(world, 'events.sendEach', 'fails_before', 'fails_before');
    world.post([spec('order')]);
    await settle(world);
    expect([world.ledger.queued.size, world.ledger.accepted.size]).toEqual([1, 1]);
    expect(statuses(world)).toEqual(['processed']);
  });

  test('F02 what the queue took although the caller heard an error is run once: the next try is its repeat', async () => {
    const world = makeWorld();
    plan(world, 'events.sendEach', 'fails_after');
    world.post([spec('order')]);
    await settle(world);
    expect(statuses(world).sort()).toEqual(['duplicate', 'processed']);
    expect([runsOf(world).length, done(world)]).toEqual([2, 1]);
  });

  test('F04 an event whose row cannot be written is accepted, and the processor writes the row in the end', async () => {
    const world = makeWorld();
    plan(world, 'eventLog.writeEach', 'fails_before', 'fails_before', 'fails_before');
    world.post([spec('order')]);
    await settle(world);
    expect(statuses(world)).toEqual(['processed']);
    expect(runsOf(world)).toHaveLength(2);
  });

  test.each([
    [399 * 1024, 'accepted'],
    [401 * 1024, 'accepted'],
    [1024 * 1024 - 1, 'accepted'],
    [1024 * 1024 + 1, 'accepted'],
    [10 * 1024 * 1024, 'refused'],
  ])('F05 an event of %d bytes that compress well is %s', async (bytes, expected) => {
    const deps = makeTestIngest();
    const body = { ...trackEvent(), properties: { text: 'orchard '.repeat(bytes / 8) } };
    const { answer } = await ingestRequest(ingestRequestOf(body), deps);
    expect(answer.kind).toBe(expected);
  });

  test('F05 an event of 600 KB that do not compress is refused by name, and none of its request is queued', async () => {
    const deps = makeTestIngest();
    const noise = Buffer.from(randomBytesFrom(makeRandom(1))(600 * 1024)).toString('base64');
    const body = [trackEvent(), { ...trackEvent(), properties: { noise } }];
    const { answer } = await ingestRequest(ingestRequestOf(body), deps);
    expect(answer).toMatchObject({ kind: 'refused', reason: 'event_too_large' });
    expect(deps.sent).toEqual([]);
  });

  test('F06 characters that the queue refuses arrive in the row as they were sent, in keys and in values', async () => {
    const world = makeWorld();
    const text = '\ufffe\uffff\u0000 é 🍎';
    world.post([spec('order', 1, { user: text, key: text })]);
    await settle(world);
    const [row] = rowsOf(world);
    expect(row).toMatchObject({ status: 'processed', key: text, userId: text });
    expect(done(world)).toBe(1);
  });

  test('F06 F17 half a character as a user’s id is refused with a reason, and is not a bug that fills a dead-letter queue', async () => {
    const world = makeWorld();
    world.post([spec('order', 1, { user: 'a\ud800' })]);
    await settle(world);
    expect(outcomes(world)).toEqual(['invalid_params', 'invalid_params', 'invalid_params']);
    expect(world.stores.queues.actionsDead.messages).toEqual([]);
  });

  test.each([
    [31, 'accepted'],
    [33, 'accepted'],
    [1001, 'refused'],
    [5000, 'refused'],
    [100_000, 'refused'],
  ])('F07 an event nested %d deep is %s, without recursion', async (depth, expected) => {
    const deps = makeTestIngest();
    const body = `{"type":"track","event":"x","a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    const { answer } = await ingestRequest(ingestRequestOf(body), deps);
    expect(answer.kind).toBe(expected);
    const [sent] = deps.sent;
    if (sent) expect(unpackEventText(sent.payload).body).toBe(body);
  });

  test('F08 bytes are read as they came: a byte order mark is left out, what is not UTF-8 is a 400', async () => {
    const deps = makeTestIngest();
    const text = JSON.stringify(trackEvent({ userId: 'é🍎' }));
    const marked = await ingestRequest(ingestRequestOf(Buffer.from(`\ufeff${text}`)), deps);
    expect(marked.answer.kind).toBe('accepted');
    expect(unpackEventText(deps.sent[0]?.payload as Uint8Array).body).toBe(text);
    const broken = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    expect((await ingestRequest(ingestRequestOf(broken), deps)).answer).toMatchObject({ kind: 'refused' });
  });

  test.each([0, 1, 1000, 4000])(
    'F09 of a list of %d events, every third bad, all are accepted in their places',
    async (count) => {
      const deps = makeTestIngest();
      const body = Array.from({ length: count }, (_, i) => (i % 3 === 2 ? 42 : trackEvent({ messageId: `m-${i}` })));
      const { answer } = await ingestRequest(ingestRequestOf(body), deps);
      expect(answer).toMatchObject({ kind: 'accepted' });
      expect(deps.sent.map(({ batchIndex }) => batchIndex)).toEqual(body.map((_, i) => i));
      const plans = await Promise.all(deps.sent.slice(0, 30).map((raw) => planEvent(raw, liveConfiguration())));
      for (const [i, { plan }] of plans.entries())
        expect(plan).toMatchObject(i % 3 === 2 ? { kind: 'rejected', reason: 'not_an_object' } : { kind: 'run' });
    },
  );

  test('F11 without configuration or keys a request is a 503, cold; what was read once serves on', async () => {
    const world = makeWorld();
    plan(world, 'configuration.read', 'fails_before');
    world.post([spec('order')]);
    await settle(world);
    expect(world.ledger.accepted.size).toBe(1);
    for (const failing of ['configuration.current', 'secrets.valuesOf ingest']) {
      const deps = makeTestIngest();
      deps.failing.add(failing);
      expect((await ingestRequest(ingestRequestOf(trackEvent()), deps)).answer.kind).toBe('unavailable');
      expect(deps.sent).toEqual([]);
    }
  });

  test('F13 an unknown URL is a 404, a source that is switched off accepts and says so in the log', async () => {
    const deps = makeTestIngest();
    for (const change of [{ source: 'nobody' }, { token: 'x'.repeat(24) }])
      expect((await ingestRequest(ingestRequestOf(trackEvent(), change), deps)).answer.kind).toBe('refused');
    const world = makeWorld();
    world.commit(configurationNames.indexOf('the source switched off'));
    world.post([spec('order')]);
    await settle(world);
    expect(statuses(world)).toEqual(['source_disabled']);
    expect(world.ledger.accepted.size).toBe(1);
  });
});

describe('queues and functions', () => {
  test.each(unreadable)(
    'F16 a poison message ends as a failed row with the whole event; nine good ones beside it are done (%#)',
    async (payload) => {
      const world = makeWorld();
      world.postPoison(spec('poison'), payload);
      for (let i = 1; i <= 9; i++) world.post([spec('order', i)]);
      await settle(world);
      expect(statuses(world).filter((status) => status === 'processed')).toHaveLength(9);
      const failed = rowsOf(world).find(({ status }) => status === 'failed');
      expect(failed).toMatchObject({ reason: 'retries_exhausted' });
      expect(Buffer.from(failed?.payload ?? [])).toEqual(payload);
    },
  );

  test.each(['refused', 'nameless', 'unmapped'] as const)(
    'F17 an expected refusal (%s) is logged and acknowledged; no dead-letter queue ever sees it',
    async (kind) => {
      const world = makeWorld();
      world.stores.targets.moody.mood = 'refuses';
      world.post([spec(kind)]);
      await settle(world);
      const { eventsDead, actionsDead } = world.stores.queues;
      expect(eventsDead.messages.length + actionsDead.messages.length).toBe(0);
      expect([...statuses(world), ...outcomes(world)]).toContain(
        { refused: 'target_refused', nameless: 'event_type_missing', unmapped: 'no_mapping_for_type' }[kind],
      );
    },
  );

  test('F20 with a visibility of a second, and work that takes longer, claims still keep effects single', async () => {
    const world = makeWorld();
    for (const queue of [world.stores.queues.events, world.stores.queues.actions]) queue.options.visibilitySeconds = 1;
    world.paceMs = 700;
    world.post([spec('order'), spec('followed', 2)]);
    await world.work(400);
    for (const queue of [world.stores.queues.events, world.stores.queues.actions])
      queue.options.visibilitySeconds = 180;
    await settle(world);
    expect(new Set(rowsOf(world).map(({ execution }) => execution)).size).toBe(2);
    expect(runsOf(world).length).toBe(
      new Set(runsOf(world).map(({ key, mapping }) => JSON.stringify([key, mapping]))).size,
    );
  });

  test('F24 two hundred messages redriven, half of them done already, run nothing twice', async () => {
    const world = makeWorld();
    for (let i = 1; i <= 20; i++)
      world.post(Array.from({ length: 10 }, (_, j) => spec('paid', i * 20 + j * 2, { key: `k-${i}-${j}` })));
    let sends = 0;
    world.fate = ({ process, call }) =>
      process.function === 'processor' && call.port === 'eventLog' && call.method === 'writeEach' && sends++ % 2 === 0
        ? 'dies_before'
        : 'goes_on';
    await world.work(3000);
    for (const message of world.stores.queues.events.waiting())
      Object.assign(message, { receives: maxReceiveCount, visibleAtMs: world.nowMs() });
    world.stores.queues.events.ready();
    expect(redrive(world)).toBeGreaterThan(0);
    world.fate = () => 'goes_on';
    await settle(world);
    expect([rowsOf(world).length, runsOf(world).length, done(world)]).toEqual([200, 200, 200]);
  });

  test('F25 a replay of what is complete sends nothing and says so; by force it is a new, marked event each time', async () => {
    const world = makeWorld();
    world.post([spec('order')]);
    await settle(world);
    const [row] = rowsOf(world);
    const id = row?.id ?? '';
    expect([await replay(world, id), await replay(world, id)]).toEqual([undefined, undefined]);
    expect([await replay(world, id, true), await replay(world, id, true)]).toEqual(['event', 'event']);
    await settle(world);
    expect(rowsOf(world).filter(({ replayOf }) => replayOf === id)).toHaveLength(2);
    expect(done(world)).toBe(3);
  });
});

describe('tables', () => {
  test('F32 every call whose answer is lost after its effect: the next try sees what was done and goes on', async () => {
    const count = async (at: number) => {
      const world = makeWorld();
      let calls = 0;
      world.fate = ({ process }) => (process.function !== 'ingest' && calls++ === at ? 'fails_after' : 'goes_on');
      world.post([spec('order'), spec('followed', 2)]);
      await settle(world);
      await checkMended(world);
      expect([...world.ledger.violations]).toEqual([]);
      expect([done(world), new Set(rowsOf(world).map(({ execution }) => execution)).size]).toEqual([3, 2]);
      return calls;
    };
    const calls = await count(-1);
    for (let at = 0; at < calls; at++) await count(at);
  });

  test('F33 ten thousand ids spread over the shards: none has more than twice its share', () => {
    const bytes = randomBytesFrom(makeRandom(5));
    const perShard = new Map<number, number>();
    for (let i = 0; i < 10_000; i++) {
      const entropy = bytes(13);
      const shard = eventIdShard(makeEventId('web', (entropy[12] ?? 0) % logShardsMax, 1_795_230_000_000, entropy));
      perShard.set(shard, (perShard.get(shard) ?? 0) + 1);
    }
    expect(Math.max(...perShard.values())).toBeLessThan((2 * 10_000) / logShardsMax);
  });

  test.each(['eventLog.writeEach', 'actionLog.writeEach'])(
    'F34 %s fails after the effect: the effect stays, the retry writes the row, and nothing is done twice',
    async (name) => {
      const world = makeWorld();
      plan(world, name, 'fails_before', 'fails_before');
      world.post([spec('order')]);
      await settle(world);
      expect([statuses(world), outcomes(world), done(world)]).toEqual([
        ['processed'],
        ['succeeded', 'succeeded', 'succeeded'],
        1,
      ]);
    },
  );
});

describe('order, time and change', () => {
  test('F38 a track before its identify and after it end in the same user, and both are told of', async () => {
    const ends = await Promise.all(
      [
        [spec('identify', 1), spec('order', 2)],
        [spec('order', 2), spec('identify', 1)],
      ].map(async (specs) => {
        const world = makeWorld();
        for (const one of specs) {
          world.post([one]);
          await settle(world);
        }
        await checkMended(world);
        expect([...world.ledger.violations]).toEqual([]);
        expect(done(world)).toBe(1);
        return world.stores.directory.entities.get('lena')?.attributes;
      }),
    );
    expect(ends[0]).toEqual(ends[1]);
  });

  test.each([-365, 365])(
    'F39 a sender’s clock that is %d days off changes neither window nor order of what is ours',
    async (days) => {
      const receivedAtMs = Date.parse('2026-11-21T03:00:00Z');
      const timestamp = new Date(receivedAtMs + days * 24 * hourMs).toISOString();
      const { event, windowSeconds } = await planEvent(
        rawEvent(trackEvent({ timestamp }), { receivedAtMs }),
        liveConfiguration(),
      );
      expect(event?.receivedAtMs).toBe(receivedAtMs);
      expect(event?.occurredAtMs).toBeLessThanOrEqual(receivedAtMs);
      expect(windowSeconds).toBe(24 * 3600);
    },
  );

  test('F40 whatever goes live between any two steps, each row names the version that it was made by', async () => {
    for (let at = 0; at < 25; at++) {
      const world = makeWorld();
      let calls = 0;
      world.fate = () => {
        if (calls++ === at) world.commit(1 + (at % (configurationNames.length - 1)));
        return 'goes_on';
      };
      world.post([spec('order')]);
      await settle(world);
      expect(rowsOf(world)[0]?.configVersion).toBeGreaterThanOrEqual(1);
    }
  });

  test('F41 F29 a copy a second before the window ends is one, a second after it is none, though the claim is still there', async () => {
    const world = makeWorld();
    world.post([spec('order')]);
    await settle(world);
    const [claim] = world.stores.claims.items.values();
    await world.pass((claim?.expiresAtMs ?? 0) - 1500 - world.nowMs());
    world.post([spec('order')]);
    await settle(world);
    expect(statuses(world)).toEqual(['processed', 'duplicate']);
    await world.pass(windowHours * hourMs);
    expect(world.stores.claims.items.size).toBe(1);
    world.post([spec('order')]);
    await settle(world);
    expect(statuses(world)).toEqual(['processed', 'duplicate', 'processed']);
    expect(done(world)).toBe(2);
  });

  test('F42 hostile values in what mappings read cost no time and reach no prototype', async () => {
    const evil = `${'a'.repeat(50_000)}!`;
    const when = [
      { path: 'data.text', starts_with: 'a'.repeat(25_000) },
      { path: 'data.text', contains: `${'a'.repeat(1000)}!` },
    ];
    const mapping = {
      id: 'm',
      event: 'track/order_completed',
      action: 'workflows_trigger',
      when,
      parameters: { key: 'k', data: 'data' },
    };
    const raw = rawEvent(
      `{"type":"track","event":"order_completed","properties":{"text":"${evil}","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}`,
    );
    const startedAtMs = cpuMs();
    const { plan } = await planEvent(raw, liveConfiguration({ file: { mappings: [mapping] } }));
    expect(plan.kind).toBe('run');
    // Far more than it takes, far less than backtracking would.
    expect(cpuMs() - startedAtMs).toBeLessThan(2000);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('F43 with every table but the event log lost, replays give targets nothing that they have not had', async () => {
    const world = makeWorld();
    world.post([spec('order'), spec('followed', 2), spec('paid', 4)]);
    await settle(world);
    const before = done(world);
    const { claims, actionLog, runs, directory, subscriptions } = world.stores;
    for (const table of [claims.items, actionLog.rows, runs.runs, directory.entities, subscriptions.rows])
      table.clear();
    for (const { id } of rowsOf(world)) {
      expect(await replay(world, id)).toBe('actions');
      await world.drain();
    }
    await checkSettled(world);
    await checkMended(world);
    // What the lost rows said is what the ledger goes by; that the target had it already is the point.
    expect([...world.ledger.violations].filter((what) => !what.startsWith('a target was called'))).toEqual([]);
    expect(done(world)).toBe(before);
    expect(directory.entities.has('lena')).toBe(true);
  });

  test('F44 messages from before the last deploy are read: what was added since is absent in them', () => {
    const id = '01KAJ6VY008M25RXK0Q4T9B7C0';
    const event = {
      v: 1,
      id,
      source: 'web',
      verification: 'not_enforced:skipped',
      payload: Buffer.from('x').toString('base64'),
    };
    expect(decodeRawEvent(JSON.stringify(event))).toMatchObject({ id, source: 'web' });
    const body = {
      ...{ event_id: id, source: 'web', event_type: 'track/x', execution: id, origin: id, config_version: 1 },
      ...{ occurred_at_ms: 1, received_at_ms: 1, again: false, n: 1, first_sent_at_ms: 1, invocations: [] },
    };
    expect(decodeActionsMessage(JSON.stringify({ v: 1, body }))).toMatchObject({ eventId: id, n: 1 });
    expect(() => decodeActionsMessage(JSON.stringify({ v: 2, body }))).toThrow();
  });
});

test('each of the 44 classes of failure has a test that names it', () => {
  const root = join(import.meta.dirname, '..');
  const titles = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .flatMap((name) => [...readFileSync(join(root, name), 'utf8').matchAll(/['"`]((?:F\d\d )+)/g)])
    .flatMap(([, numbers = '']) => numbers.trim().split(' '));
  const all = Array.from({ length: 44 }, (_, i) => `F${String(i + 1).padStart(2, '0')}`);
  expect(all.filter((number) => !titles.includes(number))).toEqual([]);
});
