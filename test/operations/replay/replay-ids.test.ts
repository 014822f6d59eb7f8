import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { previewIds } from '../../../shared/operations/replay/replay-ids.ts';
import { actionEntry, eventEntry, outcome } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration());
});
afterAll(() => environment.stop());

const known = [{ key: 'rudderstack', shards: 1 }];

/** What a replay would do with one event, at a time after its last change. */
async function wouldDo(id: string, nowMs: number, local = false): Promise<string | undefined> {
  const [row] = await previewIds({ ...environment, local }, [id], { known, force: false, nowMs });
  return row?.outcome;
}

// The queue is empty. On AWS the count may be of before the message was sent; sending it twice is harmless, and of no use.
describe('an empty queue is believed', () => {
  test('only once its count can include the message of a pending action', async () => {
    const event = eventEntry({ receivedAtMs: Date.parse('2026-05-04T12:00:00Z') });
    const pending = outcome(event.id, { status: 'pending', reason: 'target_unavailable' });
    const updatedAtMs = event.receivedAtMs + 3_600_000;
    await environment.eventLog.writeEach([event]);
    await environment.actionLog.writeEach([actionEntry(event, [pending], { next: 2, updatedAtMs })]);
    expect(await wouldDo(event.id, updatedAtMs + 59_000)).toBe('skipped');
    expect(await wouldDo(event.id, updatedAtMs + 60_000)).toBe('would_replay');
    expect(await wouldDo(event.id, updatedAtMs, true)).toBe('would_replay');
  });

  test('only once its count can include the message of an event that was just processed', async () => {
    const event = eventEntry({ receivedAtMs: Date.parse('2026-05-05T12:00:00Z') });
    await environment.eventLog.writeEach([event]);
    expect(await wouldDo(event.id, event.processedAtMs + 59_000)).toBe('skipped');
    expect(await wouldDo(event.id, event.processedAtMs + 60_000)).toBe('would_replay');
  });
});
