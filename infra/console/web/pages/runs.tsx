import type { RunRow } from '../../../../shared/operations/runs/run-row.ts';
import { apiPath, queryOf, read } from '../client.ts';
import { type Filter, Filters, RangePicker } from '../parts/filters.tsx';
import { Page } from '../parts/page.tsx';
import { PagedTable, usePaged } from '../parts/paged.tsx';
import { Empty } from '../parts/problem.tsx';
import type { Column } from '../parts/table.tsx';
import { Text } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';
import { quoted } from '../parts/words.ts';
import { RunStatus } from '../runs/status.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePageSearch } from '../shell/go.tsx';

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
  const list = usePaged<RunRow>(
    [name, 'runs', query],
    (wanted, signal) => read(api.runs.$get({ query: { ...query, ...wanted } }, { init: { signal } })),
    true,
  );
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
      <PagedTable
        list={list}
        noun="run"
        label="Runs, newest first"
        columns={columns}
        idOf={idOf}
        placeOf={placeOf}
        empty={<NoRuns isFiltered={Object.keys(query).length > 0} />}
      />
    </Page>
  );
}

function NoRuns({ isFiltered }: { isFiltered: boolean }) {
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
