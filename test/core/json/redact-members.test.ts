import { expect, test } from '@jest/globals';
import { redactMembers } from '../../../shared/core/json/redact-members.ts';

const redacted = (value: unknown) => JSON.parse(redactMembers(JSON.stringify(value), ['password', '*_token']));

test('JSON that stands in a string is looked into, as senders wrap bodies', () => {
  const inner = JSON.stringify({ Password: 'canary', kept: 'é🎉', list: [{ refresh_token: ['canary'] }] });
  expect(redacted({ payload: inner, text: '{not json "password":"kept"}' })).toEqual({
    payload: JSON.stringify({ Password: '[redacted]', kept: 'é🎉', list: [{ refresh_token: '[redacted]' }] }),
    text: '{not json "password":"kept"}',
  });
  const twice = JSON.stringify([JSON.stringify({ password: 'canary' })]);
  expect(JSON.stringify(redacted({ twice, list: [`\n ${twice}`] }))).not.toContain('canary');
});

test('a string in which nothing is redacted stays exactly as it was sent', () => {
  const text = '{"a":"{\\"b\\": 1.50}","c":"[1]","d":"\\u005b2]"}';
  expect(redactMembers(text, ['password'])).toBe(text);
});

test('a string that was wrapped again and again costs its sender nothing', () => {
  let text = JSON.stringify({ password: 'x' });
  for (let i = 0; i < 12; i++) text = JSON.stringify({ a: text });
  const before = process.cpuUsage();
  expect(JSON.parse(redactMembers(text, ['password']))).toBeDefined();
  expect(process.cpuUsage(before).user).toBeLessThan(500_000);
});
