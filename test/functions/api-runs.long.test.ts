import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import Knock from '@knocklabs/node';
import { printRunId } from '../../shared/core/ids/run-id.ts';
import { startWorkflowsApi, type WorkflowsApi } from './api-workflows-for-tests.ts';

/* Runs, through the official client: those that the triggers below started. */

type Run = Knock.WorkflowRecipientRun;
type Asked = Knock.WorkflowRecipientRunListParams;

let api: WorkflowsApi;
let client: Knock;
/** Each trigger a minute after the other. */
const minutes = { logged: 1, refused: 2, delayed: 3, fanned: 4, greeted: 5, cancelled: 6, waiting: 7 };
let startMs: number;
const at = (name: keyof typeof minutes) => startMs + minutes[name] * 60_000;

beforeAll(async () => {
  api = await startWorkflowsApi();
  client = api.client;
  startMs = api.clock.nowMs;
  for (const id of ['ana', 'bo', 'cy', 'di']) await client.users.update(id, { name: id });
  await client.objects.addSubscriptions('teams', 'red', {
    recipients: ['ana', 'cy', { collection: 'teams', id: 'inner' }],
  });
  await client.objects.addSubscriptions('teams', 'inner', { recipients: ['di'] });
  await client.audiences.addMembers('beta', {
    members: [{ user: { id: 'bo' }, tenant: 'acme' }],
    create_audience: true,
  });
  await api.deliver();

  api.clock.nowMs = at('logged');
  await client.workflows.trigger('log-it', { recipients: ['ana', 'bo'], actor: 'cy', tenant: 'acme' });
  await api.deliver();
  api.clock.nowMs = at('refused');
  api.target.answer = ({ message: { data } }) =>
    (data.recipient as { id: string }).id === 'bo'
      ? { kind: 'refused', detail: 'no such address', reference: { status: 400 } }
      : { kind: 'accepted', reference: { status: 202 } };
  await client.workflows.trigger('call-it', { recipients: ['ana', 'bo'] });
  await api.deliver();
  api.target.answer = () => ({ kind: 'accepted' });
  api.clock.nowMs = at('delayed');
  await client.workflows.trigger('later', { recipients: ['ana'], cancellation_key: 'c1' });
  await api.deliver();
  api.clock.nowMs = at('fanned');
  await client.workflows.trigger('log-it', { recipients: ['bo', { collection: 'teams', id: 'red' }] });
  await api.deliver();
  api.clock.nowMs = at('greeted');
  await client.audiences.addMembers('beta', {
    members: [{ user: { id: 'ana' }, tenant: 'acme' }, { user: { id: 'cy' } }],
  });
  await api.deliver();
  api.clock.nowMs = at('cancelled');
  await client.workflows.trigger('later', { recipients: ['bo', 'cy'], cancellation_key: 'c2' });
  await api.deliver();
  api.clock.nowMs += 1000;
  await client.workflows.cancel('later', { cancellation_key: 'c2', recipients: ['cy'] });
  await api.deliver();
  api.clock.nowMs = at('waiting');
  api.target.answer = () => ({
    kind: 'unavailable',
    reason: 'target_unavailable',
    detail: 'answered 503',
    retryAfterSeconds: 600,
  });
  await client.workflows.trigger('call-it', { recipients: ['di'] });
  await api.deliver();
});
afterAll(() => api.stop());

async function listed(asked: Asked = {}): Promise<Run[]> {
  const runs: Run[] = [];
  for await (const run of client.workflowRecipientRuns.list(asked)) runs.push(run);
  return runs;
}
const named = (runs: Run[]) =>
  runs.map(({ workflow, recipient }) => {
    const name = typeof recipient === 'string' ? recipient : `${recipient.collection}/${recipient.id}`;
    return `${workflow} ${name}`;
  });

const waiting = ['call-it di'];
const cancelled = ['later bo', 'later cy'];
const greeted = ['welcome ana', 'welcome cy'];
const fanned = ['log-it bo', 'log-it teams/red', 'log-it ana', 'log-it cy', 'log-it teams/inner', 'log-it di'];
const delayed = ['later ana'];
const refused = ['call-it ana', 'call-it bo'];
const logged = ['log-it ana', 'log-it bo'];
const first = ['welcome bo'];
const all = [...waiting, ...cancelled, ...greeted, ...fanned, ...delayed, ...refused, ...logged, ...first];

describe('workflowRecipientRuns.list', () => {
  test('shows every run, newest trigger first: listed recipients, subscribers two levels deep, new members', async () => {
    expect(named(await listed())).toEqual(all);
  });

  test.each([1, 2, 3, 7])('page by page of %i, each run once and in the same order', async (page_size) => {
    expect(named(await listed({ page_size }))).toEqual(all);
  });

  test('has the published form, with items, and only a way on', async () => {
    const answer = await api.call('GET', '/v1/workflow_recipient_runs?page_size=2&workflow=log-it&tenant=acme');
    expect(answer.body).toEqual({
      items: [
        {
          __typename: 'WorkflowRecipientRun',
          id: expect.stringMatching(/^[0-9A-Z]{26}-[0-9a-f]{8}-ana$/),
          workflow: 'log-it',
          workflow_run_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          status: 'completed',
          recipient: 'ana',
          actor: 'cy',
          tenant: 'acme',
          trigger_source: { type: 'api', audience_key: null, cancellation_key: null, schedule_id: null },
          error_count: 0,
          inserted_at: new Date(at('logged')).toISOString(),
          updated_at: new Date(at('logged')).toISOString(),
        },
        expect.objectContaining({ recipient: 'bo' }),
      ],
      page_info: { __typename: 'PageInfo', after: null, before: null, page_size: 2 },
    });
    const { page_info } = await client.workflowRecipientRuns.list({ page_size: 2 });
    expect(page_info).toMatchObject({ after: expect.any(String), before: null });
  });

  test.each<[string, () => Asked, string[]]>([
    ['workflow', () => ({ workflow: 'later' }), [...cancelled, ...delayed]],
    ['workflow that greets', () => ({ workflow: 'welcome' }), [...greeted, ...first]],
    ['workflow that no one knows', () => ({ workflow: 'nope' }), []],
    ['status', () => ({ status: ['paused'] }), ['later bo', ...delayed]],
    ['several states', () => ({ status: ['queued', 'cancelled'] }), [...waiting, 'later cy']],
    ['the state that is never stored', () => ({ status: ['processing'] }), []],
    ['tenant', () => ({ tenant: 'acme' }), ['welcome ana', ...logged, ...first]],
    ['errors', () => ({ has_errors: true }), ['call-it bo']],
    ['no errors', () => ({ has_errors: false, workflow: 'call-it' }), [...waiting, 'call-it ana']],
    ['a user', () => ({ recipient: 'di' }), ['call-it di', 'log-it di']],
    ['an object', () => ({ recipient: { collection: 'teams', id: 'red' } }), ['log-it teams/red']],
    ['a user and a workflow', () => ({ recipient: 'ana', workflow: 'later' }), delayed],
    [
      'a user, a state and a tenant',
      () => ({ recipient: 'bo', status: ['completed'], tenant: 'acme' }),
      ['log-it bo', 'welcome bo'],
    ],
    ['a user and errors', () => ({ recipient: 'bo', has_errors: true }), ['call-it bo']],
    ['a beginning', () => ({ starting_at: iso(at('cancelled')) }), [...waiting, ...cancelled]],
    ['an end', () => ({ ending_at: iso(at('refused')) }), [...refused, ...logged, ...first]],
    [
      'both, with an offset',
      () => ({ starting_at: iso(at('delayed')).replace('Z', '+00:00'), ending_at: iso(at('fanned')) }),
      [...fanned, ...delayed],
    ],
    [
      'a user and a time',
      () => ({ recipient: 'ana', ending_at: iso(at('delayed')), starting_at: iso(at('refused')) }),
      [...delayed, 'call-it ana'],
    ],
  ])('by %s', async (_name, asked, expected) => {
    expect(named(await listed(asked()))).toEqual(expected);
    expect(named(await listed({ ...asked(), page_size: 1 }))).toEqual(expected);
  });

  test('of one recipient leads back as well', async () => {
    const pageOne = await client.workflowRecipientRuns.list({ recipient: 'ana', page_size: 2 });
    const pageTwo = await client.workflowRecipientRuns.list({
      recipient: 'ana',
      page_size: 2,
      after: cursor(pageOne, 'after'),
    });
    expect(named(pageTwo.items)).toEqual(['later ana', 'call-it ana']);
    const back = await client.workflowRecipientRuns.list({
      recipient: 'ana',
      page_size: 2,
      before: cursor(pageTwo, 'before'),
    });
    expect(named(back.items)).toEqual(named(pageOne.items));
    expect(back.page_info).toMatchObject({ before: null });
  });

  test('does not show a subscriber who left, but under its own name', async () => {
    await client.objects.deleteSubscriptions('teams', 'red', { recipients: ['cy'] });
    const runs = named(await listed({ workflow: 'log-it', page_size: 1 }));
    await client.objects.addSubscriptions('teams', 'red', { recipients: ['cy'] });
    expect(runs).toEqual([...fanned, ...logged].filter((name) => name !== 'log-it cy'));
    expect(named(await listed({ recipient: 'cy', workflow: 'log-it' }))).toEqual(['log-it cy']);
  });

  test.each<[string, string, string]>([
    ['a page size of 51', 'page_size=51', 'page_size'],
    ['an unknown state', 'status[]=done', 'status.0'],
    ['a state without brackets', 'status=queued', 'status'],
    ['has_errors of another kind', 'has_errors=maybe', 'has_errors'],
    ['a time that is none', 'starting_at=yesterday', 'starting_at'],
    ['an end before the beginning', 'starting_at=2026-01-02T00:00:00Z&ending_at=2026-01-01T00:00:00Z', 'ending_at'],
    ['a recipient that no one can be', 'recipient=a%2Fb', 'recipient'],
    ['an object without an id', 'recipient[collection]=teams', 'recipient'],
    ['text for a cursor', 'after=x', 'after'],
    ['a cursor of another list', `after=${Buffer.from('u1').toString('base64url')}`, 'after'],
    ['the way back among all', `before=${Buffer.from('u1').toString('base64url')}`, 'before'],
  ])('%s is refused', async (_name, query, field) => {
    const answer = await api.call('GET', `/v1/workflow_recipient_runs?${query}`);
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_params', errors: [{ field }] } });
  });

  test('ends a page early when the time is over, and goes on from there', async () => {
    const { nowMs } = api.deps;
    // Each look at the clock takes as long as a request may.
    api.deps.nowMs = () => {
      api.clock.nowMs += 20_000;
      return api.clock.nowMs;
    };
    const short = await client.workflowRecipientRuns.list({ page_size: 4, tenant: 'acme' });
    // With nothing to show: clients would take an empty page for the end.
    const barren = await api.call('GET', '/v1/workflow_recipient_runs?page_size=1&tenant=nope');
    api.deps.nowMs = nowMs;
    expect(named(short.items)).toEqual(['welcome ana']);
    const after = cursor(short, 'after');
    expect(named(await listed({ page_size: 4, tenant: 'acme', after }))).toEqual([...logged, ...first]);
    expect(barren).toMatchObject({ status: 422, body: { errors: [{ field: 'ending_at' }] } });
    expect((barren.body as { message: string }).message).toContain('give a recipient');
  });

  test('reads no table from end to end, and none at all for what is not asked', async () => {
    const asked = await commandsOf(() => client.workflowRecipientRuns.list({ recipient: 'ana' }));
    expect(asked).toEqual(['GetCommand Configuration', 'QueryCommand WorkflowRuns']);
    const failed = await commandsOf(() =>
      client.workflowRecipientRuns.list({ has_errors: true, starting_at: iso(startMs) }),
    );
    expect(new Set(failed.filter((command) => command.endsWith('ActionLog')))).toEqual(
      new Set(['QueryCommand problems of ActionLog', 'BatchGetCommand ActionLog']),
    );
    for (const command of await commandsOf(() => client.workflowRecipientRuns.list()))
      expect(command).not.toMatch(/^Scan/);
  });
});

describe('workflowRecipientRuns.get', () => {
  const detail = async (asked: Asked, i = 0) => client.workflowRecipientRuns.get((await listed(asked))[i]?.id ?? '');
  const eventsOf = ({ events }: Knock.WorkflowRecipientRunDetail) =>
    events.map(({ event, status, attempt, data }) => ({ event, status, attempt, data }));

  test('shows a run as lists do, with what happened to it', async () => {
    const [run] = await listed({ workflow: 'call-it', recipient: 'ana' });
    const shown = await client.workflowRecipientRuns.get(run?.id ?? '');
    expect(shown).toEqual({ ...run, events: expect.any(Array) });
    expect(eventsOf(shown)).toEqual([
      { event: 'run.queued', status: 'ok', data: { target: 'http', event_id: expect.any(String) } },
      { event: 'run.handed_off', status: 'ok', attempt: 1, data: { status: 202 } },
    ]);
    expect(shown.events[1]).toMatchObject({
      __typename: 'WorkflowRecipientRunEvent',
      id: expect.any(String),
      step_ref: null,
      step_type: null,
      inserted_at: run?.updated_at,
    });
  });

  test.each<[string, Asked, string, object]>([
    [
      'that was refused',
      { has_errors: true },
      'completed',
      { event: 'run.failed', status: 'error', attempt: 1, data: { error: 'no such address', answer: { status: 400 } } },
    ],
    [
      'that was cancelled',
      { status: ['cancelled'] },
      'cancelled',
      { event: 'run.cancelled', status: 'ok', data: { reason: 'workflows_cancel' } },
    ],
    [
      'that is delayed',
      { workflow: 'later', recipient: 'ana' },
      'paused',
      { event: 'run.delayed', status: 'ok', data: { until: expect.any(String) } },
    ],
    [
      'that is tried again',
      { status: ['queued'] },
      'queued',
      {
        event: 'run.retried',
        status: 'error',
        attempt: 1,
        data: {
          reason: 'target_unavailable',
          detail: expect.stringContaining('answered 503'),
          retry_at: expect.any(String),
        },
      },
    ],
  ])('one %s says so', async (_name, asked, status, last) => {
    const shown = await detail(asked);
    expect(shown.status).toBe(status);
    expect(shown.error_count).toBe(status === 'completed' ? 1 : 0);
    expect(eventsOf(shown).at(-1)).toEqual(last);
  });

  test('finds the run of an object, whose id holds a slash', async () => {
    const [run] = await listed({ recipient: { collection: 'teams', id: 'red' } });
    expect(run?.id).toMatch(/-teams\/red$/);
    expect(await client.workflowRecipientRuns.get(run?.id ?? '')).toMatchObject({
      id: run?.id,
      recipient: { collection: 'teams', id: 'red' },
    });
  });

  test('names it as targets do, and tells what asked for it', async () => {
    const [request] = api.requests;
    const run = await client.workflowRecipientRuns.get(String(request?.message.data.id));
    expect(run).toMatchObject({
      workflow_run_id: request?.message.data.workflow_run_id,
      trigger_source: { type: 'api' },
    });
    const [greeted] = await listed({ workflow: 'welcome' });
    expect(greeted?.trigger_source).toMatchObject({ type: 'audience', audience_key: 'beta' });
    const [keyed] = await listed({ workflow: 'later', recipient: 'ana' });
    expect(keyed?.trigger_source).toMatchObject({ type: 'api', cancellation_key: 'c1' });
  });

  test.each([
    ['text', 'x'],
    [
      'an id of no run',
      printRunId({
        recipient: { kind: 'user', id: 'no-one' },
        execution: '01M7Y0QRW0562123456789ABC7',
        mappingHash: '5e884898',
      }),
    ],
  ])('answers 404 to %s', async (_name, id) => {
    await expect(client.workflowRecipientRuns.get(id)).rejects.toBeInstanceOf(Knock.NotFoundError);
  });
});

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function cursor(
  { page_info }: { page_info: { after?: string | null; before?: string | null } },
  way: 'after' | 'before',
) {
  return page_info[way] ?? '';
}

async function commandsOf(work: () => Promise<unknown>): Promise<string[]> {
  const spy = jest.spyOn(api.tables.client, 'send');
  try {
    await work();
    return spy.mock.calls.map(([command]) => {
      const { TableName, IndexName, RequestItems = {} } = command.input as unknown as Sent;
      const index = IndexName === undefined ? '' : `${IndexName} of `;
      return `${command.constructor.name} ${index}${TableName ?? Object.keys(RequestItems)}`;
    });
  } finally {
    spy.mockRestore();
  }
}

type Sent = { TableName?: string; IndexName?: string; RequestItems?: object };
