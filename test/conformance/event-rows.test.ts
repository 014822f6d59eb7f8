import { describe, expect, test } from '@jest/globals';
import { rowsOfRealPayloads } from '../bench/event-rows.ts';

/* Real payloads from public projects, where a folder of them lies beside the repository. */
const rows = rowsOfRealPayloads();

(rows.size > 0 ? describe : describe.skip)('the event rows of real payloads', () => {
  test.each<[string, string[]]>([
    ['RudderStack', ['rudderstack']],
    ['all senders', [...rows.keys()]],
  ])('of %s take one write unit in 95 of 100 cases', (_name, kinds) => {
    const sizes = kinds.flatMap((kind) => rows.get(kind) ?? []).map(({ written }) => written);
    const small = sizes.filter((bytes) => bytes <= 1024);
    expect(small.length / sizes.length).toBeGreaterThanOrEqual(0.95);
  });
});
