import { describe, expect, test } from '@jest/globals';
import { daysNewestFirst, inChunks, mergeNewestFirst, take } from '../../../shared/operations/tables/newest-first.ts';
import fc from '../../support/fast-check.ts';

type Row = { id: string };

/** A stream that counts how many rows were taken from it, and whether it was closed. */
function stream(ids: string[]) {
  const state = { taken: 0, closed: false };
  const rows = (async function* () {
    try {
      for (const id of ids) {
        state.taken++;
        yield { id };
      }
    } finally {
      state.closed = true;
    }
  })();
  return { rows, state };
}

const all = async (rows: AsyncIterable<Row>) => (await take(rows, Number.POSITIVE_INFINITY)).map(({ id }) => id);

describe('rows of several shards', () => {
  test('come out newest first, each once, whatever shard they are in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        async (ids, shards) => {
          const descending = [...ids].sort((a, b) => (a < b ? 1 : -1));
          const streams = Array.from(
            { length: shards },
            (_, s) => stream(descending.filter((_id, i) => i % shards === s)).rows,
          );
          expect(await all(mergeNewestFirst(streams, ({ id }) => id))).toEqual(descending);
        },
      ),
    );
  });

  test('are read only as far as they are asked for, and the streams are closed', async () => {
    const first = stream(['9', '8', '7', '6']);
    const second = stream(['5', '4', '3']);
    const rows = await take(
      mergeNewestFirst([first.rows, second.rows], ({ id }) => id),
      2,
    );
    expect(rows.map(({ id }) => id)).toEqual(['9', '8']);
    expect(first.state).toEqual({ taken: 2, closed: true });
    expect(second.state).toEqual({ taken: 1, closed: true });
  });

  test('no row is asked for when none is wanted', async () => {
    const { rows, state } = stream(['1']);
    expect(await take(rows, 0)).toEqual([]);
    expect(state.taken).toBe(0);
  });

  test('chunks hold every row, the last one the rest', async () => {
    const chunks: string[][] = [];
    for await (const chunk of inChunks(stream(['5', '4', '3', '2', '1']).rows, 2))
      chunks.push(chunk.map(({ id }) => id));
    expect(chunks).toEqual([['5', '4'], ['3', '2'], ['1']]);
  });
});

describe('days of a range', () => {
  const days = (since: string, until: string) =>
    daysNewestFirst(Date.parse(since), Date.parse(until)).map((timeMs) => new Date(timeMs).toISOString().slice(0, 10));

  test('both ends belong to it, however little of their day is in it', () => {
    expect(days('2026-11-19T23:59:59.999Z', '2026-11-21T00:00:00Z')).toEqual([
      '2026-11-21',
      '2026-11-20',
      '2026-11-19',
    ]);
    expect(days('2026-11-21T01:00:00Z', '2026-11-21T02:00:00Z')).toEqual(['2026-11-21']);
  });

  test('a range that ends before it begins has none', () => {
    expect(days('2026-11-22T00:00:00Z', '2026-11-21T00:00:00Z')).toEqual([]);
  });
});
