import { describe, expect, test } from '@jest/globals';
import { namedHeaders } from '../../../shared/core/configuration/named-headers.ts';
import { SourceFile, SourceSettings } from '../../../shared/core/configuration/schema.ts';

const named = (file: object, settings: object = {}) =>
  namedHeaders({
    file: SourceFile.parse({ kind: 'http', name: 'H', ...file }),
    settings: SourceSettings.parse(settings),
  }).sort();
const mapping = (rest: object) => ({ mappings: [{ id: 'a', event: 'x', action: 'users_identify', ...rest }] });

describe('the headers that a source’s configuration reads', () => {
  test.each([
    ['the event type', { event_type_path: 'headers.X-GitHub-Event' }, ['x-github-event']],
    ['the idempotency key', { idempotency_key_path: 'headers.webhook-id' }, ['webhook-id']],
    ['the user', { user_id_path: 'headers["x-user"]' }, ['x-user']],
    ['the time', { timestamp_path: 'headers.x-sent.at' }, ['x-sent.at']],
    ['a parameter', mapping({ parameters: { id: 'headers.x-a' } }), ['x-a']],
    [
      'a parameter inside of others',
      mapping({
        parameters: { id: { first: [{ template: 's-{{headers["x-b"]}}' }, ['headers.x-c', { d: 'headers.X-D' }]] } },
      }),
      ['x-b', 'x-c', 'x-d'],
    ],
    ['a condition', mapping({ when: [{ path: 'headers.x-plan', is: 'pro' }] }), ['x-plan']],
    [
      'an expression',
      {
        preprocess: {
          jsonata: '{ "a": headers."x-a", "b": headers.`x-b`, "c": headers.xc, "d": $lookup(headers, "x-d") }',
        },
      },
      ['x-a', 'x-b', 'x-d', 'xc'],
    ],
  ])('are those of %s', (_where, file, expected) => {
    expect(named(file)).toEqual(expected);
  });

  test('are those of the environment’s settings', () => {
    expect(named({}, { idempotency: { path: 'headers.x-key' } })).toEqual(['x-key']);
  });

  test('are named once', () => {
    expect(named({ event_type_path: 'headers.X-A', user_id_path: 'headers.x-a' })).toEqual(['x-a']);
  });

  test.each([
    ['nothing is read of them', { event_type_path: 'body.type' }],
    ['all are read at once', mapping({ parameters: { properties: 'headers' } })],
    ['a field of the body has a like name', { event_type_path: 'body.headers.x', user_id_path: 'headersOf.x' }],
    ['a literal looks like a path', mapping({ parameters: { id: { value: 'headers.x-a' } } })],
  ])('are none where %s', (_where, file) => {
    expect(named(file)).toEqual([]);
  });
});
