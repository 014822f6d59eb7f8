import { expect, test } from '@jest/globals';
import { SourceFile } from '../../../shared/core/configuration/schema.ts';
import { keptHeaders } from '../../../shared/core/ingest/kept-headers.ts';
import { rudderstack } from '../../../shared/core/sources/rudderstack.ts';

const source = (headers: string[] = [], namedHeaders: string[] = []) => ({
  namedHeaders,
  kind: rudderstack,
  verifier: rudderstack.verifier,
  file: SourceFile.parse({ kind: 'rudderstack', name: 'R', headers }),
});

test('keeps few headers, those of the kind, and those the source asks for', () => {
  const headers = {
    'content-type': 'application/json',
    'x-rudder-instance-id': 'i',
    'x-shop': 's',
    'x-forwarded-for': '203.0.113.9',
    host: 'h',
  };
  expect(keptHeaders(headers, source())).toEqual({
    'content-type': 'application/json',
    'x-rudder-instance-id': 'i',
  });
  expect(keptHeaders(headers, source(['X-Shop', 'x-absent']))).toMatchObject({ 'x-shop': 's' });
});

test('keeps no credential, even if the source asks for it', () => {
  const credentials = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-api-key', 'x-webhook-secret'];
  const headers = Object.fromEntries(credentials.map((name) => [name, 'canary']));
  expect(keptHeaders(headers, source(credentials))).toEqual({});
});

test('reads no inherited member as a header', () => {
  expect(keptHeaders({}, source(['constructor', 'tostring', '__proto__']))).toEqual({});
});

test('keeps what the configuration of the source reads, without being told, and no credential of it', () => {
  const headers = { 'webhook-id': 'msg_1', 'x-other': 'o', authorization: 'canary' };
  expect(keptHeaders(headers, source([], ['webhook-id', 'authorization', 'x-absent']))).toEqual({
    'webhook-id': 'msg_1',
  });
});
