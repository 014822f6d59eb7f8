import { useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import type { RunRow } from '../../../../shared/operations/runs/run-row.ts';
import { apiPath, queryOf, read } from '../client.ts';
import { type Filter, Filters, RangePicker } from '../parts/filters.tsx';
import { ListEnd } from '../parts/list.tsx';
import { Page } from '../parts/page.tsx';
import { Empty, Loading, ProblemView } from '../parts/problem.tsx';
import { type Column, DataTable } from '../parts/table.tsx';
import { Text } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';
import { quoted } from '../parts/words.ts';
import { RunStatus } from '../runs/status.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePageSearch } from '../shell/go.tsx';

const pageRows = 200;
const askAgainMs = 5_000;

const columns: Column<RunRow>[] = [
  { id: 'started', title: 'Started', width: 122, narrow: true, cell: ({ inserted_at }) => <Time iso={inserted_at} /> },
  { id: 'workflow', title: 'Workflow', narrow: true, cell: ({ workflow }) => <Text>{workflow}</Text> },
  { id: 'recipient', title: 'Recipient', cell: ({ recipient }) => <Text>{recipient}</Text> },
  { id: 'status', title: 'Status', width: 118, narrow: true, cell: ({ status }) => <RunStatus status={status} /> },
  { id: 'target', title: 'Target', width: 120, cell: ({ target }) => target },
  { id: 'attempts', title: 'Attempts', width: 84, align: 'right', cell: ({ attempts }) => attempts },
  {
    id: 'why',
    title: 'Why',
    cell: ({ error, cancel_reason }) => <Text>{error ?? (cancel_reason === null ? '' : `by ${cancel_reason}`)}</Text>,
  },
];

const idOf = ({ id }: RunRow) => id;
const placeOf = ({ id }: RunRow) => ({ to: ['runs', id] });

/** Workflow runs, newest first: who got what. */
export default function Runs() {
  const { name, api, lists } = useEnvironment();
  const [search, change] = usePageSearch();
  const query = queryOf(search);
  const filters: Filter[] = [
    { name: 'status', label: 'Status', options: lists.run_statuses },
    { name: 'workflow', label: 'Workflow' },
    { name: 'recipient', label: 'Recipient' },
    { name: 'event', label: 'Event id' },
  ];
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: [name, 'runs', query],
    queryFn: ({ pageParam, signal }) =>
      read(
        api.runs.$get(
          { query: { ...query, limit: String(pageRows), ...(pageParam !== '' && { after: pageParam }) } },
          { init: { signal } },
        ),
      ),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
    refetchOnWindowFocus: false,
    // A person who reads further down is not disturbed.
    refetchInterval: ({ state }) => (state.data === undefined || state.data.pages.length === 1 ? askAgainMs : false),
  });
  const rows = useMemo(() => data?.pages.flatMap((page) => page.rows as unknown as RunRow[]) ?? [], [data]);
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const lastPage = data?.pages.at(-1);
  const options = Object.entries(query).map(([option, value]) => `--${option} ${quoted(value)}`);
  return (
    <Page
      title="Runs"
      fills
      command={['runs', ...options].join(' ')}
      json={`${apiPath(name)}/runs?${new URLSearchParams({ ...query, limit: '1000' })}`}
    >
      <div className="toolbar">
        <Filters filters={filters} search={search} onChange={change} />
        <RangePicker
          search={search}
          onChange={change}
          unset={search.recipient === undefined ? 'Last 3 days' : 'However long ago'}
        />
      </div>
      {error !== null && data === undefined ? (
        <ProblemView error={error} />
      ) : data === undefined ? (
        <Loading />
      ) : rows.length === 0 ? (
        <NoRuns isFiltered={Object.keys(query).length > 0} isMore={hasNextPage} onMore={() => void fetchNextPage()} />
      ) : (
        <DataTable
          label="Runs, newest first"
          rows={rows}
          columns={columns}
          idOf={idOf}
          placeOf={placeOf}
          onEnd={lastPage !== undefined && lastPage.rows.length > 0 ? onEnd : undefined}
          end={
            <ListEnd
              rows={rows.length}
              noun="run"
              isMore={hasNextPage}
              isFetching={isFetchingNextPage}
              looked={lastPage?.rows.length === 0 ? lastPage.looked.back_to : null}
              since={lastPage?.since}
              onMore={() => void fetchNextPage()}
            />
          }
        />
      )}
    </Page>
  );
}

function NoRuns({ isFiltered, isMore, onMore }: { isFiltered: boolean; isMore: boolean; onMore(): void }) {
  if (isMore)
    return (
      <Empty title="Nothing found so far">
        <p>The search looked at many rows and stopped.</p>
        <button type="button" className="button" onClick={onMore}>
          Look further back
        </button>
      </Empty>
    );
  if (isFiltered)
    return (
      <Empty title="No run matches">
        <p>Take out a filter, or look further back.</p>
      </Empty>
    );
  return (
    <Empty title="No runs yet">
      <p>
        A mapping that triggers a workflow makes a run for each recipient. <Go to={['events']}>Events</Go> shows what
        came in, <Go to={['workflows']}>Workflows</Go> what can run.
      </p>
    </Empty>
  );
}
