import { RetryableError } from '../../core/errors.ts';
import type { Page, PageRequest } from '../../ports/subscriptions.ts';

/** `after` and `before` are names of entries; at most one of them is given. */
export type WantedPage = { size: number; after?: string | undefined; before?: string | undefined };

/** `after` and `before`: the names to go on with, null where there is nothing further. */
export type FilledPage<Entry> = { entries: Entry[]; after: string | null; before: string | null };

/** What is read at a time when the first read did not suffice. */
const readAtLeast = 100;

/**
 * A page of exactly the wanted size while there are enough entries: a store's pages lack what was
 * removed, and clients take an empty page for the end.
 * @param read a page of the store, perhaps without some of its entries
 * @throws RetryableError when the time ended before the first entry was found
 */
export async function readPage<Entry>(
  { size, after, before }: WantedPage,
  read: (page: PageRequest) => Promise<Page<Entry>>,
  nameOf: (entry: Entry) => string,
  isTimeOver: () => boolean,
): Promise<FilledPage<Entry>> {
  const isBackward = before !== undefined;
  let found: Entry[] = [];
  let edge = before ?? after;
  // One more than is shown tells whether there is a next page.
  let limit = size + 1;
  do {
    const way = edge === undefined ? {} : isBackward ? { before: edge } : { after: edge };
    const page = await read({ limit, ...way });
    found = isBackward ? [...page.entries, ...found] : [...found, ...page.entries];
    edge = page.next;
    limit = Math.max(limit, readAtLeast);
    if (edge !== undefined && isTimeOver()) {
      if (found.length > 0) break;
      throw new RetryableError('the list could not be read in time');
    }
  } while (edge !== undefined && found.length <= size);

  const entries = isBackward ? found.slice(-size) : found.slice(0, size);
  const [first, last] = [entries.at(0), entries.at(-1)];
  if (first === undefined || last === undefined) return { entries, after: null, before: null };
  const isMore = edge !== undefined || found.length > size;
  const hasNext = isBackward || isMore;
  const hasPrevious = isBackward ? isMore : after !== undefined;
  return { entries, after: hasNext ? nameOf(last) : null, before: hasPrevious ? nameOf(first) : null };
}
