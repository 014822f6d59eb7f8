import { describe, expect, test } from '@jest/globals';
import { EnvironmentState, Snapshot } from '../../../shared/core/configuration/schema.ts';
import { builtInSource, destinationSource } from '../../../shared/core/live/destination-source.ts';
import { prepareSource } from '../../../shared/core/live/prepared.ts';
import type { LiveConfiguration } from '../../../shared/ports/configuration.ts';

const live = (kinds: Record<string, string>): LiveConfiguration => ({
  version: 1,
  snapshot: Snapshot.parse({
    sources: Object.fromEntries(Object.entries(kinds).map(([key, kind]) => [key, { kind, name: key }])),
    workflows: {},
    audiences: {},
  }),
  state: EnvironmentState.parse({}),
});

function keyOf(kinds: Record<string, string>, named?: string): string | undefined {
  const found = destinationSource(live(kinds), 'census', named);
  return found.kind === 'found' ? found.source.key : found.problem;
}

describe('the source of records that came by a key of the environment', () => {
  test.each([
    ['the one that the URL names', { warehouse: 'census', census: 'census' }, 'warehouse', 'warehouse'],
    ['the only one of the kind', { warehouse: 'census', web: 'rudderstack' }, undefined, 'warehouse'],
    ['of several the one with the key of the kind', { warehouse: 'census', census: 'census' }, undefined, 'census'],
    ['the built-in one without any', { web: 'rudderstack' }, undefined, 'census'],
  ])('is %s', (_name, kinds, named, key) => {
    expect(keyOf(kinds, named)).toBe(key);
  });

  test.each([
    [
      'a name that no source has',
      { warehouse: 'census' },
      'other',
      'there is no source other of kind census; there are: warehouse',
    ],
    [
      'the name of another kind',
      { web: 'rudderstack' },
      'web',
      'there is no source web of kind census; there is none; leave ?source= out',
    ],
    [
      'several, and none named',
      { a: 'census', b: 'census' },
      undefined,
      'the sources a, b are all of kind census; add ?source= and one of them to the URL',
    ],
    [
      'another kind that has its key',
      { census: 'http' },
      undefined,
      'the source census is of kind http; make one of kind census under another key',
    ],
  ])('is unclear for %s, and the problem says what would be right', (_name, kinds, named, problem) => {
    expect(keyOf(kinds, named)).toBe(problem);
  });

  test('without a file is switched on, has no mappings, and no URL leads to it', () => {
    const configuration = live({});
    const source = builtInSource(configuration, 'census');
    expect(source).toMatchObject({ key: 'census', settings: { enabled: true }, mostMappings: 0, redact: [] });
    expect(prepareSource(configuration, 'census')).toBeUndefined();
  });
});
