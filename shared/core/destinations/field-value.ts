import type { JsonValue } from '../json/values.ts';

/**
 * A value as it is stored. Vendors send decimals as text, to lose no digit: such a text becomes a
 * number if the number means exactly the same, and stays text if not. All other values stay as sent.
 */
export function fieldValue(value: JsonValue, type: string | undefined): JsonValue {
  if (type !== 'decimal' || typeof value !== 'string') return value;
  const number = Number(value);
  const digits = plainDigits(value);
  return digits !== undefined && digits === plainDigits(String(number)) ? number : value;
}

/** A decimal without zeros that mean nothing: `-01.50` is `-1.5`. Undefined for any other text. */
function plainDigits(text: string): string | undefined {
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const significant = fraction.replace(/0+$/, '');
  const digits = whole.replace(/^0+(?=\d)/, '') + (significant === '' ? '' : `.${significant}`);
  return digits === '0' ? '0' : sign + digits;
}
