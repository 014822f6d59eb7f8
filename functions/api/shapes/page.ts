import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { FilledPage, WantedPage } from '../../../shared/operations/requests/read-page.ts';
import { invalid, type Refused } from '../answer.ts';

const pageSizeMax = 50;

/** The query of every list. */
export const pageQuery = {
  after: z.string().optional().describe('The page behind this cursor.'),
  before: z.string().optional().describe('The page in front of this cursor; `after` wins over it.'),
  page_size: z.coerce.number().int().min(1).max(pageSizeMax).default(pageSizeMax).describe('Entries per page.'),
};

/** Query of lists whose entries have preferences, which are shown on demand. */
export const include = z
  .array(z.enum(['preferences']))
  .optional()
  .describe('`include[]=preferences` shows preference sets.');

export const PageInfo = z
  .object({
    __typename: z.literal('PageInfo'),
    after: z.string().nullable().describe('Null on the last page.'),
    before: z.string().nullable().describe('Null on the first page.'),
    page_size: z.int(),
  })
  .meta({ id: 'PageInfo' });

/** The answer of a list. */
export function pageOf<Entry extends z.ZodType>(entry: Entry) {
  return z.object({ entries: z.array(entry), page_info: PageInfo });
}

type PageQuery = z.output<z.ZodObject<typeof pageQuery>>;

/** A list that a request pages through: the page that it wants, and the answer made of what was found. */
export type PagedList = {
  kind: 'list';
  wanted: WantedPage;
  answerOf<Entry, Shape>(page: FilledPage<Entry>, shape: (entry: Entry) => Shape): PageAnswer<Shape>;
};
type PageAnswer<Shape> = { entries: Shape[]; page_info: z.output<typeof PageInfo> };

/** Longer than the longest name of an entry, `collection/id`. */
const nameBytesMax = 1010;

/**
 * A cursor is the name of an entry, or of a place, in one list; clients do not look into it. One of
 * another list is refused: it would name a place that no reader of this list has seen.
 * @param list which list it is, its owner included: of two lists the names differ
 */
export function pagedList(list: string, query: PageQuery, cursorBytesMax = nameBytesMax): PagedList | Refused {
  const mark = createHash('sha256').update(list).digest().subarray(0, markBytes);
  const cursorOf = (name: string | null) =>
    name === null ? null : Buffer.concat([mark, Buffer.from(name)]).toString('base64url');
  const wanted: WantedPage = { size: query.page_size };
  const field = query.after === undefined ? 'before' : 'after';
  const text = query[field];
  if (text !== undefined) {
    const bytes = Buffer.from(text, 'base64url');
    const name = bytes.subarray(markBytes).toString();
    const isOne = name !== '' && Buffer.byteLength(name) <= cursorBytesMax && cursorOf(name) === text;
    if (!isOne) {
      const message = 'is not a cursor of this list; take it from page_info of another page of it';
      return invalid([{ field, message, type: null }]);
    }
    wanted[field] = name;
  }
  return {
    kind: 'list',
    wanted,
    answerOf: ({ entries, after, before }, shape) => ({
      entries: entries.map(shape),
      page_info: {
        __typename: 'PageInfo',
        after: cursorOf(after),
        before: cursorOf(before),
        page_size: query.page_size,
      },
    }),
  };
}

const markBytes = 4;
