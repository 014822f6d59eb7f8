import { utcDay } from '../../core/ids/event-id.ts';

const dayMs = 86_400_000;

/** Points in time, one in each UTC day that the range touches, newest day first. */
export function daysNewestFirst(sinceMs: number, untilMs: number): number[] {
  const days: number[] = [];
  for (let timeMs = untilMs; utcDay(timeMs) >= utcDay(sinceMs) && timeMs > 0; timeMs -= dayMs) days.push(timeMs);
  return days;
}

/**
 * Merges streams that are each newest first into one that is. It reads all first pages at once;
 * then it reads a stream's next row only when its last one was taken. `idOf` is the sort key: event
 * ids sort by time.
 */
export async function* mergeNewestFirst<Row>(
  streams: AsyncIterable<Row>[],
  idOf: (row: Row) => string,
): AsyncGenerator<Row> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  try {
    const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
    for (;;) {
      let newest = -1;
      let newestId = '';
      for (const [i, head] of heads.entries()) {
        if (head.done) continue;
        const id = idOf(head.value);
        if (newest < 0 || id > newestId) {
          newest = i;
          newestId = id;
        }
      }
      const head = heads[newest];
      const iterator = iterators[newest];
      if (head === undefined || head.done || iterator === undefined) return;
      yield head.value;
      heads[newest] = await iterator.next();
    }
  } finally {
    await Promise.all(iterators.map((iterator) => iterator.return?.()));
  }
}

/** The first `limit` rows; closes the stream, so that no further page is read. */
export async function take<Row>(stream: AsyncIterable<Row>, limit: number): Promise<Row[]> {
  const rows: Row[] = [];
  if (limit <= 0) return rows;
  for await (const row of stream) {
    rows.push(row);
    if (rows.length >= limit) break;
  }
  return rows;
}

/** Rows in chunks of up to `size`, for look-ups that are cheaper together. */
export async function* inChunks<Row>(stream: AsyncIterable<Row>, size: number): AsyncGenerator<Row[]> {
  let chunk: Row[] = [];
  for await (const row of stream) {
    chunk.push(row);
    if (chunk.length === size) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

/** The rows in another form, one by one. */
export async function* mapped<From, To>(
  rows: AsyncIterable<From> | Iterable<From>,
  into: (row: From) => To,
): AsyncGenerator<To> {
  for await (const row of rows) yield into(row);
}
