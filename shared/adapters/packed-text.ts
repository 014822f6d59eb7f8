import { deflateRawSync, inflateRawSync } from 'node:zlib';
import dictionary1 from './dictionaries/1.json' with { type: 'json' };
import dictionary2 from './dictionaries/2.json' with { type: 'json' };

/** Whose words a text is made of; infra/build/vocabularies has a file for each. */
export type Vocabulary = 'events' | 'actions';

/**
 * Every dictionary that rows were ever written with: rows name theirs and are kept for years.
 * `npm run dictionaries` makes new ones.
 */
const dictionaries = [dictionary1, dictionary2].map(({ id, of, text }) => ({ id, of, bytes: Buffer.from(text) }));
const byId = new Map(dictionaries.map((dictionary) => [dictionary.id, dictionary]));
/** The newest of each kind. */
const newest = new Map(dictionaries.map((dictionary) => [dictionary.of, dictionary]));

// A window of 16 KB covers the dictionary and the texts that are packed, and a chunk of 1 KB the
// result. Node's defaults take twice the memory, which costs time at each call.
const options = { level: 6, windowBits: 14, memLevel: 7, chunkSize: 1024 };
const textBytesMax = 64 * 1024 * 1024;

/**
 * A short text as rows hold it: a byte that names the dictionary, then raw deflate. Brotli would
 * take fewer bytes of a long text, but Node has no dictionaries for it.
 */
export function packText(text: Uint8Array, vocabulary: Vocabulary): Uint8Array {
  const dictionary = newest.get(vocabulary);
  if (dictionary === undefined) throw new Error(`there is no dictionary of ${vocabulary}`);
  const packed = deflateRawSync(text, { ...options, dictionary: dictionary.bytes });
  return Buffer.concat([Buffer.of(dictionary.id), packed]);
}

/** @throws when a newer version packed the text with a dictionary that this version lacks */
export function unpackText(packed: Uint8Array): Buffer {
  const [id = 0] = packed;
  const dictionary = byId.get(id);
  if (dictionary === undefined) throw new Error(`dictionary ${id} is not known here: a newer version wrote the row`);
  return inflateRawSync(packed.subarray(1), { dictionary: dictionary.bytes, maxOutputLength: textBytesMax });
}
