import type { SourceRow } from '../../../shared/operations/sources/source-row.ts';

/** A row that says whether there is a URL, and not which one: it is a credential. */
export function withoutUrl({ url, ...row }: SourceRow) {
  return { ...row, has_url: url !== null };
}

export type SourceWithoutUrl = ReturnType<typeof withoutUrl>;
