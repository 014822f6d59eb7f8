import { createHmac } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { ingestPath, ingestToken, matchIngestToken } from '../../../shared/core/ingest/ingest-token.ts';

const url = (generation: number, previous_valid = false) => ({ generation, previous_valid });

test('is the first 24 characters of the keyed hash of source and generation: 144 bits, safe in a URL', () => {
  const token = ingestToken('key', 'rudderstack', 3);
  expect(token).toBe(createHmac('sha256', 'key').update('rudderstack.3').digest('base64url').slice(0, 24));
  expect(token).toMatch(/^[A-Za-z0-9_-]{24}$/);
  expect(ingestPath('rudderstack', token)).toBe(`/v1/sources/rudderstack/${token}`);
});

test('opens its own source with the current generation only', () => {
  const token = ingestToken('key', 'a', 2);
  expect(matchIngestToken(token, 'a', url(2), ['key'])).toEqual([]);
  expect(matchIngestToken(token, 'b', url(2), ['key'])).toBeUndefined();
  expect(matchIngestToken(token, 'a', url(1), ['key'])).toBeUndefined();
  expect(matchIngestToken(token, 'a', url(4, true), ['key'])).toBeUndefined();
  expect(matchIngestToken(token, 'a', url(2), ['other'])).toBeUndefined();
});

test('of the previous generation opens it until that is retired, and is told apart', () => {
  const token = ingestToken('key', 'a', 1);
  expect(matchIngestToken(token, 'a', url(2, true), ['key'])).toEqual(['url']);
  expect(matchIngestToken(token, 'a', url(2, false), ['key'])).toBeUndefined();
});

test('made with the previous key opens it while that key is being replaced, and is told apart', () => {
  const token = ingestToken('old', 'a', 1);
  expect(matchIngestToken(token, 'a', url(1), ['new', 'old'])).toEqual(['key']);
  const both = matchIngestToken(token, 'a', url(2, true), ['new', 'old']);
  expect(both).toEqual(['url', 'key']);
  expect(matchIngestToken(token, 'a', url(1), ['new'])).toBeUndefined();
});

test('is never the empty text, nor one that is longer, shorter or spelled otherwise', () => {
  const token = ingestToken('key', 'a', 1);
  for (const guess of ['', token.slice(1), `${token}x`, token.toUpperCase(), `${token}\0`, '😀']) {
    expect(matchIngestToken(guess, 'a', url(1, true), ['key'])).toBeUndefined();
  }
});
