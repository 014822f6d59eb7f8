import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ActionRow } from '../../../../shared/operations/actions/action-row.ts';
import { type Bulk, BulkDialog } from '../bulk/dialog.tsx';
import { SelectionBar } from '../bulk/selection.tsx';
import { apiPath, queryOf, read } from '../client.ts';
import { discardedText } from '../discard/words.ts';
import { type Filter, Filters, RangePicker } from '../parts/filters.tsx';
import { CountedRows } from '../parts/groups.tsx';
import { GroupBy } from '../parts/list.tsx';
import { Page } from '../parts/page.tsx';
import { PagedTable, usePaged } from '../parts/paged.tsx';
import { Empty } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import type { Column } from '../parts/table.tsx';
import { Text } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, type Search, usePageSearch } from '../shell/go.tsx';

/** What events did, newest first. */
export default function Actions() {
  const { name, api, lists } = useEnvironment();
  const [search, change] = usePageSearch();
  const { by, ...filter } = search;
  const { data: keys } = useQuery({
    queryKey: [name, 'sources', 'keys'],
    queryFn: () => read(api.sources.keys.$get()),
  });
  const filters: Filter[] = [
    { name: 'status', label: 'Status', options: lists.action_statuses },
    { name: 'reason', label: 'Reason', options: lists.action_reasons },
    { name: 'source', label: 'Source', options: keys ?? [] },
    { name: 'workflow', label: 'Workflow' },
    { name: 'mapping', label: 'Mapping' },
    { name: 'text', label: 'Text in it' },
    { name: 'type', label: 'Event type', more: true },
    { name: 'action', label: 'Action', more: true },
    { name: 'user_id', label: 'User', more: true },
    { name: 'event_id', label: 'Event', more: true },
    { name: 'config_version', label: 'Configuration version', more: true },
  ];
  const toolbar = (
    <div className="toolbar">
      <Filters filters={filters} search={search} onChange={change} />
      <RangePicker search={search} onChange={change} unset="Last 3 days" />
      <GroupBy groupings={lists.action_groupings} by={by} onChange={change} />
    </div>
  );
  return by === undefined ? (
    <ActionList key={JSON.stringify(filter)} filter={filter} toolbar={toolbar} />
  ) : (
    <ActionGroups filter={filter} by={by} toolbar={toolbar} />
  );
}

const flags: Record<string, string> = {
  event_id: 'event',
  user_id: 'user',
  config_version: 'config-version',
  by: 'group-by',
};

/** The command that lists the same. */
export function actionsCommand(search: Search): string {
  const options = Object.entries(queryOf(search)).map(([name, value]) => `--${flags[name] ?? name} ${quoted(value)}`);
  return ['actions', ...options].join(' ');
}

type Row = ActionRow & { received_at: string };

const columns: Column<Row>[] = [
  {
    id: 'received',
    title: 'Received',
    width: 122,
    narrow: true,
    cell: ({ received_at }) => <Time iso={received_at} />,
  },
  { id: 'action', title: 'Action', width: 160, cell: ({ action }) => <Text>{action}</Text> },
  { id: 'mapping', title: 'Mapping', narrow: true, cell: ({ mapping }) => <Text>{mapping}</Text> },
  { id: 'type', title: 'Event type', cell: ({ event_type }) => <Text>{event_type}</Text> },
  { id: 'status', title: 'Status', width: 118, narrow: true, cell: ({ status }) => <Status>{status}</Status> },
  { id: 'attempts', title: 'Attempts', width: 84, align: 'right', cell: ({ attempts }) => attempts },
  { id: 'why', title: 'Why', cell: (row) => <Text>{whyOf(row)}</Text> },
];

function whyOf({ reason, detail, discarded }: Row): string {
  if (discarded !== null) return discardedText(discarded);
  return [reason?.replaceAll('_', ' '), detail].filter(Boolean).join(': ');
}
const idOf = ({ execution, id }: Row) => `${execution}-${id}`;
const isClosed = ({ status }: Row) => status === 'discarded';
const placeOf = ({ event_id }: Row) => ({ to: ['events', event_id] });

function ActionList({ filter, toolbar }: { filter: Search; toolbar: React.ReactNode }) {
  const { name, api, readOnly } = useEnvironment();
  const [selected, select] = useState<ReadonlySet<string>>(new Set());
  const [bulk, setBulk] = useState<Bulk>();
  const query = queryOf(filter);
  const list = usePaged<Row>(
    [name, 'actions', query],
    (wanted, signal) => read(api.actions.$get({ query: { ...query, ...wanted } }, { init: { signal } })),
    true,
  );
  const isOver = ({ status }: Row) => status === 'succeeded' || status === 'discarded';
  const chosen = list.rows.flatMap((row) => (selected.has(idOf(row)) ? [{ event: row.event_id, action: row.id }] : []));
  return (
    <Page
      title="Actions"
      fills
      aside={
        <>
          <span className="grow" />
          {!readOnly &&
            !list.rows.every(isOver) &&
            (['replay', 'discard'] as const).map((what) => (
              <button
                key={what}
                type="button"
                className="button"
                onClick={() => setBulk({ what, of: 'actions', search: filter })}
              >
                {what === 'replay' ? 'Replay' : 'Discard'} all that match…
              </button>
            ))}
        </>
      }
      command={actionsCommand(filter)}
      json={`${apiPath(name)}/actions?${new URLSearchParams({ ...query, limit: '1000' })}`}
    >
      {toolbar}
      <PagedTable
        list={list}
        noun="action"
        label="Actions, newest first"
        columns={columns}
        idOf={idOf}
        placeOf={placeOf}
        isClosed={isClosed}
        selection={{ selected, set: select }}
        empty={<NoActions isFiltered={Object.keys(query).length > 0} />}
      />
      {!readOnly && (
        <SelectionBar
          noun="action"
          chosen={chosen}
          search={filter}
          isAll={false}
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
        }}
      />
    </Page>
  );
}

function NoActions({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered)
    return (
      <Empty title="No action matches">
        <p>Take out a filter, or look further back.</p>
      </Empty>
    );
  return (
    <Empty title="No actions yet">
      <p>
        Actions are what mappings make of events. <Go to={['events']}>Events</Go> shows what came in.
      </p>
    </Empty>
  );
}

function ActionGroups({ filter, by, toolbar }: { filter: Search; by: string; toolbar: React.ReactNode }) {
  const { name, api, lists } = useEnvironment();
  const query = queryOf(filter);
  const asked = useQuery({
    queryKey: [name, 'actions', 'groups', by, query],
    queryFn: () =>
      read(api.actions.groups.$get({ query: { ...query, by: by as (typeof lists.action_groupings)[number] } })),
    placeholderData: keepPreviousData,
  });
  // A target's answer is found as text.
  const filterName = by === 'detail' ? 'text' : by;
  return (
    <Page
      title="Actions"
      fills
      command={actionsCommand({ ...filter, by })}
      json={`${apiPath(name)}/actions/groups?${new URLSearchParams({ ...query, by })}`}
    >
      {toolbar}
      <CountedRows
        noun="action"
        by={by}
        asked={asked}
        rowsWith={(value) => ({ to: ['actions'], search: { ...filter, [filterName]: value.slice(0, 1_000) } })}
        empty={<NoActions isFiltered={Object.keys(query).length > 0} />}
      />
    </Page>
  );
}
