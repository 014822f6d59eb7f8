import { expect, test } from '@jest/globals';
import { namedHeaders } from '../../../shared/core/configuration/named-headers.ts';
import { SourceFile } from '../../../shared/core/configuration/schema.ts';
import { keptHeaders } from '../../../shared/core/ingest/kept-headers.ts';
import { rudderstack } from '../../../shared/core/sources/rudderstack.ts';

function source(headers: string[] = [], change: object = {}, redact: string[] = []) {
  const file = SourceFile.parse({ kind: 'rudderstack', name: 'R', headers, ...change });
  const named = namedHeaders({ file, settings: { idempotency: {} } });
  return { kind: rudderstack, verifier: rudderstack.verifier, file, redact, namedHeaders: named };
}

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

test('keeps what the configuration reads, whatever the case it is written in', () => {
  const headers = { 'x-github-event': 'push', 'webhook-id': 'w', 'x-when': 't', 'x-tenant': 'acme', 'x-other': 'o' };
  const mapping = {
    id: 'm',
    event: 'push',
    action: 'users_identify',
    parameters: { id: { template: 'u-{{headers.X-Tenant}}' } },
    when: [{ path: 'headers["X-Other"]', exists: true }],
  };
  const paths = {
    event_type_path: 'headers.X-GitHub-Event',
    idempotency_key_path: 'headers.webhook-id',
    timestamp_path: 'headers.X-When',
    mappings: [mapping],
  };
  expect(keptHeaders(headers, source([], paths))).toEqual(headers);
});

test('keeps no credential, even if the configuration reads it', () => {
  const headers = { authorization: 'canary', 'x-webhook-secret': 'canary' };
  const paths = { user_id_path: 'headers.authorization', event_type_path: 'headers.X-Webhook-Secret' };
  expect(keptHeaders(headers, source([], paths))).toEqual({});
});

test('blots out the value of a header whose name the source redacts', () => {
  const headers = { 'x-access-token': 'canary', 'x-shop': 's', 'x-empty-token': '' };
  expect(keptHeaders(headers, source(Object.keys(headers), {}, ['*_token']))).toEqual({
    'x-access-token': '[redacted]',
    'x-shop': 's',
    'x-empty-token': '',
  });
});

test('reads no inherited member as a header', () => {
  expect(keptHeaders({}, source(['constructor', 'tostring', '__proto__']))).toEqual({});
});
