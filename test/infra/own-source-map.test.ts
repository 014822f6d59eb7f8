import { SourceMap } from 'node:module';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { decode } from '@jridgewell/sourcemap-codec';
import { build } from 'esbuild';
import { handlerOptions } from '../../infra/build/bundle-function.js';
import { ownPartOf, type SourceMapText } from '../../infra/build/own-source-map.js';

/* The source map that is deployed with a function: what Node reads before it can print the first stack. */

let whole: SourceMapText;
beforeAll(async () => {
  const entryPoints = ['functions/ingest/handler.ts'];
  const { outputFiles = [] } = await build({ ...handlerOptions, entryPoints, outfile: 'index.mjs' });
  whole = JSON.parse(outputFiles.find(({ path }) => path.endsWith('.map'))?.text ?? '');
});

/** As Node looks a place up for a stack. */
function finderOf({ sources, names, mappings }: SourceMapText) {
  const map = new SourceMap({
    version: 3,
    file: '',
    sourceRoot: '',
    sourcesContent: [],
    sources: sources.map((source) => `file:///${source}`),
    names,
    mappings,
  } as never);
  return (line: number, column: number) => {
    const { originalSource, originalLine, originalColumn, name } = map.findEntry(line, column) as Record<
      string,
      unknown
    >;
    return originalSource === undefined ? undefined : { originalSource, originalLine, originalColumn, name };
  };
}

describe('the source map of a function', () => {
  test('leads from every place in our code to the same file, line, column and name as the whole map', () => {
    const [find, findInWhole] = [finderOf(ownPartOf(whole)), finderOf(whole)];
    const places = decode(whole.mappings).flatMap((segments, line) =>
      segments.map(([column, source]) => ({ line, column, source: source === undefined ? '' : whole.sources[source] })),
    );
    const [ours, theirs] = [true, false].map((isOurs) =>
      places.filter(({ source }) => source !== '' && !source?.includes('node_modules/') === isOurs),
    );
    expect(ours?.length).toBeGreaterThan(10_000);
    const wrong = ours?.filter(
      ({ line, column }) => JSON.stringify(find(line, column)) !== JSON.stringify(findInWhole(line, column)),
    );
    expect(wrong).toEqual([]);
    // A place in a package must not pass for one of ours.
    expect(theirs?.length).toBeGreaterThan(50_000);
    expect(theirs?.filter(({ line, column }) => find(line, column) !== undefined)).toEqual([]);
  });

  test('is a quarter of the whole map at most, and still names all our files', () => {
    const own = ownPartOf(whole);
    expect(JSON.stringify(own).length).toBeLessThan(JSON.stringify(whole).length / 4);
    expect([...own.sources].sort()).toEqual(whole.sources.filter((source) => !source.includes('node_modules/')).sort());
    expect(own.sources).toContain('functions/ingest/ingest-request.ts');
  });
});
