import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  type Dictionary,
  dictionaryBytesMax,
  dictionaryText,
  newDictionaries,
  type VocabularyFile,
} from '../../infra/build/write-dictionaries.js';
import { packJson } from '../../shared/adapters/packed-json.ts';
import { packText, unpackText, type Vocabulary } from '../../shared/adapters/packed-text.ts';
import { packEventText } from '../../shared/core/events/raw-event.ts';
import fc from '../support/fast-check.ts';

const readAll = <File>(folder: string): File[] => {
  const url = new URL(`../../${folder}/`, import.meta.url);
  return readdirSync(url).map((name) => JSON.parse(readFileSync(new URL(name, url), 'utf8')));
};
const dictionaries = readAll<Dictionary>('shared/adapters/dictionaries');
const vocabularies = readAll<VocabularyFile>('infra/build/vocabularies');
const vocabularyNames: Vocabulary[] = ['events', 'actions'];

/**
 * SHA-256 of every dictionary that there ever was. Rows name theirs and are kept for years, so a line here is never changed
 * and never removed.
 */
const shipped: Record<number, string> = {
  1: '83e9721a470b627c1e4ce6073be6428b7f09c58889aec41f2853b98ea26aa4b2',
  2: '529943835acef6821ec934db112f3a936d9dd13e1388977520ec612f9d4cb5c6',
};

describe('the dictionaries', () => {
  test('that were ever used are all there, byte for byte', () => {
    const digests = dictionaries.map(({ id, text }) => [id, createHash('sha256').update(text).digest('hex')]);
    expect(Object.fromEntries(digests)).toEqual(shipped);
  });

  test.each(vocabularyNames)('of %s are made of its vocabulary as it is now', (name) => {
    expect(vocabularies.map(({ of }) => of)).toContain(name);
    expect(newDictionaries(vocabularies, dictionaries)).toEqual([]);
  });

  test('hold names and constants of SDKs: no address, no id, no time', () => {
    for (const { text } of dictionaries) {
      expect(text).not.toMatch(/@/);
      expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}/);
      expect(text).not.toMatch(/\d{4}-\d{2}/);
      expect(text).not.toMatch(/\d{5}/);
    }
  });

  test('get a new id when a vocabulary changes, and leave the earlier ones as they are', () => {
    const [first] = vocabularies as [VocabularyFile];
    const changed = { ...first, shapes: [...first.shapes, { new_field: null }] };
    const last = Math.max(...dictionaries.map(({ id }) => id));
    const text = `${dictionaryText(first)}{"new_field":}`;
    expect(newDictionaries([changed], dictionaries)).toEqual([{ id: last + 1, of: first.of, text }]);
  });

  test('have no id that the first byte of brotli could be taken for', () => {
    const [first] = vocabularies as [VocabularyFile];
    const known = [{ id: 10, of: first.of, text: '' }];
    expect(newDictionaries([first], known).map(({ id }) => id)).toEqual([12]);
    expect(dictionaries.filter(({ id }) => id % 16 === 11 || id > 255)).toEqual([]);
    for (const length of [0, 1, 500, 20_000, 300_000]) {
      const body = 'x'.repeat(length);
      expect([packJson(body), packEventText({ headers: {}, body })].map(([byte = 0]) => byte % 16)).toEqual([11, 11]);
    }
  });

  test('are short: each row that uses one pays for all of it', () => {
    const shapes = [{ name: 'x'.repeat(dictionaryBytesMax) }];
    expect(() => newDictionaries([{ of: 'events', shapes }], [])).toThrow(/events: \d+ bytes/);
  });
});

describe('a packed text', () => {
  test('is read as it was, whatever its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.constantFrom(...vocabularyNames), (bytes, vocabulary) => {
        expect(new Uint8Array(unpackText(packText(bytes, vocabulary)))).toEqual(bytes);
      }),
    );
  });

  test('of a dictionary that is not known is refused, and the message says what is wrong', () => {
    const packed = packText(Buffer.from('{}'), 'events');
    expect(() => unpackText(Buffer.concat([Buffer.of(250), packed.subarray(1)]))).toThrow(
      'dictionary 250 is not known here: a newer version wrote the row',
    );
  });

  test('that is damaged is refused', () => {
    expect(() => unpackText(packText(Buffer.from('{"a":1}'), 'events').subarray(0, 3))).toThrow();
    expect(() => unpackText(new Uint8Array())).toThrow();
  });
});
