import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeEventId } from '../../../shared/core/ids/event-id.ts';
import { storedEvent } from '../../../shared/operations/mappings/stored-event.ts';
import { eventEntry } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';

const nowMs = Date.now();
const known = [
  { key: 'rudderstack', shards: 1 },
  { key: 'segment', shards: 1 },
];
const aged = (ageMs: number, change: Parameters<typeof eventEntry>[0] = {}) =>
  eventEntry({ ...change, id: makeEventId(change.source ?? 'rudderstack', 0, nowMs - ageMs, randomBytes(12)) });
const newest = aged(1_000, { eventType: 'page' });
const older = aged(5_000, { eventType: 'track/order_completed' });
const oldest = aged(9_000, { eventType: 'track/order_completed' });
const others = aged(2_000, { source: 'segment' });
let environment: TestEnvironment;

beforeAll(async () => {
  environment = await startEnvironment();
  await environment.eventLog.writeEach([newest, older, oldest, others]);
});

afterAll(() => environment.stop());

const find = (wanted: { event?: string; type?: string }) =>
  storedEvent(environment, known, 'rudderstack', { ...wanted, nowMs });

describe('a stored event is found', () => {
  test.each([
    ['by its id', { event: oldest.id }, oldest.id],
    ['as the newest of its type', { type: 'track/order_completed' }, older.id],
    ['as the newest of its source', {}, newest.id],
  ])('%s', async (_name, wanted, id) => {
    expect(await find(wanted)).toMatchObject({ id, source: 'rudderstack' });
  });

  test('only in its own source', async () => {
    await expect(find({ event: others.id })).rejects.toMatchObject({
      kind: 'invalid',
      remedies: [`npx signalbox mapping test segment --event ${others.id}`],
    });
  });

  test('or refused, by id and by type', async () => {
    const gone = makeEventId('rudderstack', 0, nowMs - 3_000, randomBytes(12));
    await expect(find({ event: gone })).rejects.toMatchObject({ kind: 'not_found' });
    await expect(find({ type: 'screen' })).rejects.toMatchObject({ kind: 'not_found' });
  });
});
