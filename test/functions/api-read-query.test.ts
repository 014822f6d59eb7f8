import { expect, test } from '@jest/globals';
import { readQuery } from '../../functions/api/read-query.ts';

test.each([
  ['a list of texts', 'status[]=queued&status[]=completed', { status: ['queued', 'completed'] }],
  ['with encoded brackets', 'include%5B%5D=preferences', { include: ['preferences'] }],
  ['a list of maps by index', 'objects[0][id]=o&objects[0][collection]=c', { objects: [{ id: 'o', collection: 'c' }] }],
  ['in any order of the index', 'o[1][id]=b&o[0][id]=a&o[1][c]=x', { o: [{ id: 'b', c: 'x' }, { id: 'a' }] }],
  ['one map', 'recipient[id]=o&recipient[collection]=c', { recipient: { id: 'o', collection: 'c' } }],
  [
    'a mixed list',
    'recipients[]=u1&recipients[][id]=1&recipients[][collection]=c&recipients[][id]=2',
    { recipients: ['u1', { id: '1', collection: 'c' }, { id: '2' }] },
  ],
  ['a plus as a space, an escape once', 'name=a+b%2Bc%2520', { name: 'a b+c%20' }],
  ['the last of two', 'after=a&after=b', { after: 'b' }],
  ['a raw JSON text', 'members=[{"user":{"id":"u"}}]', { members: '[{"user":{"id":"u"}}]' }],
  [
    'names that programs own',
    '__proto__[a]=x&constructor=y',
    Object.fromEntries([
      ['__proto__', { a: 'x' }],
      ['constructor', 'y'],
    ]),
  ],
  ['names without a meaning', ']x=1&[]=2&a[b][c][d]=3', {}],
  ['nothing', '', {}],
])('reads %s', (_name, query, expected) => {
  expect(readQuery(query)).toEqual(expected);
});
