import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ActionOutcome } from '../../../shared/core/logs/action-log-entry.ts';
import type { Mapping } from '../../../shared/core/mappings/schema.ts';
import { pushDraft } from '../../../shared/operations/configuration/drafts.ts';
import { listJobs } from '../../../shared/operations/jobs/jobs.ts';
import { messagesIn, readQueueDepths } from '../../../shared/operations/queues/queue-depths.ts';
import { lookUnder, type UnderConfiguration } from '../../../shared/operations/replay/under-configuration.ts';
import { actionEntry, eventEntry, outcome } from '../../cli/entries-for-tests.ts';
import { startEnvironment, type TestEnvironment } from '../../cli/environment-for-tests.ts';
import { liveConfiguration } from '../../support/build.ts';

let environment: TestEnvironment;
const nowMs = Date.now();
let version: number;

beforeAll(async () => {
  environment = await startEnvironment();
  version = await environment.commit(liveConfiguration());
});
afterAll(() => environment.stop());

/** An event whose mapping ended like this; none: it found no mapping that ran. */
async function event(change?: Partial<ActionOutcome>): Promise<string> {
  const entry = eventEntry({
    receivedAtMs: nowMs - 60_000 + Math.floor(Math.random() * 50_000),
    ...(change === undefined && { status: 'no_mapping', reason: 'no_mapping_for_type' }),
  });
  await environment.eventLog.writeEach([entry]);
  if (change !== undefined) await environment.actionLog.writeEach([actionEntry(entry, [outcome(entry.id, change)])]);
  return entry.id;
}

const look = (events: string[], wanted: 'draft' | number = 'draft') =>
  lookUnder(environment, wanted, events, { nowMs });
const effects = ({ effects: found }: UnderConfiguration) =>
  found.map(({ effect, mapping, detail, count }) => [effect, mapping, detail, count]);

async function draftWith(change: (mappings: Mapping[]) => Mapping[]): Promise<void> {
  const { snapshot } = liveConfiguration();
  const source = snapshot.sources.rudderstack;
  if (source === undefined) throw new Error('no source');
  source.mappings = change(source.mappings);
  await pushDraft(environment.configuration, { snapshot, seed: undefined, author: 'ana', nowMs, force: true });
}

describe('under another configuration', () => {
  test('what ran, failed, waits or was never run is told apart, and nothing is sent or recorded', async () => {
    await draftWith((mappings) => mappings);
    const ids = await Promise.all([
      event({}),
      event({ status: 'failed', reason: 'target_refused' }),
      event({ status: 'pending', reason: 'target_unavailable' }),
      event(),
    ]);
    const found = await look(
      [...ids, ids[0]].flatMap((id) => id ?? []),
      version,
    );
    expect(effects(found)).toEqual(
      expect.arrayContaining([
        ['new', 'order-completed', null, 1],
        ['again', 'order-completed', 'failed (target_refused) before', 1],
        ['waits', 'order-completed', 'target_unavailable', 1],
      ]),
    );
    expect(found).toMatchObject({ configuration: `configuration ${version}`, differ_from_live: 0, changes: [] });
    expect(await listJobs(environment.configuration)).toEqual([]);
    const depths = await readQueueDepths(environment);
    expect(depths.map(messagesIn)).toEqual([0, 0, 0, 0]);
  });

  test('an event whose person was erased says that, and nothing of its mappings', async () => {
    const entry = eventEntry({ receivedAtMs: nowMs - 60_000, erasedAtMs: nowMs });
    await environment.eventLog.writeEach([entry]);
    await environment.actionLog.writeEach([actionEntry(entry, [outcome(entry.id)])]);
    const detail = 'its person was erased, and with them what it said';
    expect(effects(await look([entry.id], version))).toEqual([['event_ends', null, detail, 1]]);
  });

  test('a mapping that the draft removes would not run, and one that it adds would run for the first time', async () => {
    await draftWith((mappings) =>
      mappings.map((one) => (one.id === 'order-completed' ? { ...one, id: 'thank-you' } : one)),
    );
    const id = await event({});
    const found = await look([id]);
    expect(found.configuration).toBe('draft');
    expect(effects(found)).toEqual([
      ['new', 'thank-you', null, 1],
      ['no_longer', 'order-completed', 'succeeded before; not there', 1],
    ]);
    expect(found.effects[0]?.examples).toEqual([id]);
    expect(found).toMatchObject({ differ_from_live: 1, changes: [{ kind: 'newly_runs' }, { kind: 'no_longer_runs' }] });
  });

  test('a version or a draft that does not exist is not found', async () => {
    await expect(look([], 99)).rejects.toMatchObject({ kind: 'not_found' });
  });

  test('what aged out, and a copy, say so', async () => {
    const copy = eventEntry({ receivedAtMs: nowMs, status: 'idempotent', reason: 'duplicate', actionsPlanned: 0 });
    const gone = eventEntry({ receivedAtMs: nowMs });
    await environment.eventLog.writeEach([copy]);
    expect(effects(await look([copy.id, gone.id]))).toEqual([
      ['event_ends', null, 'is a copy, whose original counts', 1],
      ['event_ends', null, 'its row has aged out', 1],
    ]);
  });
});
