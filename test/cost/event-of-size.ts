import { orderCompleted, smallOrderCompleted } from '../bench/sample-events.ts';

const words =
  'mug tea blue assam spring order paper basket window garden letter silver morning harbour winter copper'.split(' ');

/**
 * A track event of about `bytes` bytes as JSON, in RudderStack's shape: the usual one of 1.5 KB, with less context when
 * it is to be smaller, and with more products when it is to be larger, since that is how real orders grow.
 * @throws Error when an event cannot be that small
 */
export function eventOfSize(bytes: number, event: string): Record<string, unknown> {
  const whole = orderCompleted({ event });
  if (sizeOf(whole) <= bytes) return grown(whole, bytes);
  const small = smallOrderCompleted({ event });
  if (sizeOf(small) <= bytes) return grown(small, bytes);
  const { type, messageId, userId, properties, timestamp } = small as {
    properties: Record<string, unknown>;
  } & typeof small;
  const { order_id, total } = properties;
  const least = { type, event, messageId, userId, timestamp, properties: { order_id, total } };
  if (sizeOf(least) > bytes) throw new Error(`an event has at least ${sizeOf(least)} bytes, so not ${bytes}`);
  return grown(least, bytes);
}

export const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

function grown(base: Record<string, unknown>, bytes: number): Record<string, unknown> {
  const { products = [], ...properties } = base.properties as { products?: unknown[] };
  const more = [...(products as unknown[])];
  const event = () => ({ ...base, properties: { ...properties, ...(more.length > 0 && { products: more }) } });
  for (let i = 0; bytes - sizeOf(event()) > 120; i++) more.push(product(i));
  const missing = bytes - sizeOf(event()) - ',"note":""'.length;
  if (missing < 0) return event();
  const note = Array.from({ length: Math.ceil(missing / 4) }, word)
    .join(' ')
    .slice(0, missing);
  const made = event();
  return { ...made, properties: { ...made.properties, note } };
}

const product = (i: number) => ({
  product_id: `P-${hex(4)}`,
  sku: `${word().toUpperCase()}-${i}`,
  name: `${word()} ${word()}`,
  price: Math.round(Math.random() * 10_000) / 100,
  quantity: 1 + (i % 3),
});
const word = () => words[Math.floor(Math.random() * words.length)] ?? '';
const hex = (digits: number) =>
  Array.from({ length: digits }, () => Math.floor(Math.random() * 16).toString(16)).join('');
