import { describe, expect, test } from '@jest/globals';
import { workflowsTrigger } from '../../../shared/core/actions/workflows-trigger.ts';
import { missingReferences } from '../../../shared/core/configuration/missing-references.ts';
import { Snapshot, WorkflowTrigger } from '../../../shared/core/configuration/schema.ts';
import { mappingsOf } from '../../../shared/core/configuration/triggers.ts';
import { checkSnapshot, formatOf } from '../../../shared/core/configuration/unreadable.ts';
import { capabilities, unknownNeeds } from '../../../shared/operations/configuration/capabilities.ts';

const snapshotOf = (triggers: object[], mappings: object[] = []): Snapshot =>
  Snapshot.parse({
    sources: { shop: { kind: 'rudderstack', name: 'S', mappings }, crm: { kind: 'http', name: 'C' } },
    workflows: { welcome: { name: 'W', target: { development: { type: 'log' } }, triggers } },
  });
const own = { id: 'identify', event: 'identify', action: 'users_identify', parameters: { id: 'user_id' } };

describe('a trigger in a workflow’s file', () => {
  test('is a mapping of its source, after those of the source’s file', () => {
    const trigger = {
      source: 'shop',
      event: 'track/Signed Up',
      when: [{ path: 'data.plan', is: 'pro' }],
      recipients: 'data.user',
      data: { plan: 'data.plan' },
    };
    const snapshot = snapshotOf([trigger, { source: 'crm', event: 'user.created' }], [own]);
    expect(mappingsOf(snapshot, 'shop')).toEqual([
      own,
      {
        id: 'trigger-welcome-track-signed-up',
        event: 'track/Signed Up',
        action: 'workflows_trigger',
        parameters: { key: 'welcome', recipients: 'data.user', data: { plan: 'data.plan' } },
        when: [{ path: 'data.plan', is: 'pro' }],
      },
    ]);
    expect(mappingsOf(snapshot, 'crm')).toEqual([
      {
        id: 'trigger-welcome-user-created',
        event: 'user.created',
        action: 'workflows_trigger',
        parameters: { key: 'welcome' },
      },
    ]);
    expect(mappingsOf(snapshot, 'absent')).toEqual([]);
  });

  test('keeps its id wherever it stands among others, since effects are keyed by it', () => {
    const triggers = [
      { source: 'shop', event: 'a' },
      { source: 'shop', event: 'b' },
      { source: 'shop', event: 'c', id: 'mine' },
    ];
    const idsOf = (ordered: object[]) =>
      Object.fromEntries(mappingsOf(snapshotOf(ordered), 'shop').map(({ id, event }) => [event, id]));
    expect(idsOf(triggers)).toEqual({ a: 'trigger-welcome-a', b: 'trigger-welcome-b', c: 'mine' });
    expect(idsOf(triggers.toReversed())).toEqual(idsOf(triggers));
  });

  test.each(['注文完了', '!', 'x'.repeat(300), 'a'])(
    'has an id that can be one, whatever its event is called: %s',
    (event) => {
      const [mapping] = mappingsOf(snapshotOf([{ source: 'shop', event }]), 'shop');
      expect(mapping?.id).toMatch(/^[a-z0-9][a-z0-9_-]{0,254}$/);
    },
  );

  test('takes every parameter of its action, but the workflow, which it stands in', () => {
    const { source: _source, event: _event, id: _id, when: _when, ...parameters } = WorkflowTrigger.shape;
    const { key: _key, ...wanted } = workflowsTrigger.params.shape;
    expect(Object.keys(parameters).sort()).toEqual(Object.keys(wanted).sort());
  });

  test('of a source that is not there is a missing reference of the workflow', () => {
    const snapshot = snapshotOf([{ source: 'gone', event: 'a' }]);
    expect(missingReferences(snapshot, [{ type: 'source', key: 'gone' }])).toEqual([
      {
        by: { type: 'workflow', key: 'welcome' },
        mapping: 'trigger-welcome-a',
        missing: { type: 'source', key: 'gone' },
      },
    ]);
    expect(missingReferences(snapshot, [{ type: 'source', key: 'shop' }])).toEqual([]);
  });
});

describe('the format of a snapshot', () => {
  test.each([
    ['one without triggers and brackets', snapshotOf([], [own]), 1],
    ['one with triggers', snapshotOf([{ source: 'shop', event: 'a' }]), 2],
    ['one with a quoted name', snapshotOf([], [{ ...own, parameters: { id: 'data["User Id"]' } }]), 2],
    ['one with a list index in a condition', snapshotOf([], [{ ...own, when: [{ path: 'data.a[0]', is: 1 }] }]), 2],
  ])('is the oldest whose readers understand it: %s', (_what, snapshot, format) => {
    expect(formatOf(snapshot)).toBe(format);
    expect(() => checkSnapshot(snapshot, 'h')).not.toThrow();
    // Functions that read less are named as such before it is committed.
    const needed = (known: number) => unknownNeeds(snapshot, { ...capabilities, format: known });
    expect([needed(format), needed(format - 1)]).toEqual([[], [{ need: 'format', name: String(format) }]]);
  });

  test.each([{ triggers: {} }, { triggers: [{ source: 'shop' }] }, { triggers: [null] }])(
    'is no known one with odd triggers: %j',
    (odd) => {
      const snapshot = snapshotOf([]);
      const workflows = { welcome: { ...snapshot.workflows.welcome, ...odd } };
      expect(() => checkSnapshot({ ...snapshot, workflows }, 'h')).toThrow('triggers is not a list of triggers');
    },
  );
});
