import { describe, expect, test } from '@jest/globals';
import { workflowsTrigger } from '../../../shared/core/actions/workflows-trigger.ts';
import type { JsonObject, JsonValue } from '../../../shared/core/json/values.ts';
import { takesEventData } from '../../../shared/core/mappings/action-facts.ts';
import type { ActionContext } from '../../../shared/core/runs/action-context.ts';
import type { TargetAnswer } from '../../../shared/ports/workflow-target.ts';
import { contextNowMs, identify, makeActionContext } from '../../support/fakes-workflow-trigger.ts';

const trigger = (payload: JsonObject, context: ActionContext) =>
  workflowsTrigger.run({ key: 'log-it', ...payload }, context);

/** The recipients that got a run, in order. */
const recipientsOf = ({ runsOf }: ReturnType<typeof makeActionContext>) =>
  runsOf().map(({ key }) =>
    key.recipient.kind === 'user' ? key.recipient.id : `${key.recipient.collection}/${key.recipient.id}`,
  );

describe('recipients', () => {
  test.each<[string, JsonValue, string[]]>([
    ['one id', 'lena', ['lena']],
    ['a numeric id', 42, ['42']],
    ['a list', ['lena', 'ivo'], ['lena', 'ivo']],
    ['entries that are nothing are not there', [null, 'lena', ''], ['lena']],
    [
      'one who is named often gets one run',
      ['lena', { id: 'lena' }, { collection: '$users', id: 'lena' }, 'lena'],
      ['lena'],
    ],
    ['a reference spelled with $users', { collection: '$users', id: 'lena' }, ['lena']],
    ['an object gets a run for itself', { collection: 'projects', id: 'p1' }, ['projects/p1']],
    ['a tenant is an object', { collection: '$tenants', id: 't1' }, ['$tenants/t1']],
    [
      'users and objects mixed',
      ['lena', { collection: 'projects', id: 'p1' }, { id: 'new', name: 'New' }],
      ['lena', 'projects/p1', 'new'],
    ],
  ])('%s', async (_name, recipients, expected) => {
    const made = makeActionContext();
    await identify(made.directory, { id: 'lena' }, { id: 'ivo' }, { id: '42' });
    const result = await trigger({ recipients }, made.context);
    expect(recipientsOf(made)).toEqual(expected);
    expect(result).toMatchObject({ status: 'succeeded', result: { id: made.context.id, runs: expected.length } });
  });

  test.each<[string, JsonValue, string[], string]>([
    [
      'an unknown id gets no run, the others do',
      ['nobody', 'lena'],
      ['lena'],
      'no run for nobody: not identified yet; 1 run for the others',
    ],
    [
      'an unknown id spelled with $users gets none either',
      [{ collection: '$users', id: 'nobody' }],
      [],
      'no run for nobody: not identified yet',
    ],
    ['with nobody known there are no runs', ['nobody', 'no-one'], [], 'no run for nobody, no-one: not identified yet'],
  ])('%s: skipped, so that it is found and can be replayed', async (_name, recipients, expected, detail) => {
    const made = makeActionContext();
    await identify(made.directory, { id: 'lena' });
    const result = await trigger({ recipients }, made.context);
    expect(recipientsOf(made)).toEqual(expected);
    expect(result).toMatchObject({
      status: 'skipped',
      reason: 'recipient_unknown',
      detail,
      errors: [{ field: 'recipients' }],
      result: {
        id: made.context.id,
        runs: expected.length,
        unknown: Array.isArray(recipients) ? recipients.length - expected.length : 1,
      },
    });
  });

  test('who was dropped is named in a warning', async () => {
    const { context } = makeActionContext();
    const result = await trigger({ recipients: ['nobody', 'no-one'] }, context);
    expect(result.warnings).toEqual([
      { code: 'recipient_missing', message: 'no run for nobody, no-one: not identified yet' },
    ]);
  });

  test('a thousand dropped make one warning, not a thousand', async () => {
    const { context } = makeActionContext();
    const result = await trigger({ recipients: Array.from({ length: 1000 }, (_, i) => `u${i}`) }, context);
    expect(result.warnings).toHaveLength(1);
    expect(result.warnings?.[0]?.message).toContain('and 990 more');
  });

  test.each<[string, JsonValue | undefined]>([
    ['missing', undefined],
    ['null', null],
    ['empty text', ''],
    ['an empty list', []],
    ['a list of nothing', [null, '']],
  ])('%s: skipped', async (_name, recipients) => {
    const made = makeActionContext();
    const result = await trigger(recipients === undefined ? {} : { recipients }, made.context);
    expect(result).toMatchObject({
      status: 'skipped',
      reason: 'required_field_missing',
      errors: [{ field: 'recipients' }],
    });
    expect(made.runs.writes).toBe(0);
  });

  test.each<[string, JsonValue, string]>([
    ['an id with a slash', ['lena', 'a/b'], 'recipients.1'],
    ['a boolean', true, 'recipients'],
    ['a list in the list', [['lena']], 'recipients.0'],
    ['a map without an id', { name: 'Lena' }, 'recipients'],
    ['an object without an id', { collection: 'projects' }, 'recipients'],
    ['a reserved collection', { collection: '$things', id: 'x' }, 'recipients'],
    ['a collection that is not text', { collection: 7, id: 'x' }, 'recipients'],
    ['a tenant with whitespace in its id', { collection: '$tenants', id: 'a b' }, 'recipients'],
    ...['undefined', 'null', '[object Object]'].map((id): [string, JsonValue, string] => [
      id,
      ['lena', id],
      'recipients.1',
    ]),
    ['an inline user over 256 kB', { id: 'lena', a: 'x'.repeat(257 * 1024) }, 'recipients'],
  ])('%s: failed, no recipient gets a run', async (_name, recipients, field) => {
    const made = makeActionContext();
    await identify(made.directory, { id: 'lena' });
    expect(await trigger({ recipients }, made.context)).toMatchObject({
      status: 'failed',
      reason: 'invalid_params',
      errors: [{ field }],
    });
    expect(made.runs.writes).toBe(0);
  });

  test.each<[string, JsonObject, string]>([
    ['$trigger_data that is not a map', { $trigger_data: 'x' }, '$trigger_data'],
    ['a property nested too deep', { deep: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) }, 'deep'],
    ['a picture that is a map', { avatar: {} }, 'avatar'],
    ['preferences that are a list', { preferences: [] }, 'preferences'],
  ])('%s of an inline recipient is left out with a warning, and the run begins', async (_name, odd, field) => {
    const made = makeActionContext();
    const result = await trigger({ recipients: [{ id: 'lena', plan: 'team', ...odd }] }, made.context);
    expect(result).toMatchObject({
      status: 'succeeded',
      result: { runs: 1 },
      warnings: [{ code: 'property_ignored' }],
    });
    expect(result.warnings?.[0]?.message).toContain(`lena: ${field} was left out: `);
    expect(made.directory.entities.get('lena')?.attributes).toEqual({ plan: 'team' });
  });

  test('blank entries are dropped', async () => {
    const made = makeActionContext();
    await identify(made.directory, { id: 'lena' });
    await trigger({ recipients: ['lena', '', ' ', null] }, made.context);
    expect(made.runsOf()).toHaveLength(1);
  });

  test('a thousand are started, one more is refused and starts nothing', async () => {
    const many = Array.from({ length: 1001 }, (_, i) => ({ id: `u${i}` }));
    const made = makeActionContext();
    expect(await trigger({ recipients: many.slice(1) }, made.context)).toMatchObject({
      status: 'succeeded',
      result: { runs: 1000 },
    });
    const refused = makeActionContext();
    expect(await trigger({ recipients: many }, refused.context)).toMatchObject({
      status: 'failed',
      reason: 'too_many_recipients',
    });
    expect([refused.runs.writes, refused.directory.writes]).toEqual([0, 0]);
  });
});

describe('a recipient described inline', () => {
  test('is written to the directory before the run, traits and all', async () => {
    const made = makeActionContext();
    await trigger(
      {
        recipients: {
          id: 'lena',
          email: 'lena@orchard.example',
          phone: '+34910000001',
          plan: 'team',
          $trigger_data: { x: 1 },
        },
      },
      made.context,
    );
    expect(made.directory.entities.get('lena')?.attributes).toEqual({
      email: 'lena@orchard.example',
      phone_number: '+34910000001',
      plan: 'team',
    });
    expect(recipientsOf(made)).toEqual(['lena']);
  });

  test('is merged with what is known', async () => {
    const made = makeActionContext();
    await identify(made.directory, { id: 'lena', plan: 'team', address: { city: 'Vigo' } });
    await trigger({ recipients: { id: 'lena', address: { zip: '1' } } }, made.context);
    expect(made.directory.entities.get('lena')?.attributes).toEqual({
      plan: 'team',
      address: { city: 'Vigo', zip: '1' },
    });
  });

  test('twice, with different things, has both', async () => {
    const made = makeActionContext();
    await trigger(
      {
        recipients: [
          { id: 'lena', a: 1 },
          { id: 'lena', b: 2 },
        ],
        actor: { id: 'lena', c: 3 },
      },
      made.context,
    );
    expect(made.directory.entities.get('lena')?.attributes).toEqual({ a: 1, b: 2, c: 3 });
  });

  test('as an object, an actor or a tenant is written too', async () => {
    const made = makeActionContext();
    await trigger(
      {
        recipients: { collection: 'projects', id: 'p1', name: 'Apollo' },
        actor: { id: 'ivo', name: 'Ivo' },
        tenant: { id: 't1', name: 'Orchard', settings: { branding: {} } },
      },
      made.context,
    );
    expect([...made.directory.entities].map(([key, { attributes }]) => [key, attributes])).toEqual([
      ['projects/p1', { name: 'Apollo' }],
      ['ivo', { name: 'Ivo' }],
      ['$tenants/t1', { name: 'Orchard', settings: { branding: {} } }],
    ]);
  });

  test('malformed things about them are warnings', async () => {
    const { context } = makeActionContext();
    const result = await trigger({ recipients: { id: 'lena', email: 'nope' } }, context);
    expect(result).toMatchObject({ status: 'succeeded', warnings: [{ code: 'email_malformed' }] });
  });
});

describe('actor and tenant', () => {
  test('an unknown actor fails the trigger', async () => {
    const made = makeActionContext();
    await identify(made.directory, { id: 'lena' });
    expect(await trigger({ recipients: 'lena', actor: 'nobody' }, made.context)).toMatchObject({
      status: 'failed',
      reason: 'actor_missing',
      errors: [{ field: 'actor' }],
    });
    expect(made.runs.writes).toBe(0);
  });

  test('a tenant that is only an id is made, empty', async () => {
    const made = makeActionContext();
    await identify(made.directory, { id: 'lena' });
    await trigger({ recipients: 'lena', tenant: 'orchard' }, made.context);
    expect(made.directory.entities.get('$tenants/orchard')?.attributes).toEqual({});
    expect(made.runsOf()).toMatchObject([{ tenant: 'orchard' }]);
  });

  test.each<[string, JsonObject]>([
    ['null', { actor: null, tenant: null }],
    ['empty text', { actor: '', tenant: '' }],
    ['blank', { actor: ' ', tenant: '\t', cancellation_key: ' ', settings: '', data: ' ' }],
    ['not there', {}],
  ])('%s is none', async (_name, params) => {
    const made = makeActionContext();
    await identify(made.directory, { id: 'lena' });
    await trigger({ recipients: 'lena', ...params }, made.context);
    const [run] = made.runsOf();
    expect([run?.actor, run?.tenant, made.directory.entities.size]).toEqual([undefined, undefined, 1]);
  });

  test('an actor who is also a recipient gets a run', async () => {
    const made = makeActionContext();
    await identify(made.directory, { id: 'lena' });
    await trigger({ recipients: ['lena'], actor: 'lena' }, made.context);
    expect(made.runsOf()).toMatchObject([{ actor: { kind: 'user', id: 'lena' } }]);
  });

  test.each<[string, JsonObject, string]>([
    ['a list for an actor', { actor: ['lena'] }, 'actor'],
    ['whitespace in a tenant id', { tenant: 'a b' }, 'tenant'],
    ['a list for a tenant', { tenant: ['t1'] }, 'tenant'],
    ['a tenant without an id', { tenant: { name: 'x' } }, 'tenant'],
    ['a boolean for a tenant', { tenant: false }, 'tenant'],
    ['a map for a cancellation key', { cancellation_key: {} }, 'cancellation_key'],
    ['text for settings', { settings: 'sandbox' }, 'settings'],
    ['an odd setting', { settings: { sandbox_mode: 'perhaps', skip_delay: null } }, 'settings.sandbox_mode'],
    ['a setting that there is not', { settings: { dry_run: true } }, 'settings.dry_run'],
  ])('%s is left out with a warning, and the run begins', async (_name, params, field) => {
    const made = makeActionContext();
    await identify(made.directory, { id: 'lena' });
    const result = await trigger({ recipients: 'lena', ...params }, made.context);
    expect(result).toMatchObject({
      status: 'succeeded',
      result: { runs: 1 },
      warnings: [{ code: 'property_ignored' }],
    });
    expect(result.warnings?.[0]?.message).toContain(`${field} was left out: `);
    const [run] = made.runsOf();
    expect([run?.actor, run?.tenant, run?.cancellationKey]).toEqual([undefined, undefined, undefined]);
  });
});

describe('data', () => {
  const dataOf = async (payload: JsonObject, eventData?: JsonObject) => {
    const made = makeActionContext();
    const event = { ...made.context.event, ...(eventData && { data: eventData }) };
    const result = await trigger({ recipients: { id: 'lena' }, ...payload }, { ...made.context, event });
    return made.runsOf()[0]?.data ?? result;
  };

  test.each<[string, JsonObject, JsonObject | undefined, JsonObject]>([
    ['as mapped', { data: { a: 1 } }, { b: 2 }, { a: 1 }],
    ["the event's, where none is mapped", {}, { b: 2 }, { b: 2 }],
    ['none at all', {}, undefined, {}],
    ['as JSON text', { data: '{"a":1}' }, undefined, { a: 1 }],
    [
      'with a recipient’s own over it',
      { data: { a: 1, b: 1 }, recipients: [{ id: 'lena', $trigger_data: { b: 2, c: 3 } }] },
      undefined,
      { a: 1, b: 2, c: 3 },
    ],
    [
      'with all that is said of a recipient who is named twice',
      {
        recipients: [
          { id: 'lena', $trigger_data: { a: 1 } },
          { id: 'lena', $trigger_data: { b: 2 } },
        ],
      },
      undefined,
      { a: 1, b: 2 },
    ],
  ])('%s', async (_name, payload, eventData, expected) => {
    expect(await dataOf(payload, eventData)).toEqual(expected);
  });

  test("one recipient's data reaches no other", async () => {
    const made = makeActionContext();
    await trigger(
      { recipients: [{ id: 'lena', $trigger_data: { own: 1 } }, { id: 'ivo' }], data: { all: 1 } },
      made.context,
    );
    expect(made.runsOf().map(({ data }) => data)).toEqual([{ all: 1, own: 1 }, { all: 1 }]);
  });

  test.each<[string, JsonValue]>([
    ['text that is not JSON', 'order 7'],
    ['JSON text of a list', '[1]'],
    ['a list', [1]],
    ['a number', 7],
  ])("%s for data is left out with a warning, and the event's own is taken", async (_name, data) => {
    const made = makeActionContext();
    const event = { ...made.context.event, data: { total: 7 } };
    const result = await trigger({ recipients: [{ id: 'lena' }], data }, { ...made.context, event });
    expect(result).toMatchObject({ status: 'succeeded', warnings: [{ code: 'property_ignored' }] });
    expect(made.runsOf()).toMatchObject([{ data: { total: 7 } }]);
    expect(takesEventData({ action: 'workflows_trigger', payload: { data } })).toBe(true);
  });
});

describe('the workflow', () => {
  test.each<[string, JsonObject, Partial<ActionContext>, string]>([
    ['unknown', { key: 'nope' }, {}, 'workflow_missing'],
    ['named like what objects inherit', { key: 'constructor' }, {}, 'workflow_missing'],
    ['without a target here', { key: 'elsewhere' }, {}, 'target_missing'],
    [
      'in an environment named like what objects inherit',
      { key: 'log-it' },
      { environment: 'constructor' },
      'target_missing',
    ],
  ])('%s: failed, and no user is written', async (_name, params, change, reason) => {
    const made = makeActionContext(change);
    expect(await trigger({ recipients: { id: 'lena' }, ...params }, made.context)).toMatchObject({
      status: 'failed',
      reason,
    });
    expect([made.runs.writes, made.directory.writes]).toEqual([0, 0]);
  });

  test('switched off: failed', async () => {
    const made = makeActionContext();
    const { configuration } = made.context;
    const off = { ...configuration, state: { ...configuration.state, inactive_workflows: ['log-it'] } };
    expect(await trigger({ recipients: { id: 'lena' } }, { ...made.context, configuration: off })).toMatchObject({
      reason: 'workflow_inactive',
    });
  });

  test('without a key: skipped', async () => {
    const { context } = makeActionContext();
    expect(await workflowsTrigger.run({ recipients: 'lena' }, context)).toMatchObject({
      status: 'skipped',
      reason: 'required_field_missing',
      errors: [{ field: 'key' }],
    });
  });
});

describe('a run', () => {
  test('to the log is one write, handed off at once', async () => {
    const made = makeActionContext();
    await identify(made.directory, { id: 'lena' });
    await trigger({ recipients: 'lena', cancellation_key: 7 }, made.context);
    expect(made.runs.writes).toBe(1);
    expect(made.runsOf()).toEqual([
      {
        key: {
          recipient: { kind: 'user', id: 'lena' },
          execution: made.context.execution,
          mappingHash: expect.stringMatching(/^[0-9a-f]{8}$/),
        },
        workflow: 'log-it',
        workflowRunId: made.context.id,
        mapping: 'mapping-1',
        status: 'handed_off',
        target: 'log',
        eventId: made.context.event.id,
        source: 'rudderstack',
        origin: made.context.origin,
        cancellationKey: '7',
        data: {},
        attempts: 1,
        insertedAtMs: contextNowMs,
        updatedAtMs: contextNowMs,
      },
    ]);
    expect(made.counts).toEqual(['RunsStarted']);
  });

  test('to a target is written, called, and handed off', async () => {
    const made = makeActionContext({}, () => ({ kind: 'accepted', reference: { status: 202 } }));
    await identify(made.directory, { id: 'lena', email: 'lena@orchard.example', plan: 'team' });
    await trigger(
      {
        key: 'call-it',
        recipients: 'lena',
        actor: 'lena',
        tenant: { id: 't1', name: 'Orchard' },
        data: { order: 7 },
        settings: { sandbox_mode: true },
        cancellation_key: 'k',
      },
      made.context,
    );
    expect(made.runs.writes).toBe(2);
    expect(made.runsOf()).toMatchObject([{ status: 'handed_off', attempts: 1, targetReference: { status: 202 } }]);
    const lena = {
      id: 'lena',
      email: 'lena@orchard.example',
      plan: 'team',
      created_at: null,
      updated_at: '2026-11-21T02:59:55.000Z',
    };
    expect(made.requests).toEqual([
      {
        messageId: expect.stringMatching(/^msg_[0-9a-f-]{14}5/),
        timeoutMs: 3000,
        message: {
          type: 'workflow.run',
          timestamp: '2026-11-21T02:59:59.000Z',
          data: {
            id: expect.stringMatching(/^01KAJ6VY008M25RXK0Q4T9B7C0-[0-9a-f]{8}-lena$/),
            workflow_run_id: made.context.id,
            workflow: 'call-it',
            recipient: lena,
            actor: lena,
            tenant: {
              collection: '$tenants',
              id: 't1',
              name: 'Orchard',
              created_at: null,
              updated_at: '2026-11-21T03:00:00.000Z',
            },
            data: { order: 7 },
            settings: { sandbox_mode: true },
            trigger_source: { type: 'integration', source: 'rudderstack', cancellation_key: 'k' },
            environment: 'development',
            event: { id: made.context.event.id, source: 'rudderstack', type: 'track/order_completed' },
          },
        },
      },
    ]);
  });

  test('of an earlier attempt that was not taken is called again, under the same id', async () => {
    let answer: TargetAnswer = { kind: 'unavailable', reason: 'target_unavailable', detail: 'down' };
    const made = makeActionContext({}, () => answer);
    expect(await trigger({ key: 'call-it', recipients: { id: 'lena' } }, made.context)).toMatchObject({
      status: 'pending',
      reason: 'target_unavailable',
      detail: '1 of 1 run waits: down',
    });
    expect(made.runsOf()).toMatchObject([{ status: 'pending' }]);
    answer = { kind: 'accepted' };
    const again = { ...made.context, again: true, attempt: 2 };
    expect(await trigger({ key: 'call-it', recipients: { id: 'lena' } }, again)).toMatchObject({
      status: 'succeeded',
      result: { runs: 1 },
    });
    expect(made.runsOf()).toMatchObject([{ status: 'handed_off', attempts: 2 }]);
    expect(new Set(made.requests.map(({ messageId }) => messageId)).size).toBe(1);
    expect(made.requests.map(({ timeoutMs }) => timeoutMs)).toEqual([3000, 5000]);
  });

  test.each([true, false])(
    'that was handed off is not called again, whether that is known before or found (again: %s)',
    async (again) => {
      const made = makeActionContext({}, () => ({ kind: 'accepted' }));
      await trigger({ key: 'call-it', recipients: { id: 'lena' } }, made.context);
      const result = await trigger(
        { key: 'call-it', recipients: { id: 'lena' } },
        { ...made.context, again, attempt: 2 },
      );
      expect(result).toMatchObject({ status: 'succeeded', result: { runs: 1 } });
      expect(made.requests).toHaveLength(1);
    },
  );

  test('that was refused stays so for its origin, and is tried again for a replay', async () => {
    let answer: TargetAnswer = { kind: 'refused', detail: 'answered 404', reference: { status: 404 } };
    const made = makeActionContext({}, () => answer);
    const refused = {
      status: 'failed',
      reason: 'target_refused',
      detail: '1 of 1 run refused: answered 404',
      result: { runs: 0, refused: 1 },
    };
    expect(await trigger({ key: 'call-it', recipients: { id: 'lena' } }, made.context)).toMatchObject(refused);
    answer = { kind: 'accepted' };
    const again = { ...made.context, again: true, attempt: 2 };
    expect(await trigger({ key: 'call-it', recipients: { id: 'lena' } }, again)).toMatchObject(refused);
    expect(made.requests).toHaveLength(1);
    expect(
      await trigger({ key: 'call-it', recipients: { id: 'lena' } }, { ...again, attempt: 1, origin: 'replay-1' }),
    ).toMatchObject({ status: 'succeeded' });
    expect(made.runsOf()).toMatchObject([{ status: 'handed_off', origin: 'replay-1' }]);
  });

  test('that was cancelled is not called', async () => {
    const made = makeActionContext({}, () => ({ kind: 'unavailable', reason: 'target_busy', detail: 'busy' }));
    await trigger({ key: 'call-it', recipients: { id: 'lena' } }, made.context);
    const [[id, run]] = [...made.runs.runs] as [[string, ReturnType<typeof made.runsOf>[number]]];
    made.runs.runs.set(id, { ...run, status: 'cancelled', cancelReason: 'operator' });
    expect(
      await trigger({ key: 'call-it', recipients: { id: 'lena' } }, { ...made.context, again: true }),
    ).toMatchObject({ status: 'succeeded', result: { runs: 0, cancelled: 1 } });
    expect(made.requests).toHaveLength(1);
  });

  test('that no target takes until the last attempt fails with it', async () => {
    const made = makeActionContext({ isLastAttempt: true, attempt: 100 }, () => ({
      kind: 'unavailable',
      reason: 'target_busy',
      detail: 'busy',
    }));
    await trigger({ key: 'call-it', recipients: { id: 'lena' } }, made.context);
    expect(made.runsOf()).toMatchObject([{ status: 'failed', error: 'given up after 100 attempts: busy' }]);
  });
});

describe('many recipients', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `u${i}` }));

  test('are called at most sixteen at a time', async () => {
    let running = 0;
    let most = 0;
    const made = makeActionContext({}, async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return { kind: 'accepted' };
    });
    await trigger({ key: 'call-it', recipients: many(100) }, made.context);
    expect([most, made.requests.length]).toEqual([16, 100]);
  });

  test('some refused, some later: what was accepted stays, the longest wait asked for is kept', async () => {
    const answers: TargetAnswer[] = [
      { kind: 'accepted' },
      { kind: 'refused', detail: 'answered 400' },
      { kind: 'unavailable', reason: 'target_busy', detail: 'answered 429', retryAfterSeconds: 7 },
      { kind: 'unavailable', reason: 'target_unavailable', detail: 'answered 503', retryAfterSeconds: 60 },
    ];
    const made = makeActionContext(
      {},
      ({ message }) => answers[Number(String((message.data.recipient as JsonObject).id).slice(1))] as TargetAnswer,
    );
    const result = await trigger({ key: 'call-it', recipients: many(4) }, made.context);
    expect(result).toMatchObject({
      status: 'pending',
      reason: 'target_busy',
      retryAfterSeconds: 60,
      detail: '2 of 4 runs wait: answered 429',
      result: { runs: 1, refused: 1 },
    });
    expect(made.counts.filter((name) => name === 'TargetFailures')).toHaveLength(3);
  });

  test('when time is short nothing new begins, and the rest goes on at once in the next attempt', async () => {
    let nowMs = contextNowMs;
    const made = makeActionContext({ nowMs: () => nowMs, deadlineMs: contextNowMs + 1000 }, () => {
      nowMs += 100;
      return { kind: 'accepted' };
    });
    const result = await trigger({ key: 'call-it', recipients: many(100) }, made.context);
    expect(result).toMatchObject({ status: 'pending', reason: 'continues', retryAfterSeconds: 0 });
    expect(made.requests.length).toBeLessThan(40);
    nowMs = contextNowMs;
    const rest = await trigger(
      { key: 'call-it', recipients: many(100) },
      { ...made.context, again: true, deadlineMs: contextNowMs + 1e6 },
    );
    expect(rest).toMatchObject({ status: 'succeeded', result: { runs: 100 } });
    expect(new Set(made.requests.map(({ messageId }) => messageId)).size).toBe(made.requests.length);
  });

  test('no call may outlast the time that is left', async () => {
    const made = makeActionContext({ deadlineMs: contextNowMs + 700, attempt: 2 });
    await trigger({ key: 'call-it', recipients: many(1) }, made.context);
    expect(made.requests).toMatchObject([{ timeoutMs: 700 }]);
  });

  test('a target that is down is not called for every one of them', async () => {
    const made = makeActionContext({}, () => ({ kind: 'unavailable', reason: 'target_timeout', detail: 'no answer' }));
    const result = await trigger({ key: 'call-it', recipients: many(1000) }, made.context);
    expect(result).toMatchObject({
      status: 'pending',
      reason: 'target_timeout',
      detail: '1000 of 1000 runs wait: no answer',
    });
    expect(made.requests.length).toBeLessThan(30);
  });

  test('a target that fails now and then is called for all of them', async () => {
    let calls = 0;
    const made = makeActionContext({}, () =>
      ++calls % 4 === 0
        ? { kind: 'unavailable', reason: 'target_unavailable', detail: 'answered 503' }
        : { kind: 'accepted' },
    );
    await trigger({ key: 'call-it', recipients: many(200) }, made.context);
    expect(made.requests).toHaveLength(200);
  });
});
