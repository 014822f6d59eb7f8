import { describe, expect, test } from '@jest/globals';
import {
  type PromotionOrder,
  promotionEnds,
  requireCommitsIn,
  takesCommits,
} from '../../../shared/operations/configuration/promotion-order.ts';

const order: PromotionOrder = [{ name: 'development' }, { name: 'staging' }, { name: 'production' }];
const direct = order.map((one) => (one.name === 'staging' ? { ...one, directCommits: true } : one));

test.each<[string, Parameters<typeof promotionEnds>[1], unknown]>([
  ['to the next', { to: 'staging' }, { lower: 'development', upper: 'staging' }],
  ['to the last, from the one below it', { to: 'production' }, { lower: 'staging', upper: 'production' }],
  ['from the first, to the one above', { from: 'development' }, { lower: 'development', upper: 'staging' }],
  ['from staging', { from: 'staging' }, { lower: 'staging', upper: 'production' }],
  ['between neighbours', { from: 'staging', to: 'production' }, { lower: 'staging', upper: 'production' }],
])('a promotion goes %s', (_name, asked, ends) => {
  expect(promotionEnds(order, asked)).toEqual(ends);
});

test.each<[string, Parameters<typeof promotionEnds>[1], string]>([
  [
    'over an environment',
    { from: 'development', to: 'production' },
    'production is promoted to from staging, not from development',
  ],
  ['down', { from: 'production', to: 'staging' }, 'staging is promoted to from development, not from production'],
  ['to the first', { to: 'development' }, 'it is the first environment'],
  ['above the last', { from: 'production' }, 'there is nothing above production'],
  ['from nowhere', { from: 'prod' }, 'there is nothing above prod'],
  ['to nowhere', { to: 'prod' }, 'there is no environment "prod"; there are: development, staging, production'],
])('a promotion %s is refused', (_name, asked, why) => {
  expect(() => promotionEnds(order, asked)).toThrow(why);
});

describe('content is committed', () => {
  test.each([
    ['in the first environment', order, 'development', true],
    ['not in a later one', order, 'staging', false],
    ['in a later one that allows it', direct, 'staging', true],
    ['not in one above that', direct, 'production', false],
    ['in one outside the order, which has none below', order, 'preview', true],
  ])('%s', (_name, environments, name, isTaken) => {
    expect(takesCommits(environments, name)).toBe(isTaken);
  });

  test('elsewhere it is refused, with the environment that it comes from', () => {
    expect(() => requireCommitsIn(order, 'production')).toThrow(
      'content of production comes by promotion, from staging',
    );
    expect(() => requireCommitsIn(order, 'development')).not.toThrow();
  });
});
