import { describe, expect, test } from '@jest/globals';
import type { Action } from '../../../shared/core/actions/action.ts';
import { findAction } from '../../../shared/core/actions/index.ts';
import type { JsonObject } from '../../../shared/core/json/values.ts';
import { readEventPath } from '../../../shared/core/mappings/event-path.ts';
import { parseFieldPath } from '../../../shared/core/mappings/field-path.ts';
import type { KnockSourceRead } from '../../../shared/operations/knock/account.ts';
import { convertConditions } from '../../../shared/operations/knock/convert-conditions.ts';
import { convertParameters } from '../../../shared/operations/knock/convert-parameters.ts';
import { convertPath } from '../../../shared/operations/knock/convert-path.ts';
import { tellKind } from '../../../shared/operations/knock/tell-kind.ts';

const body: JsonObject = {
  type: 'task',
  user_id: 'u-body',
  data: { id: 'body-data', 'Plan Name': 'Pro' },
  properties: { total: 5 },
  list: [{ id: 'first' }],
};
const event = { body, headers: { 'x-shop': 'north' }, preprocess: {}, userId: 'u-derived', data: { id: 'contents' } };
const lead = (text: string, dialect: 'event' | 'properties') => {
  const converted = convertPath(text, dialect);
  return 'path' in converted ? readEventPath(event, parseFieldPath(converted.path)) : converted;
};

describe('a path leads here to what it leads to at Knock', () => {
  test.each([
    ['body.type', 'task'],
    ['type', 'task'],
    ['headers.x-shop', 'north'],
    ['data.id', 'body-data'],
    ['data', body.data],
    ['user_id', 'u-body'],
    ['properties.total', 5],
    ['list.0.id', 'first'],
    ['body.data.Plan Name', 'Pro'],
    ['data.Plan Name', 'Pro'],
    ['body', body],
  ])('%s, from the whole request', (path, value) => expect(lead(path, 'event')).toEqual(value));

  test.each([
    ['data.id', 'contents'],
    ['user_id', 'u-derived'],
    ['properties.total', 5],
  ])('%s, in a source of the first generation', (path, value) => expect(lead(path, 'properties')).toEqual(value));

  test.each([
    ['data..x', /empty name/],
    ['{{ data.x }}', /template/],
    ['body.__proto__.x', /not a field of any event/],
  ])('%s has no counterpart, and why is said', (path, why) =>
    expect(lead(path, 'event')).toEqual({ problem: expect.stringMatching(why) }),
  );
});

describe('parameters', () => {
  const convert = (action: string, given: Record<string, unknown>) =>
    convertParameters(findAction(action) as Action, given, 'event');

  test('a workflow’s key is a constant, and so is a collection or an audience without a dot', () => {
    expect(convert('workflows_trigger', { key: 'order-completed' }).parameters).toEqual({ key: 'order-completed' });
    expect(convert('objects_delete', { collection: 'projects', id: 'body.id' }).parameters).toEqual({
      collection: { value: 'projects' },
      id: 'body.id',
    });
    expect(convert('audiences_remove_member', { key: 'vip', members: 'body.id' }).parameters.key).toEqual({
      value: 'vip',
    });
    expect(convert('audiences_add_member', { key: 'body.audience' }).parameters.key).toBe('body.audience');
  });

  test('numbers, truth values, lists and maps are kept; what is empty is left out', () => {
    const given = { key: 'vip', members: ['body.a', null, ''], create_audience: true, tenant: '', user: null };
    expect(convert('audiences_add_member', given)).toEqual({
      parameters: { key: { value: 'vip' }, members: ['body.a'], create_audience: { value: true } },
      problems: [],
    });
  });

  test('a field of a parameter may be named by a path, beside other fields', () => {
    const given = { 'data.task.id': 'body.id', 'data.task.title': 'body.title', data: { size: 3 } };
    expect(convert('workflows_trigger', given).parameters.data).toEqual({
      size: { value: 3 },
      task: { id: 'body.id', title: 'body.title' },
    });
  });

  test('what cannot be said is left out and named, and the rest stays', () => {
    const given = { key: 'No Key', recipients: 'body.id', priority: 'body.p', data: { value: 'body.x' } };
    expect(convert('workflows_trigger', given)).toEqual({
      parameters: { recipients: 'body.id' },
      problems: [
        { reason: 'parameter_unreadable', parameter: 'key', why: '"No Key" cannot be a key here' },
        { reason: 'parameter_unknown', parameter: 'priority', why: expect.stringContaining('no such parameter') },
        { reason: 'parameter_unreadable', parameter: 'data', why: expect.stringContaining('"value"') },
      ],
    });
  });

  test('what only a script computes is kept, and named', () => {
    const { parameters, problems } = convert('users_delete', { id: 'preprocess.user' });
    expect(parameters).toEqual({ id: 'preprocess.user' });
    expect(problems).toMatchObject([{ reason: 'computed_path', parameter: 'id' }]);
  });
});

describe('conditions of a workflow', () => {
  const one = (variable: string, operator: string, argument: string | null) => ({
    all: [{ variable, operator, argument }],
  });

  test.each([
    ['data.plan', 'equal_to', '"pro"', { path: 'body.p', is: 'pro' }],
    ['data.plan', 'not_equal_to', 'true', { path: 'body.p', is_not: true }],
    ['data.plan', 'greater_than', '5', { path: 'body.p', gt: 5 }],
    ['data.plan', 'less_than_or_equal_to', '5', { path: 'body.p', lte: 5 }],
    ['data.cart.total', 'equal_to', '5', { path: 'body.cart.total', is: 5 }],
  ])('%s %s %s moves', (variable, operator, argument, when) =>
    expect(convertConditions(one(variable, operator, argument), { plan: 'body.p', cart: 'body.cart' })).toEqual({
      when: [when],
      left: [],
    }),
  );

  test.each([
    ['another part of the run', 'recipient.plan', 'equal_to', '"pro"'],
    ['a field that the mapping does not give', 'data.other', 'equal_to', '"pro"'],
    ['a field that is a constant', 'data.fixed', 'equal_to', '"pro"'],
    ['a path as argument', 'data.plan', 'equal_to', 'recipient.plan'],
    ['null', 'data.plan', 'equal_to', 'null'],
    ['text where a number is compared', 'data.plan', 'greater_than', '"5"'],
    ['an operator with another meaning here', 'data.plan', 'not_empty', null],
  ])('%s stays at Knock, in its own words', (_what, variable, operator, argument) => {
    const { when, left } = convertConditions(one(variable, operator, argument), {
      plan: 'body.p',
      fixed: { value: 1 },
    });
    expect(when).toEqual([]);
    expect(left).toEqual([expect.stringContaining(`${variable} ${operator}`)]);
  });

  test('a group of which one has to hold stays whole, since half of it would be another rule', () => {
    const any = { any: one('data.plan', 'equal_to', '1').all };
    expect(convertConditions(any, 'body')).toEqual({ when: [], left: [expect.stringContaining('one has to hold')] });
  });

  test.each([[null], [undefined], [{}], [{ all: [] }]])('%j is none', (conditions) =>
    expect(convertConditions(conditions, undefined)).toEqual({ when: [], left: [] }),
  );
});

describe('the kind of a source', () => {
  const source = (key: string, name: string, settings = {}): KnockSourceRead => ({
    key,
    name,
    hasImage: false,
    environments: new Map([['development', { settings, mappings: [], pending: [] }]]),
  });

  test.each([
    ['stripe', 'Billing', {}, { kind: 'stripe', by: 'key' }],
    ['stripe_eu', 'Billing', {}, { kind: 'stripe', by: 'key' }],
    ['billing', 'Stripe (EU)', {}, { kind: 'stripe', by: 'name' }],
    ['segment', 'Segment', { handle_identifies: true }, { kind: 'segment-legacy', by: 'key' }],
    ['events', 'Events', { enforce_idempotency: false }, { kind: 'http-legacy', by: 'assumed' }],
    ['stripes', 'Our stripes', {}, { kind: 'http', by: 'assumed' }],
    ['custom_http', 'Custom HTTP', {}, { kind: 'http', by: 'key' }],
  ])('%s, "%s" %j', (key, name, settings, told) =>
    expect(tellKind(source(key, name, settings), undefined)).toEqual(told),
  );

  test('is what a person says, whatever the name', () =>
    expect(tellKind(source('stripe', 'Stripe'), 'clerk')).toEqual({ kind: 'clerk', by: 'asked' }));
});
