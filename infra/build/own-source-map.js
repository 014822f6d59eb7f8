// node infra/build/own-source-map.js BUNDLE: leaves in the bundle's source map only what leads to our own files.
//
// Node reads the whole map for the first stack of a process. Five sixths of a function's map are about packages, whose lines
// help little; they would cost the first failure 0.1 s of Lambda's part of a processor. Places in packages then stand in
// stacks as places in the bundle.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { decode, encode } from '@jridgewell/sourcemap-codec';

/** The part of a source map that is about files outside node_modules, with its names and columns. */
export function ownPartOf({ sources, names, mappings }) {
  const own = { sources: keptOf(sources), names: keptOf(names) };
  const isOurs = sources.map((source) => !source.includes('node_modules/'));
  // Also files without a place in the bundle: they say from what it was made.
  for (const [i] of sources.entries()) if (isOurs[i]) own.sources.indexOf(i);
  let inOurs = false;
  const lines = decode(mappings).map((segments) => {
    const kept = [];
    for (const [column, source, line, sourceColumn, name] of segments) {
      if (source !== undefined && isOurs[source]) {
        const place = [column, own.sources.indexOf(source), line, sourceColumn];
        kept.push(name === undefined ? place : [...place, own.names.indexOf(name)]);
        inOurs = true;
      } else if (inOurs) {
        // The end of ours; without it, what follows would count as its last place.
        kept.push([column]);
        inOurs = false;
      }
    }
    return kept;
  });
  return { version: 3, sources: own.sources.list, names: own.names.list, mappings: encode(lines) };
}

/** Those of a list that are asked for, in the order of the first question. */
function keptOf(all) {
  const list = [];
  const indexes = new Map();
  return {
    list,
    indexOf(i) {
      if (!indexes.has(i)) indexes.set(i, list.push(all[i]) - 1);
      return indexes.get(i);
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = `${process.argv[2]}.map`;
  writeFileSync(file, JSON.stringify(ownPartOf(JSON.parse(readFileSync(file, 'utf8')))));
}
