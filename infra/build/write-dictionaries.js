// Plain JavaScript: it runs without a build.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * `npm run dictionaries` makes the compression dictionaries of log rows from the shapes in `vocabularies/`: the field names that
 * senders publish, and constants of their SDKs. A dictionary that exists never changes, since rows name it. So new shapes make a
 * dictionary with the next id, and the rows of all earlier ones stay readable.
 */

const vocabularies = new URL('./vocabularies/', import.meta.url);
const dictionaries = new URL('../../shared/adapters/dictionaries/', import.meta.url);

/** Every row that uses a dictionary pays for its length in processor time: about 4 µs per KB. */
export const dictionaryBytesMax = 4096;

const readAll = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

/** The shapes as JSON has them in an event: the last is the likeliest, since near matches take the fewest bits. */
export function dictionaryText({ shapes }) {
  // `null` stands for a number, which is different in each event.
  return shapes.map((shape) => JSON.stringify(shape).replaceAll(':null', ':')).join('');
}

/** What must be written: one dictionary for each vocabulary whose newest dictionary has another text. */
export function newDictionaries(vocabularies, known) {
  let id = Math.max(0, ...known.map((one) => one.id));
  // Brotli begins with a byte like that, and a row's first byte says which of both it is.
  const nextId = () => (++id % 16 === 11 ? ++id : id);
  return vocabularies.flatMap((vocabulary) => {
    const text = dictionaryText(vocabulary);
    if (Buffer.byteLength(text) > dictionaryBytesMax)
      throw new Error(`${vocabulary.of}: ${Buffer.byteLength(text)} bytes, more than ${dictionaryBytesMax}`);
    const newest = known.filter(({ of }) => of === vocabulary.of).sort((a, b) => b.id - a.id)[0];
    return newest?.text === text ? [] : [{ id: nextId(), of: vocabulary.of, text }];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const added = newDictionaries(readAll(vocabularies), readAll(dictionaries));
  for (const dictionary of added) {
    const file = new URL(`${dictionary.id}.json`, dictionaries);
    writeFileSync(file, `${JSON.stringify(dictionary, undefined, 2)}\n`, { flag: 'wx' });
    console.log(`wrote ${fileURLToPath(file)}: list it in shared/adapters/packed-text.ts`);
  }
  if (added.length === 0) console.log('all dictionaries are up to date');
}
