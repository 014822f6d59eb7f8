import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { type ConfigurationTable, queryAll } from './dynamodb-configuration-table.ts';

// An item holds 400 KB with its keys.
export const partBytesMax = 380 * 1024;

// The highest quality would take half a minute for 100,000 mappings, to save a tenth.
const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/**
 * DynamoDB takes 400 KB for an item with its names; this leaves room for how numbers and maps are
 * counted.
 */
const itemBytesMax = 390 * 1024;

/** The item would be larger than the table takes. Trying again doesn't help. */
export class ItemTooLarge extends Error {
  override name = 'ItemTooLarge';
}

/**
 * For an item that can't be split.
 * @throws ItemTooLarge with its size, before anything is written
 */
export function checkItemFits(item: object, what: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(item));
  if (bytes > itemBytesMax)
    throw new ItemTooLarge(
      `${what} would take ${Math.ceil(bytes / 1024)} KB, and the table takes ${itemBytesMax / 1024} KB at most`,
    );
}

/** The number of items that `writeParts` makes of content. */
export const partsIn = (content: Uint8Array): number => Math.ceil(content.length / partBytesMax);

export const pack = (text: string): Uint8Array => brotliCompressSync(text, options);
export const unpack = (content: Uint8Array): Buffer => brotliDecompressSync(content);

const partKey = (number: number) => String(number).padStart(4, '0');

/**
 * Writes content of any size into as many items of one partition as it needs, each with `besides`.
 * Answers their number.
 */
export async function writeParts(
  { client, table }: ConfigurationTable,
  pk: string,
  content: Uint8Array,
  besides: Record<string, unknown> = {},
): Promise<number> {
  let count = 0;
  for (; count * partBytesMax < content.length; count++) {
    const part = content.subarray(count * partBytesMax, (count + 1) * partBytesMax);
    await client.send(
      new PutCommand({ TableName: table, Item: { pk, sk: partKey(count), ...besides, content: part } }),
    );
  }
  return count;
}

/**
 * Undefined when there are none. The caller notices a missing part, because the hash or the
 * decompression fails.
 */
export async function readParts(
  table: ConfigurationTable,
  pk: string,
  consistent = false,
): Promise<Uint8Array | undefined> {
  const items = await queryAll(table, pk, consistent);
  return items.length === 0 ? undefined : partsOf(items);
}

export function partsOf(items: Record<string, unknown>[]): Uint8Array {
  return Buffer.concat(items.map(({ content }) => content as Uint8Array));
}

export async function deleteParts({ client, table }: ConfigurationTable, pk: string, count: number): Promise<void> {
  for (let number = 0; number < count; number++)
    await client.send(new DeleteCommand({ TableName: table, Key: { pk, sk: partKey(number) } }));
}
