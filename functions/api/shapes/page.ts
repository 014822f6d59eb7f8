import * as z from 'zod';
import type { FilledPage, WantedPage } from '../../../shared/operations/requests/read-page.ts';

/** Longer than the longest name of an entry, `collection/id`. */
const nameBytesMax = 1010;

/** A cursor is the name of an entry, or of a place; clients do not look into it. */
function cursor(bytesMax: number) {
  return z
    .string()
    .transform((text, context): string => {
      const name = Buffer.from(text, 'base64url').toString();
      const isOne = name !== '' && Buffer.byteLength(name) <= bytesMax && cursorOf(name) === text;
      if (isOne) return name;
      context.addIssue({ code: 'custom', message: 'is not a cursor; take it from page_info of another page' });
      return z.NEVER;
    })
    .optional();
}

function cursorOf(name: string): string {
  return Buffer.from(name).toString('base64url');
}

const pageSizeMax = 50;

/** The query of every list. */
export const pageQuery = pageQueryOf(nameBytesMax);

/** The same, with cursors that name longer places. */
export function pageQueryOf(cursorBytesMax: number) {
  const Cursor = cursor(cursorBytesMax);
  return {
    after: Cursor.describe('The page behind this cursor.'),
    before: Cursor.describe('The page in front of this cursor; `after` wins over it.'),
    page_size: z.coerce.number().int().min(1).max(pageSizeMax).default(pageSizeMax).describe('Entries per page.'),
  };
}

/** Query of lists whose entries have preferences, which are shown on demand. */
export const include = z
  .array(z.enum(['preferences']))
  .optional()
  .describe('`include[]=preferences` shows preference sets.');

type PageQuery = z.output<z.ZodObject<typeof pageQuery>>;

export function wantedPage({ after, before, page_size: size }: PageQuery): WantedPage {
  return { size, after, before: after === undefined ? before : undefined };
}

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

export function pageShape<Entry, Shape>(
  { entries, after, before }: FilledPage<Entry>,
  { page_size }: PageQuery,
  shape: (entry: Entry) => Shape,
) {
  const cursor = (name: string | null) => (name === null ? null : cursorOf(name));
  return {
    entries: entries.map(shape),
    page_info: { __typename: 'PageInfo', after: cursor(after), before: cursor(before), page_size },
  };
}
