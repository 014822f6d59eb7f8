import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeRefusalNotes } from '../../../shared/adapters/dynamodb-refusal-notes.ts';
import { makeEventId } from '../../../shared/core/ids/event-id.ts';
import { refusalReasons } from '../../../shared/core/ingest/refusal.ts';
import { refusalAdvice } from '../../../shared/operations/refusals/refusal-advice.ts';
import { type Arrival, followArrivals } from '../../../shared/operations/sources/follow-arrivals.ts';
import { unavailableReasons } from '../../../shared/ports/refusal-notes.ts';
import { eventEntry } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await startEnvironment();
  await environment.commit(liveConfiguration());
});
afterAll(() => environment.stop());

function count(name: string, dimensions: Record<string, string>) {
  environment.history.add([
    { name, unit: 'Count', dimensions: { environment: 'development', ...dimensions }, timeMs: Date.now(), values: [1] },
  ]);
}

/** Follows until an arrival is wanted, or the test's own time is over. */
async function until(backlog: number, isWanted: (arrival: Arrival) => boolean, act: () => unknown = () => undefined) {
  const ended = new AbortController();
  const clock = { nowMs: Date.now, wait: () => sleep(20, undefined, { signal: ended.signal }) };
  const acted = Promise.resolve().then(act);
  for await (const arrival of followArrivals(environment, 'rudderstack', backlog, clock))
    if (isWanted(arrival)) {
      ended.abort();
      await acted;
      return arrival;
    }
  throw new Error('it ended by itself');
}

describe('what arrives for a source', () => {
  test('is an event that is logged while a person waits, and before that the last ones of the hour', async () => {
    const id = makeEventId('rudderstack', 0, Date.now(), new Uint8Array(12));
    const arrival = await until(
      5,
      (one) => 'events' in one,
      () => environment.eventLog.writeEach([eventEntry({ id })]),
    );
    expect(arrival).toMatchObject({ events: [{ entry: { id } }] });
    expect(await until(5, (one) => 'events' in one)).toMatchObject({ events: [{ entry: { id } }] });
  });

  test('is a refused request by its note, before anything is counted, and by its count afterwards', async () => {
    const notes = makeRefusalNotes(environment.configuration, () => undefined);
    const note = { source: 'rudderstack', reason: 'signature_wrong', requestId: 'request-1', atMs: Date.now() };
    const noted = await until(
      0,
      (one) => 'refusals' in one,
      () => notes.note(note),
    );
    expect(noted).toMatchObject({
      refusals: [{ reason: 'signature_wrong', outcome: 'refused', count: 1, example: { request_id: 'request-1' } }],
    });
    for (let i = 0; i < 2; i++) {
      count('RequestsRefused', { source: 'rudderstack' });
      count('RequestsRefused', { source: 'rudderstack', reason: 'signature_wrong' });
    }
    const counted = await until(0, (one) => 'refusals' in one && one.refusals[0]?.count === 2);
    expect(counted).toMatchObject({ refusals: [{ reason: 'signature_wrong', count: 2 }] });
    // One row per reason: what is counted is not shown as a note besides.
    expect('refusals' in counted && counted.refusals).toHaveLength(1);
  });

  test('is a request by a wrong URL too, which leaves no note', async () => {
    const arrival = await until(
      0,
      (one) => 'refusals' in one && one.refusals.some(({ source }) => source === 'unknown'),
      () => {
        count('RequestsRefused', { source: 'unknown' });
        count('RequestsRefused', { source: 'unknown', reason: 'source_unknown' });
      },
    );
    expect(arrival).toMatchObject({
      refusals: expect.arrayContaining([expect.objectContaining({ reason: 'source_unknown' })]),
    });
  });
});

describe('advice for the person who sets a sender up', () => {
  test.each([
    ...refusalReasons.map((reason) => ['refused', reason] as const),
    ...unavailableReasons.map((reason) => ['unanswered', reason] as const),
  ])('%s as %s says what it means and what to change, with no word of a link', (outcome, reason) => {
    const { means, change } = refusalAdvice({ outcome, reason });
    expect(means).toMatch(/\.$/);
    expect(`${means} ${change}`).not.toMatch(/this link|below|this side|your side/);
    expect(change).toBeDefined();
  });
});
