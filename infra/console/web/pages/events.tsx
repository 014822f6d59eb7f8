import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { ListedEvent } from '../../../../shared/operations/events/listed-event.ts';
import { type Bulk, BulkDialog } from '../bulk/dialog.tsx';
import { SelectionBar } from '../bulk/selection.tsx';
import { apiPath, queryOf, read } from '../client.ts';
import { discardedText } from '../discard/words.ts';
import { useFreshRows } from '../events/fresh-rows.ts';
import { type Filter, Filters, RangePicker } from '../parts/filters.tsx';
import { CountedRows } from '../parts/groups.tsx';
import { GroupBy } from '../parts/list.tsx';
import { useLive } from '../parts/live.ts';
import { LiveNote } from '../parts/live-note.tsx';
import { Page } from '../parts/page.tsx';
import { PagedTable, usePaged } from '../parts/paged.tsx';
import { Empty } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import type { Column } from '../parts/table.tsx';
import { Text } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';
import { plural, quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, type Search, usePageSearch } from '../shell/go.tsx';

/** Events, newest first, as they come in. */
export default function Events() {
  const { name, api, lists } = useEnvironment();
  const [search, change] = usePageSearch();
  const { by, ...filter } = search;
  const { data: keys } = useQuery({
    queryKey: [name, 'sources', 'keys'],
    queryFn: () => read(api.sources.keys.$get()),
  });
  const filters: Filter[] = [
    { name: 'status', label: 'Status', options: lists.event_statuses },
    { name: 'source', label: 'Source', options: keys ?? [] },
    { name: 'type', label: 'Type' },
    { name: 'user_id', label: 'User' },
    { name: 'text', label: 'Text in the event' },
    { name: 'reason', label: 'Reason', options: lists.event_reasons, more: true },
    { name: 'message_id', label: 'Message id', more: true },
    { name: 'mapping', label: 'Mapping', more: true },
    { name: 'workflow', label: 'Workflow', more: true },
    { name: 'did_nothing', label: 'Did nothing', options: ['true'], more: true },
    { name: 'config_version', label: 'Configuration version', more: true },
    { name: 'sync_run_id', label: 'Run of a sync', more: true },
  ];
  const toolbar = (
    <div className="toolbar">
      <Filters filters={filters} search={search} onChange={change} />
      <RangePicker search={search} onChange={change} unset="Last 3 days" />
      <GroupBy groupings={lists.event_groupings} by={by} onChange={change} />
    </div>
  );
  return by === undefined ? (
    <EventList key={JSON.stringify(filter)} filter={filter} toolbar={toolbar} />
  ) : (
    <EventGroups filter={filter} by={by} toolbar={toolbar} />
  );
}

const flags: Record<string, string> = {
  user_id: 'user',
  message_id: 'message-id',
  sync_run_id: 'sync-run',
  config_version: 'config-version',
  did_nothing: 'did-nothing',
  by: 'group-by',
};

/** The command that lists the same. */
function commandOf(search: Search): string {
  const options = Object.entries(queryOf(search)).map(([name, value]) =>
    name === 'did_nothing' ? '--did-nothing' : `--${flags[name] ?? name} ${quoted(value)}`,
  );
  return ['events', ...options].join(' ');
}

const columns: Column<ListedEvent>[] = [
  {
    id: 'received',
    title: 'Received',
    width: 122,
    narrow: true,
    cell: ({ received_at }) => <Time iso={received_at} />,
  },
  { id: 'source', title: 'Source', width: 124, cell: ({ source }) => <Text>{source}</Text> },
  { id: 'type', title: 'Type', narrow: true, cell: ({ type }) => (type === null ? <None /> : <Text>{type}</Text>) },
  {
    id: 'user',
    title: 'User',
    width: 184,
    cell: ({ user_id }) => (user_id === null ? <None /> : <Text>{user_id}</Text>),
  },
  { id: 'status', title: 'Status', width: 114, narrow: true, cell: ({ status }) => <Status>{status}</Status> },
  { id: 'actions', title: 'Actions', width: 128, cell: (row) => <Actions row={row} /> },
  { id: 'why', title: 'Why', cell: (row) => <Text>{whyOf(row)}</Text> },
];

const None = () => <span className="quiet">–</span>;

function Actions({ row: { actions, warnings } }: { row: ListedEvent }) {
  const parts = [
    [actions.succeeded, 'ok', 'good'],
    [actions.failed, 'failed', 'bad'],
    [actions.skipped, 'skipped', 'warn'],
    [actions.pending, 'pending', 'warn'],
    [actions.discarded, 'discarded', 'quiet'],
  ] as const;
  const shown = parts.filter(([number]) => number > 0);
  if (shown.length === 0) return <None />;
  return (
    <span className="counts">
      {shown.map(([number, word, tone]) => (
        <span key={word} className={tone}>
          {number} {word}
        </span>
      ))}
      {warnings.length > 0 && (
        <span className="warn" title={warnings.map(({ message }) => message).join('\n')}>
          {plural(warnings.length, 'warning')}
        </span>
      )}
    </span>
  );
}

function whyOf({ reason, detail, decided_by, discarded }: ListedEvent): string {
  if (discarded !== null) return discardedText(discarded);
  const [decided] = decided_by ?? [];
  if (decided !== undefined) return `${decided.mapping ?? ''} ${decided.detail ?? decided.reason}`.trim();
  return [reason?.replaceAll('_', ' '), detail].filter(Boolean).join(': ');
}

const idOf = ({ id }: ListedEvent) => id;
const isClosed = ({ status }: ListedEvent) => status === 'discarded';
const placeOf = ({ id }: ListedEvent) => ({ to: ['events', id] });

function EventList({ filter, toolbar }: { filter: Search; toolbar: React.ReactNode }) {
  const { name, api, readOnly } = useEnvironment();
  const query = queryOf(filter);
  const list = usePaged<ListedEvent>([name, 'events', query], (wanted, signal) =>
    read(api.events.$get({ query: { ...query, ...wanted } }, { init: { signal } })),
  );
  const { first, reread } = list;

  const isFixed = filter.until !== undefined;
  const liveUrl =
    isFixed || first === undefined ? undefined : `${apiPath(name)}/events/live?${new URLSearchParams(query)}`;
  const { rows, held, add, release, setAtTop, forget, isFresh } = useFreshRows(list.rows);
  const begun = useRef(false);
  const live = useLive<{ rows: ListedEvent[] }>(
    liveUrl,
    ({ rows }) => {
      // More came since the list was read than the live ones begin with: some between them are in neither.
      if (!begun.current && rows.length > 1 && rows.every(isFresh)) reread();
      begun.current = true;
      add(rows);
    },
    reread,
  );

  const [selected, select] = useState<ReadonlySet<string>>(new Set());
  const [bulk, setBulk] = useState<Bulk>();
  return (
    <Page
      title="Events"
      fills
      aside={<LiveNote state={live} isFixed={isFixed} />}
      command={commandOf(filter)}
      json={`${apiPath(name)}/events?${new URLSearchParams({ ...query, limit: '1000' })}`}
    >
      {toolbar}
      <div className="held-place">
        {held > 0 && (
          <button
            type="button"
            className="held"
            onClick={() => {
              release();
              readFromTop();
            }}
          >
            {plural(held, 'new event')} above
          </button>
        )}
      </div>
      <PagedTable
        list={list}
        rows={rows}
        noun="event"
        label="Events, newest first"
        columns={columns}
        idOf={idOf}
        placeOf={placeOf}
        isClosed={isClosed}
        selection={{ selected, set: select }}
        onTop={setAtTop}
        empty={<NoEvents filter={query} />}
      />
      {!readOnly && (
        <SelectionBar
          noun="event"
          chosen={[...selected].map((event) => ({ event }))}
          search={filter}
          isAll={selected.size >= rows.length}
          onAsk={setBulk}
          onNone={() => select(new Set())}
        />
      )}
      <BulkDialog
        bulk={bulk}
        onClose={() => setBulk(undefined)}
        onDone={() => {
          setBulk(undefined);
          select(new Set());
          forget();
        }}
      />
    </Page>
  );
}

/** The list goes on with the keyboard, since the button that was pressed is gone. */
function readFromTop() {
  const list = document.querySelector<HTMLElement>('main .table-scroll');
  list?.scrollTo({ top: 0 });
  list?.focus({ preventScroll: true });
}

function NoEvents({ filter }: { filter: Record<string, string> }) {
  if (Object.keys(filter).length > 0)
    return (
      <Empty title="No event matches">
        <p>Take out a filter, or look further back. New events appear here by themselves.</p>
      </Empty>
    );
  return (
    <Empty title="No events yet">
      <p>
        <Go to={['sources', '~new']}>Add a source</Go>, or send a sample from the page of{' '}
        <Go to={['sources']}>one that is there</Go>. Events appear here by themselves.
      </p>
      <code className="command">npx signalbox send rudderstack</code>
    </Empty>
  );
}

function EventGroups({ filter, by, toolbar }: { filter: Search; by: string; toolbar: React.ReactNode }) {
  const { name, api, lists } = useEnvironment();
  const query = queryOf(filter);
  const asked = useQuery({
    queryKey: [name, 'events', 'groups', by, query],
    queryFn: () =>
      read(api.events.groups.$get({ query: { ...query, by: by as (typeof lists.event_groupings)[number] } })),
    placeholderData: keepPreviousData,
  });
  return (
    <Page
      title="Events"
      fills
      command={commandOf({ ...filter, by })}
      json={`${apiPath(name)}/events/groups?${new URLSearchParams({ ...query, by })}`}
    >
      {toolbar}
      <CountedRows
        noun="event"
        by={by}
        asked={asked}
        rowsWith={(value) => ({ to: ['events'], search: { ...filter, [by]: value } })}
        empty={<NoEvents filter={query} />}
      />
    </Page>
  );
}
