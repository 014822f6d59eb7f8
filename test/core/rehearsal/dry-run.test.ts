import { describe, expect, test } from '@jest/globals';
import { Mapping } from '../../../shared/core/mappings/schema.ts';
import { compareDryRuns } from '../../../shared/core/rehearsal/compare-dry-runs.ts';
import { type DryRun, dryRun } from '../../../shared/core/rehearsal/dry-run.ts';
import type { LiveConfiguration } from '../../../shared/ports/configuration.ts';
import { guides, refusalOf } from '../../docs/action-pages.ts';
import { liveConfiguration, rawEvent, trackEvent } from '../../support/build.ts';

const nowMs = Date.parse('2026-11-21T03:04:05Z');
const raw = rawEvent(trackEvent(), { receivedAtMs: nowMs });

function run(configuration: LiveConfiguration = liveConfiguration(), body: unknown = undefined): Promise<DryRun> {
  const event = body === undefined ? raw : rawEvent(body, { receivedAtMs: nowMs });
  return dryRun(event, { configuration, environment: 'development', nowMs });
}

const order = (change: Record<string, unknown> = {}) => ({
  id: 'order-completed',
  event: 'track/order_completed',
  action: 'workflows_trigger',
  parameters: { key: 'order-completed', recipients: 'user_id', data: 'data' },
  ...change,
});
const configured = (...mappings: Record<string, unknown>[]) => liveConfiguration({ file: { mappings } });

describe('a dry run', () => {
  test('reads the event and says what each mapping would do, with every parameter where it comes from', async () => {
    const { planned, checksCopies, mappings } = await run();
    expect(planned).toMatchObject({ key: 'msg-1', event: { eventType: 'track/order_completed', userId: 'usr_8841' } });
    expect(checksCopies).toBe(true);
    expect(mappings).toEqual([
      {
        mapping: expect.objectContaining({ id: 'order-completed' }),
        verdict: 'runs',
        conditions: [],
        parameters: [
          { name: 'key', from: 'order-completed', isDefault: false, value: 'order-completed' },
          { name: 'recipients', from: 'user_id', isDefault: false, value: 'usr_8841' },
          { name: 'data', from: 'data', isDefault: false, value: { order_id: 'A-1', total: 42.5 } },
        ],
        action: { status: 'runs' },
      },
    ]);
  });

  test('shows a trigger of a workflow’s file like a mapping, and as switched off by its id', async () => {
    const id = 'trigger-order-completed-track-order-completed';
    const workflow = {
      name: 'O',
      target: { development: { type: 'log' } },
      triggers: [{ source: 'rudderstack', event: 'track/order_completed', when: [{ path: 'data.total', gt: 40 }] }],
    };
    const given = { file: { mappings: [] }, workflows: { 'order-completed': workflow } };
    const { mappings } = await run(liveConfiguration(given));
    expect(mappings).toMatchObject([{ mapping: { id }, verdict: 'runs', action: { status: 'runs' } }]);
    expect(mappings[0]?.parameters).toContainEqual({
      name: 'recipients',
      from: 'user_id',
      isDefault: true,
      value: 'usr_8841',
    });
    const off = await run(liveConfiguration({ ...given, state: { inactive_mappings: [id] } }));
    expect(off.mappings).toMatchObject([{ mapping: { id }, verdict: 'mapping_inactive' }]);
  });

  test('shows a parameter that the action fills in, as such', async () => {
    const { mappings } = await run(configured(order({ parameters: { key: 'order-completed' } })));
    expect(mappings[0]?.parameters).toContainEqual({
      name: 'recipients',
      from: 'user_id',
      isDefault: true,
      value: 'usr_8841',
    });
    expect(mappings[0]?.action).toEqual({ status: 'runs' });
  });

  test('shows every condition, also those after the first that does not hold', async () => {
    const when = [
      { path: 'data.total', gte: 10 },
      { path: 'data.total', lt: 20 },
      { path: 'data.coupon', exists: true },
    ];
    const { mappings } = await run(configured(order({ when })));
    expect(mappings[0]).toMatchObject({
      verdict: 'conditions_not_met',
      detail: 'data.total is 42.5, not lt 20',
      conditions: [
        { condition: when[0], found: 42.5 },
        { condition: when[1], found: 42.5, unmet: 'data.total is 42.5, not lt 20' },
        { condition: when[2], found: undefined, unmet: 'data.coupon is missing' },
      ],
    });
    expect(mappings[0]).not.toHaveProperty('action');
  });

  test.each<[string, LiveConfiguration, unknown, Record<string, unknown>]>([
    [
      'an inactive mapping',
      liveConfiguration({ state: { inactive_mappings: ['order-completed'] } }),
      trackEvent(),
      { verdict: 'mapping_inactive' },
    ],
    [
      'an identify event where identify is off',
      liveConfiguration({ state: { identify: false } }),
      { type: 'identify', userId: 'u' },
      { verdict: 'identify_disabled' },
    ],
    [
      'a source that is off',
      liveConfiguration({ state: { enabled: false } }),
      trackEvent(),
      {
        verdict: 'source_disabled',
        parameters: expect.arrayContaining([expect.objectContaining({ value: 'usr_8841' })]),
      },
    ],
    [
      'a workflow that is missing',
      liveConfiguration({ workflows: {} }),
      trackEvent(),
      { verdict: 'runs', action: { status: 'failed', reason: 'workflow_missing' } },
    ],
    [
      'a workflow without a target here',
      liveConfiguration({ workflows: { 'order-completed': { name: 'O', target: { production: { type: 'log' } } } } }),
      trackEvent(),
      { action: { status: 'failed', reason: 'target_missing' } },
    ],
    [
      'a workflow that is switched off',
      { ...liveConfiguration(), state: { ...liveConfiguration().state, inactive_workflows: ['order-completed'] } },
      trackEvent(),
      { action: { status: 'failed', reason: 'workflow_inactive' } },
    ],
    [
      'a required parameter that resolves to nothing',
      liveConfiguration(),
      trackEvent({ userId: undefined }),
      {
        verdict: 'runs',
        action: { status: 'skipped', reason: 'required_field_missing', errors: [{ field: 'recipients' }] },
      },
    ],
    [
      'a parameter of the wrong type',
      configured(order({ parameters: { key: 'order-completed', recipients: { value: true } } })),
      trackEvent(),
      { action: { status: 'failed', reason: 'invalid_params', errors: [{ field: 'recipients' }] } },
    ],
    [
      'data that the workflow does not allow',
      liveConfiguration({
        workflows: {
          'order-completed': {
            name: 'O',
            target: { development: { type: 'log' } },
            data_schema: { type: 'object', properties: { total: { type: 'string' } } },
          },
        },
      }),
      trackEvent(),
      { action: { status: 'failed', reason: 'data_invalid' } },
    ],
    [
      'an action that nobody knows',
      configured(order({ action: 'workflows_dance' })),
      trackEvent(),
      { action: { status: 'failed', reason: 'action_unknown' } },
    ],
  ])('says why nothing would come of %s', async (_what, configuration, body, expected) => {
    const { mappings } = await run(configuration, body);
    expect(mappings).toHaveLength(1);
    expect(mappings[0]).toMatchObject(expected);
  });

  test.each([
    ['that is not an object', [1], 'not_an_object'],
    ['without a type', { userId: 'u' }, 'event_type_missing'],
  ])('says that an event %s would be rejected', async (_what, body, reason) => {
    const { planned, mappings } = await run(liveConfiguration(), body);
    expect(planned.plan).toMatchObject({ kind: 'rejected', reason });
    expect(mappings).toEqual([]);
  });

  test('tells a key that is dropped from one that is not asked for', async () => {
    const dropped = await run(liveConfiguration(), trackEvent({ messageId: [5] }));
    expect([dropped.checksCopies, dropped.planned.key, dropped.planned.event?.keyCandidate]).toEqual([
      true,
      undefined,
      [5],
    ]);
    const off = await run(liveConfiguration({ state: { idempotency: { enabled: false } } }));
    expect([off.checksCopies, off.planned.key]).toEqual([false, undefined]);
  });

  test.each([...guides])(
    'agrees with %s itself: what it does runs, what it refuses is refused alike',
    async (id, about) => {
      const mapping = Mapping.parse(about.example.mapping);
      const workflows = {
        'order-completed': { name: 'O', target: { development: { type: 'log' } } },
        'order-reminder': { name: 'R', target: { development: { type: 'log' } } },
      };
      const configuration = liveConfiguration({ file: { mappings: [mapping] }, workflows });
      const done = await run(configuration, about.example.event);
      expect(done.mappings).toMatchObject([{ mapping: { action: id }, action: { status: 'runs' } }]);
      const { status, reason } = await refusalOf(about);
      const refused = await run(configuration, about.refused.event);
      // Whoever is not there is found out by asking a table, which a dry run does not.
      const expected =
        reason === 'actor_missing' || reason === 'audience_missing' ? { status: 'runs' } : { status, reason };
      expect(refused.mappings).toMatchObject([{ action: expected }]);
    },
  );
});

describe('comparing two dry runs', () => {
  const changes = async (before: LiveConfiguration, after: LiveConfiguration, body?: unknown) =>
    compareDryRuns(await run(before, body), await run(after, body));
  const live = configured(order());

  test.each<[string, LiveConfiguration, unknown[]]>([
    ['nothing', configured(order()), []],
    [
      'nothing that has an effect: a parameter written another way',
      configured(
        order({ parameters: { key: { value: 'order-completed' }, recipients: 'body.userId', data: 'properties' } }),
      ),
      [],
    ],
    [
      'nothing that has an effect: another mapping that does not run',
      configured(order(), order({ id: 'big', when: [{ path: 'data.total', gt: 100 }] })),
      [],
    ],
    [
      'a new mapping',
      configured(order(), order({ id: 'second' })),
      [{ kind: 'newly_runs', mapping: 'second', before: 'not there', after: 'runs' }],
    ],
    [
      'a new mapping whose action fails, which is logged and counted',
      configured(order(), order({ id: 'second', parameters: { key: { value: 'absent' }, recipients: 'user_id' } })),
      [{ kind: 'reason_differs', mapping: 'second', before: 'not there', after: 'failed: workflow_missing' }],
    ],
    [
      'a mapping that was removed',
      configured(),
      [{ kind: 'no_longer_runs', mapping: 'order-completed', before: 'runs', after: 'not there' }],
    ],
    [
      'a condition',
      configured(order({ when: [{ path: 'data.total', gt: 100 }] })),
      [{ kind: 'no_longer_runs', mapping: 'order-completed', before: 'runs', after: 'conditions_not_met' }],
    ],
    [
      'a parameter that now resolves to nothing and is required',
      configured(order({ parameters: { key: 'order-completed', recipients: 'data.buyer' } })),
      [
        {
          kind: 'no_longer_runs',
          mapping: 'order-completed',
          before: 'runs',
          after: 'skipped: required_field_missing',
        },
      ],
    ],
    [
      'parameters',
      configured(
        order({
          parameters: { key: 'order-completed', recipients: ['user_id'], tenant: 'data.order_id', data: 'data' },
        }),
      ),
      [
        {
          kind: 'parameters_differ',
          mapping: 'order-completed',
          parameters: ['recipients', 'tenant'],
          before: 'runs',
          after: 'runs',
        },
      ],
    ],
    [
      'the action',
      configured(order({ action: 'users_identify', parameters: { id: 'user_id' } })),
      [{ kind: 'action_differs', mapping: 'order-completed', before: 'workflows_trigger', after: 'users_identify' }],
    ],
    [
      'the event type',
      liveConfiguration({ file: { mappings: [order()], event_type_path: 'body.type' } }),
      [
        { kind: 'event_type_differs', before: 'track/order_completed', after: 'track' },
        { kind: 'no_longer_runs', mapping: 'order-completed', before: 'runs', after: 'not there' },
      ],
    ],
    [
      'where the key is',
      liveConfiguration({ file: { mappings: [order()], idempotency_key_path: 'data.order_id' } }),
      [{ kind: 'key_differs', before: 'msg-1', after: 'A-1' }],
    ],
    [
      'the source: it is off',
      liveConfiguration({ file: { mappings: [order()] }, state: { enabled: false } }),
      [
        { kind: 'event_rejected', before: 'accepted', after: 'rejected: source_disabled' },
        { kind: 'no_longer_runs', mapping: 'order-completed', before: 'runs', after: 'source_disabled' },
      ],
    ],
  ])('finds that there changed %s', async (_what, after, expected) => {
    expect(await changes(live, after)).toEqual(expected);
  });

  test('finds the way back of each as well', async () => {
    const off = liveConfiguration({ file: { mappings: [order()] }, state: { enabled: false } });
    expect(await changes(off, live)).toEqual([
      { kind: 'event_accepted', before: 'rejected: source_disabled', after: 'accepted' },
      { kind: 'newly_runs', mapping: 'order-completed', before: 'source_disabled', after: 'runs' },
    ]);
    expect(
      await changes(
        configured(order({ when: [{ path: 'data.total', gt: 100 }] })),
        liveConfiguration({ file: { mappings: [order()] }, state: { inactive_mappings: ['order-completed'] } }),
      ),
    ).toEqual([
      { kind: 'reason_differs', mapping: 'order-completed', before: 'conditions_not_met', after: 'mapping_inactive' },
    ]);
  });
});
