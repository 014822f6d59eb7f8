import { describe, expect, test } from '@jest/globals';
import { upsertEntities } from '../../shared/core/directory/upsert-entities.ts';
import { type EntityRef, type ObjectRef, refFromRecipientKey } from '../../shared/core/ids/entity-ref.ts';
import { invocation } from '../support/actions-message.ts';
import { configurationAs } from './subject.ts';
import { playTriggers, type Scenario } from './trigger-schedules.ts';

const configuration = configurationAs(0, 1);

const plain: Scenario = {
  configuration,
  invocations: [
    invocation('users_identify', 'identify', { id: 'lena', properties: { plan: 'team' } }),
    invocation('users_identify', 'identify-ivo', { id: 'ivo' }),
    invocation('workflows_trigger', 'a', { key: 'call-it', recipients: 'lena', actor: 'ivo' }),
    invocation('workflows_trigger', 'b', { key: 'tell-it', recipients: ['lena', 'ivo'] }),
  ],
  runs: ['a lena', 'b ivo', 'b lena'],
};

const project = { collection: 'projects', id: 'p' };
const recipients = ['lena', project];
const reached = ['ivo', 'lena', 'mia', 'p', 't'];

/** Triggers over a project that ivo and a team follow, which mia follows. The second waits for ten minutes. */
const fanOut: Scenario = {
  configuration: {
    ...configuration,
    snapshot: {
      ...configuration.snapshot,
      workflows: {
        ...configuration.snapshot.workflows,
        'tell-it': { ...configuration.snapshot.workflows['tell-it'], delay: '10m' } as never,
      },
    },
  },
  invocations: [
    invocation('users_identify', 'identify', { id: 'lena', properties: { plan: 'team' } }),
    invocation('workflows_trigger', 'a', { key: 'call-it', recipients }),
    invocation('workflows_trigger', 'b', { key: 'tell-it', recipients }),
  ],
  async prepare({ directory, subscriptions }) {
    const [ivo, mia, p, t] = ['ivo', 'mia', 'projects/p', 'teams/t'].map(refFromRecipientKey) as [
      EntityRef,
      EntityRef,
      ObjectRef,
      ObjectRef,
    ];
    const known = [ivo, mia, p, t].map((ref) => ({ ref, attributes: {}, sourceTimeMs: 0 }));
    await upsertEntities(known, directory, 0);
    const wish = { properties: {}, sourceTimeMs: 1, nowMs: 1 };
    await subscriptions.subscribe(p, [ivo, t], wish);
    await subscriptions.subscribe(t, [mia], wish);
  },
  runs: ['a', 'b'].flatMap((trigger) => reached.map((id) => `${trigger} ${id}`)),
};

describe('whatever is delivered twice, dies, is refused, throttled or replayed', () => {
  const schedules = Number(process.env.SCHEDULES ?? 0);
  test.each<[string, Scenario, number]>([
    ['triggers after identifies', plain, schedules || 1000],
    ['triggers that fan out, stop half-way and wait', fanOut, schedules || 300],
  ])(
    'every action ends, none runs before those it waits for, and each run is started once: %s',
    async (_name, scenario, count) => {
      expect(await playTriggers(count, scenario)).toEqual([]);
    },
    // For a machine that is busy with other things.
    600_000,
  );
});
