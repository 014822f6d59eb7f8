import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../infra/build/build.js';
import { guide as clay } from '../../shared/core/sources/clay.guide.ts';
import type { SampleMaker, SampleSet, SampleUser } from '../../shared/core/sources/guide.ts';
import { guide as rudderstack } from '../../shared/core/sources/rudderstack.guide.ts';
import { guide as segment } from '../../shared/core/sources/segment.guide.ts';

/** A request of a sender. */
export type Post = { source: string; headers: Record<string, string>; body: unknown };

const people = ['Lena Orchard', 'Tom Baker', 'Aiko Mori', 'Sofia Rossi', 'Noah Klein', 'Maya Singh', 'Jonas Weber'];
const users: SampleUser[] = people.map((name, i) => {
  const [first = ''] = name.toLowerCase().split(' ');
  return { id: `usr_${8_841 + 137 * i}`, name, email: `${first}@orchard.example` };
});

/** What a shop's senders post in a busy minute, the same in each run but for times. */
export function posts(): Post[] {
  const make = maker();
  const of = (source: string, set: SampleSet, type: string, i: number): Post => {
    const user = users[i % users.length] as SampleUser;
    const sample = type === 'identify' ? set.identify?.(user, make) : set.ofType(type, user, make);
    if (sample === undefined) throw new Error(`${source} sends no ${type}`);
    return { source, headers: { ...set.headers, ...sample.headers }, body: sample.body };
  };
  const shop = (type: string, i: number) => of('rudderstack', rudderstack.samples, type, i);
  const app = (type: string, i: number) => of('segment', segment.samples, type, i);
  const lead = (i: number) => of('leads', clay.samples, 'lead.enriched', i);
  const payment = (i: number): Post => {
    const post = shop('track/payment_failed', i);
    const properties = { invoice_id: `in_${make.int(10_000, 99_999)}`, amount: 49, currency: 'EUR', attempt: 2 };
    return { ...post, body: { ...(post.body as object), properties } };
  };
  const order = shop('track/order_completed', 2);
  return [
    ...users.flatMap((_, i) => [shop('identify', i), app('identify', i)]),
    ...Array.from({ length: 6 }, (_, i) => [
      shop('track/order_completed', i),
      app('track/user-signed-up', i + 2),
      shop('track/product_viewed', i + 1),
      lead(i),
      ...(i % 2 === 0 ? [payment(i + 3)] : []),
      shop('page', i + 4),
    ]).flat(),
    order,
    order,
    fixture('track-without-name'),
    fixture('track-anonymous'),
    shop('track/order_completed', 5),
    app('track/user-signed-up', 6),
    payment(1),
    lead(4),
    shop('track/order_completed', 0),
  ];
}

/** A real payload of the repository's. */
function fixture(name: string): Post {
  const path = join(root, `test/fixtures/sources/rudderstack/${name}.json`);
  return { source: 'rudderstack', headers: rudderstack.samples.headers, body: JSON.parse(readFileSync(path, 'utf8')) };
}

/** A maker that makes the same of each run. */
function maker(): SampleMaker {
  let state = 20_261;
  const next = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  const hex = (digits: number) => Array.from({ length: digits }, () => Math.floor(16 * next()).toString(16)).join('');
  return {
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    int: (min, max) => min + Math.floor((max - min) * next()),
    nowMs: Date.now(),
  };
}
