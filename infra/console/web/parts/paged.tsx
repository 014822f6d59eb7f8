import { useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { firstRows } from '../addresses.ts';
import { ListEnd } from './list.tsx';
import { Empty, Loading, ProblemView } from './problem.tsx';
import { DataTable, type DataTableProps } from './table.tsx';

const pageRows = 200;
const askAgainMs = 5_000;

/** A part of a list, as routes answer it. `looked` and `since`: a search's, absent for a plain list. */
export type Part = {
  rows: readonly unknown[];
  next: string | null;
  since?: string;
  looked?: { back_to: string | null };
};
export type Wanted = { limit: string; after?: string };

export type Paged<Row> = {
  rows: readonly Row[];
  /** Absent until the first part is here. */
  first: Part | undefined;
  last: Part | undefined;
  error: Error | null;
  isMore: boolean;
  isFetching: boolean;
  onMore(): void;
  reread(): void;
};

/**
 * A list whose parts are read while the reader scrolls.
 * @param isAskedAgain the first part is read again every few seconds, until there are more: new rows
 * would move the list under a reader who has scrolled down
 */
export function usePaged<Row>(
  queryKey: readonly unknown[],
  readPart: (wanted: Wanted, signal: AbortSignal) => Promise<Part>,
  isAskedAgain = false,
): Paged<Row> {
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) =>
      readPart(pageParam === '' ? { limit: String(firstRows) } : { limit: String(pageRows), after: pageParam }, signal),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
    refetchOnWindowFocus: false,
    // Comparing thousands of rows field by field, at each page, would hold up scrolling.
    structuralSharing: false,
    refetchInterval: ({ state }) =>
      isAskedAgain && (state.data === undefined || state.data.pages.length === 1) ? askAgainMs : false,
  });
  const rows = useMemo(() => data?.pages.flatMap((part) => part.rows as Row[]) ?? [], [data]);
  const onMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const reread = useCallback(() => void refetch(), [refetch]);
  const [first, last] = [data?.pages[0], data?.pages.at(-1)];
  return { rows, first, last, error, isMore: hasNextPage, isFetching: isFetchingNextPage, onMore, reread };
}

type PagedTableProps<Row> = Pick<
  DataTableProps<Row>,
  'label' | 'columns' | 'idOf' | 'placeOf' | 'isClosed' | 'selection' | 'onTop'
> & {
  list: Paged<Row>;
  /** Those to show, where they are not just the list's. */
  rows?: readonly Row[];
  noun: string;
  /** Shown when there is nothing, and no more to look through. */
  empty: React.ReactNode;
};

/** The rows of such a list, or why there are none. */
export function PagedTable<Row>({ list, rows = list.rows, noun, empty, ...table }: PagedTableProps<Row>) {
  const { first, last, error, isMore, isFetching, onMore } = list;
  if (first === undefined) return error === null ? <Loading /> : <ProblemView error={error} />;
  if (rows.length === 0)
    return isMore ? (
      <Empty title="Nothing found so far">
        <p>The search looked at many rows and stopped.</p>
        <button type="button" className="button" onClick={onMore}>
          Look further back
        </button>
      </Empty>
    ) : (
      empty
    );
  const isBlank = last?.rows.length === 0;
  return (
    <DataTable
      {...table}
      rows={rows}
      onEnd={isBlank ? undefined : onMore}
      end={
        <ListEnd
          rows={rows.length}
          noun={noun}
          isMore={isMore}
          isFetching={isFetching}
          looked={isBlank ? (last.looked?.back_to ?? null) : null}
          since={last?.since}
          onMore={onMore}
        />
      }
    />
  );
}
