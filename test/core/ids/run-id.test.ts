import { describe, expect, test } from '@jest/globals';
import type { EntityRef } from '../../../shared/core/ids/entity-ref.ts';
import { invocationId } from '../../../shared/core/ids/invocation-id.ts';
import { parseRunId, printRunId, runKey, runMessageId, tenantRunKey } from '../../../shared/core/ids/run-id.ts';

const execution = '01JD3Q9F7K8M25RXK0Q4T9B7C0';

describe('run ids', () => {
  test.each<[string, EntityRef, string]>([
    ['a user', { kind: 'user', id: 'usr_8841' }, 'usr_8841'],
    ['a user whose id has dashes', { kind: 'user', id: '0b9c6f2e-71d4-4a5e' }, '0b9c6f2e-71d4-4a5e'],
    ['a user whose id is an address', { kind: 'user', id: 'lena+x@orchard.example' }, 'lena+x@orchard.example'],
    ['a user whose id has line breaks', { kind: 'user', id: 'a\nb' }, 'a\nb'],
    ['an object', { kind: 'object', collection: 'projects', id: 'p-1' }, 'projects/p-1'],
    ['a tenant', { kind: 'object', collection: '$tenants', id: 't1' }, '$tenants/t1'],
  ])('of %s lead back to the keys they were printed from', (_name, recipient, printed) => {
    const key = runKey(recipient, execution, 'order-completed');
    expect(printRunId(key)).toBe(`${execution}-${key.mappingHash}-${printed}`);
    expect(parseRunId(printRunId(key))).toEqual(key);
  });

  test('of one run per tenant have 128 bits for what an event names, and lead back as well', () => {
    const key = tenantRunKey({ kind: 'user', id: 'u-1' }, execution, 'join#welcome', 't1');
    expect(key.mappingHash).toMatch(/^[0-9a-f]{32}$/);
    expect(parseRunId(printRunId(key))).toEqual(key);
    expect(tenantRunKey({ kind: 'user', id: 'u-1' }, execution, 'join#welcome', 't2')).not.toEqual(key);
  });

  test.each([
    '',
    'x',
    execution,
    `${execution}-0a1b2c3d`,
    `${execution}-0a1b2c3d-`,
    `${execution}-0A1B2C3D-u`,
    `${execution.slice(1)}-0a1b2c3d-u`,
    `${execution.toLowerCase()}-0a1b2c3d-u`,
  ])('"%s" is none', (text) => {
    expect(parseRunId(text)).toBeUndefined();
  });
});

// Pinned: ids that were handed out must come out the same after every later change.
test('derived ids never change', () => {
  expect(invocationId(execution, 'm1')).toBe('f12c50a4-a4cb-571d-8d7f-7c4f1e770922');
  expect(runKey({ kind: 'user', id: 'u' }, execution, 'm1').mappingHash).toBe('ca0df2c9');
  expect(tenantRunKey({ kind: 'user', id: 'u' }, execution, 'm1#w', 't1').mappingHash).toBe(
    '734c11ba9bea9ab214e5b4e6c611c440',
  );
  expect(runMessageId(`${execution}-ca0df2c9-u`)).toBe('msg_46b5bcf7-068f-5a55-a6ed-1e9e0f12fcba');
});

test('ids of different executions, mappings and recipients are different', () => {
  const ids = [execution, '01JD3Q9F7K8M25RXK0Q4T9B7C1'].flatMap((one) =>
    ['m1', 'm2'].map((mapping) => invocationId(one, mapping)),
  );
  expect(new Set(ids).size).toBe(4);
});
