import { expect, test } from '@jest/globals';
import { isResourceKey, ResourceKey } from '../../../shared/core/ids/resource-key.ts';

// Keys name files, stand in URLs, and are looked up in maps. Of the names that every object has, one is of their form.
test('of the names that every object has, constructor alone is a key', () => {
  const names = Object.getOwnPropertyNames(Object.prototype);
  expect(names.filter(isResourceKey)).toEqual(['constructor']);
  expect(names.filter((name) => ResourceKey.safeParse(name).success)).toEqual(['constructor']);
});
