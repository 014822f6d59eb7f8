import { expect, test } from '@jest/globals';
import { isResourceKey, ResourceKey } from '../../../shared/core/ids/resource-key.ts';

// Keys name files, stand in URLs, and are looked up in maps: no name may be there before it was put there.
test.each(Object.getOwnPropertyNames(Object.prototype))('%s, which every object has, is not a key', (name) => {
  expect([isResourceKey(name), ResourceKey.safeParse(name).success]).toEqual([false, false]);
});

test.each(['stripe', 'stripe-eu', '2nd', 'a_b', 'constructor-2', 'prototype'])('%s is a key', (key) => {
  expect([isResourceKey(key), ResourceKey.safeParse(key).success]).toEqual([true, true]);
});
