import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { ListedEvent } from '../../../../shared/operations/events/listed-event.ts';
import { apiPath, queryOf, read } from '../client.ts';
import { type Filter, Filters, RangePicker } from '../parts/filters.tsx';
import { CountedRows } from '../parts/groups.tsx';
import { GroupBy } from '../parts/list.tsx';
import { type LiveState, useLive } from '../parts/live.ts';
import { Page } from '../parts/page.tsx';
import { PagedTable, usePaged } from '../parts/paged.tsx';
import { Empty } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import type { Column } from '../parts/table.tsx';
import { Text } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';
import { plural, quoted } from '../parts/words.ts';
import { ReplayChosen } from '../replay/chosen.tsx';
import { ReplayMatching } from '../replay/matching.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { type Search, usePageSearch } from '../shell/go.tsx';

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
  { id: 'user', title: 'User', cell: ({ user_id }) => (user_id === null ? <None /> : <Text>{user_id}</Text>) },
  { id: 'status', title: 'Status', width: 118, narrow: true, cell: ({ status }) => <Status>{status}</Status> },
  { id: 'actions', title: 'Actions', width: 168, cell: (row) => <Actions row={row} /> },
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

function whyOf({ reason, detail, decided_by }: ListedEvent): string {
  const [decided] = decided_by ?? [];
  if (decided !== undefined) return `${decided.mapping ?? ''} ${decided.detail ?? decided.reason}`.trim();
  return [reason?.replaceAll('_', ' '), detail].filter(Boolean).join(': ');
}

const idOf = ({ id }: ListedEvent) => id;
const placeOf = ({ id }: ListedEvent) => ({ to: ['events', id] });

function EventList({ filter, toolbar }: { filter: Search; toolbar: React.ReactNode }) {
  const { name, api, readOnly } = useEnvironment();
  const query = queryOf(filter);
  const list = usePaged<ListedEvent>([name, 'events', query], (wanted, signal) =>
    read(api.events.$get({ query: { ...query, ...wanted } }, { init: { signal } })),
  );
  const { rows: listed, first, reread } = list;

  const isFixed = filter.until !== undefined;
  const liveUrl =
    isFixed || first === undefined ? undefined : `${apiPath(name)}/events/live?${new URLSearchParams(query)}`;
  const { fresh, held, add, release, setAtTop } = useFreshRows(listed);
  const live = useLive<{ rows: ListedEvent[] }>(liveUrl, ({ rows }) => add(rows), reread);

  const rows = useMemo(() => merged(listed, fresh), [listed, fresh]);
  const [selected, select] = useState<ReadonlySet<string>>(new Set());
  const [replaying, setReplaying] = useState<'chosen' | 'matching'>();
  return (
    <Page
      title="Events"
      fills
      aside={<LiveNote state={live} isFixed={isFixed} />}
      command={commandOf(filter)}
      json={`${apiPath(name)}/events?${new URLSearchParams({ ...query, limit: '1000' })}`}
    >
      {toolbar}
      {selected.size > 0 && (
        <div className="selection">
          <strong>{plural(selected.size, 'event')} selected</strong>
          {!readOnly && (
            <button type="button" className="button primary" onClick={() => setReplaying('chosen')}>
              Replay…
            </button>
          )}
          {!readOnly && selected.size >= rows.length && (
            <button type="button" className="button" onClick={() => setReplaying('matching')}>
              Replay all that match…
            </button>
          )}
          <button type="button" className="plain" onClick={() => select(new Set())}>
            Select none
          </button>
        </div>
      )}
      {held > 0 && (
        <button type="button" className="held" onClick={release}>
          {plural(held, 'new event')} above
        </button>
      )}
      <PagedTable
        list={list}
        rows={rows}
        noun="event"
        label="Events, newest first"
        columns={columns}
        idOf={idOf}
        placeOf={placeOf}
        selection={{ selected, set: select }}
        onTop={setAtTop}
        empty={<NoEvents filter={query} />}
      />
      {replaying === 'chosen' && (
        <ReplayChosen
          ids={[...selected]}
          onClose={() => setReplaying(undefined)}
          onDone={() => {
            setReplaying(undefined);
            select(new Set());
          }}
        />
      )}
      {replaying === 'matching' && (
        <ReplayMatching of="events" search={filter} onClose={() => setReplaying(undefined)} />
      )}
    </Page>
  );
}

/**
 * Rows that came while the page is open. While the person reads further down they wait, so that
 * nothing moves under the eyes.
 */
function useFreshRows(listed: readonly ListedEvent[]) {
  const [fresh, setFresh] = useState<ReadonlyMap<string, ListedEvent>>(new Map());
  const [waiting, setWaiting] = useState<ReadonlyMap<string, ListedEvent>>(new Map());
  const [isAtTop, setAtTop] = useState(true);
  const known = useMemo(() => new Set(listed.map(({ id }) => id)), [listed]);
  const release = useCallback(() => {
    setFresh((before) => new Map([...before, ...waiting]));
    setWaiting(new Map());
  }, [waiting]);
  useEffect(() => {
    if (isAtTop && waiting.size > 0) release();
  }, [isAtTop, waiting, release]);
  const add = (rows: readonly ListedEvent[]) => {
    const isShown = ({ id }: ListedEvent) => isAtTop || known.has(id) || fresh.has(id);
    const entries = (of: readonly ListedEvent[]) => of.map((row) => [row.id, row] as const);
    setFresh((before) => new Map([...before, ...entries(rows.filter(isShown))]));
    setWaiting((before) => new Map([...before, ...entries(rows.filter((row) => !isShown(row)))]));
  };
  return { fresh, held: waiting.size, add, release, setAtTop };
}

/** Listed rows, each as it was last seen, and new ones in their place. Ids sort by time. */
function merged(listed: readonly ListedEvent[], fresh: ReadonlyMap<string, ListedEvent>): readonly ListedEvent[] {
  if (fresh.size === 0) return listed;
  const known = new Set(listed.map(({ id }) => id));
  const last = listed.at(-1)?.id ?? '';
  // An older one than the last that is listed comes with its page.
  const added = [...fresh.values()].filter(({ id }) => !known.has(id) && id > last);
  const updated = listed.map((row) => fresh.get(row.id) ?? row);
  return added.length === 0 ? updated : [...added, ...updated].sort((a, b) => (a.id < b.id ? 1 : -1));
}

function LiveNote({ state, isFixed }: { state: LiveState; isFixed: boolean }) {
  if (isFixed) return <span className="live quiet">not live: the time has an end</span>;
  switch (state.kind) {
    case 'live':
      return <span className="live on">live</span>;
    case 'behind':
      return (
        <span className="live behind" role="status">
          <Text>{state.text}</Text>
        </span>
      );
    case 'lost':
      return (
        <span className="live behind" role="status">
          not live; connecting again
        </span>
      );
    default:
      return <span className="live quiet">connecting</span>;
  }
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
      <p>Send samples, signed as the sender would sign them. They appear here by themselves.</p>
      <code className="command">npx signalbox send rudderstack</code>
    </Empty>
  );
}

function EventGroups({ filter, by, toolbar }: { filter: Search; by: string; toolbar: React.ReactNode }) {
  const { name, api, lists } = useEnvironment();
  const query = queryOf(filter);
  const { data, error } = useQuery({
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
        counted={data}
        error={error}
        rowsWith={(value) => ({ to: ['events'], search: { ...filter, [by]: value } })}
        empty={<NoEvents filter={query} />}
      />
    </Page>
  );
}
