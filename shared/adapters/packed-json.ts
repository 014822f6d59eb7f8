import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type { JsonValue } from '../core/json/values.ts';

// Quality 5 costs about 50 µs for an action's parameters and keeps rows within one write unit; 11
// would cost milliseconds.
const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/** JSON as log rows hold it: brotli, binary. */
export function packJson(value: JsonValue): Uint8Array {
  return brotliCompressSync(JSON.stringify(value), options);
}

export function unpackJson(bytes: Uint8Array): JsonValue {
  return JSON.parse(brotliDecompressSync(bytes).toString());
}
