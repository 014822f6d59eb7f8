/** The most bytes of an item: 400 KB, less a little in case a table counts differently. */
export const itemBytesMax = 396 * 1024;

/**
 * An item's size as DynamoDB counts it, or a byte more per number: names and values, numbers by their
 * digits, a little for lists and maps.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemBytes(item: Record<string, unknown>): number {
  return Object.entries(item).reduce(
    (sum, [name, value]) => (value === undefined ? sum : sum + Buffer.byteLength(name) + valueBytes(value)),
    0,
  );
}

/** What a write of the item to its table takes; indexes apart. */
export function writeUnits(item: Record<string, unknown>): number {
  return Math.ceil(itemBytes(item) / 1024);
}

function valueBytes(value: unknown): number {
  if (value === null || typeof value === 'boolean') return 1;
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return numberBytes(value);
  if (value instanceof Uint8Array) return value.length;
  // Three for the list or map, one more for each member.
  if (Array.isArray(value)) return 3 + value.reduce((sum: number, member) => sum + 1 + valueBytes(member), 0);
  const members = value as Record<string, unknown>;
  return 3 + Object.keys(members).length + itemBytes(members);
}

/**
 * One byte for two digits, counted from the decimal point, so that 1.2 takes two; one for the
 * exponent, and one for a sign.
 */
function numberBytes(value: number): number {
  const digits = String(value).replace(/\D/g, '').length;
  return Math.ceil((digits + 1) / 2) + 1 + (value < 0 ? 1 : 0);
}
