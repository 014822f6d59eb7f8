import { useQuery } from '@tanstack/react-query';
import type { SourceWithoutUrl } from '../../routes/source-without-url.ts';
import { apiPath, read } from '../client.ts';
import { Sparkline } from '../parts/groups.tsx';
import { Page } from '../parts/page.tsx';
import { Empty, Loading, ProblemView } from '../parts/problem.tsx';
import { type Column, DataTable } from '../parts/table.tsx';
import { Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { count } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go } from '../shell/go.tsx';
import { SourceState, Verification } from '../sources/state.tsx';

type Row = SourceWithoutUrl & { trend: number[] | undefined; refused: number | undefined };

const columns: Column<Row>[] = [
  { id: 'key', title: 'Source', narrow: true, cell: ({ key }) => <Text>{key}</Text> },
  {
    id: 'kind',
    title: 'Kind',
    width: 130,
    cell: ({ kind }) => (kind === null ? <span className="quiet">removed</span> : kind),
  },
  { id: 'state', title: 'State', width: 96, narrow: true, cell: (row) => <SourceState row={row} /> },
  {
    id: 'trend',
    title: 'Last day',
    width: 122,
    cell: ({ trend }) => (trend === undefined ? null : <Sparkline values={trend} />),
  },
  {
    id: 'last',
    title: 'Last event',
    width: 116,
    narrow: true,
    cell: ({ last_event_at }) =>
      last_event_at === null ? <span className="quiet">never</span> : <Ago iso={last_event_at} />,
  },
  { id: 'verification', title: 'Verification', cell: (row) => <Verification row={row} /> },
  {
    id: 'refused',
    title: 'Refused, 1 day',
    width: 120,
    align: 'right',
    cell: ({ refused = 0 }) =>
      refused === 0 ? <span className="quiet">–</span> : <span className="bad">{count(refused)}</span>,
  },
  {
    id: 'mappings',
    title: 'Mappings',
    width: 96,
    align: 'right',
    cell: ({ mappings, inactive_mappings }) => count(mappings - inactive_mappings.length),
  },
];

/** Every source of the environment, and whether its events arrive. */
export default function Sources() {
  const { name, api, readOnly } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'sources'],
    queryFn: () => read(api.sources.$get()) as Promise<SourceWithoutUrl[]>,
    refetchInterval: 10_000,
  });
  // Counts are of CloudWatch: the list does not wait for them.
  const counts = useQuery({
    queryKey: [name, 'sources', 'counts'],
    queryFn: () => read(api.sources.counts.$get()),
    refetchInterval: 60_000,
  });
  const rows = data?.map((row): Row => {
    const refused = counts.data?.refusals.filter(({ source }) => source === row.key);
    return {
      ...row,
      trend: counts.data?.sources[row.key],
      refused: refused?.reduce((sum, { count: number }) => sum + number, 0),
    };
  });
  const strangers = counts.data?.refusals
    .filter(({ source }) => source === 'unknown')
    .reduce((sum, { count: number }) => sum + number, 0);
  return (
    <Page
      title="Sources"
      fills
      command="sources"
      json={`${apiPath(name)}/sources`}
      aside={
        !readOnly && (
          <>
            <span className="grow" />
            <Go to={['sources', '~new']} className="button primary">
              Add a source
            </Go>
          </>
        )
      }
    >
      {counts.error !== null && error === null && <ProblemView error={counts.error} />}
      {(strangers ?? 0) > 0 && (
        <p className="quiet">
          {count(strangers ?? 0)} requests of the last day named no source, or had a wrong token:{' '}
          <code className="command">npx signalbox refusals</code>
        </p>
      )}
      {rows === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <ProblemView error={error} />
        )
      ) : rows.length === 0 ? (
        <Empty title="No source is live here">
          <p>A source is a sender of events: RudderStack, Segment, Stripe, or anything that posts JSON.</p>
          {readOnly ? (
            <code className="command">npx signalbox sources add stripe</code>
          ) : (
            <p>
              <Go to={['sources', '~new']} className="button primary">
                Add a source
              </Go>
            </p>
          )}
        </Empty>
      ) : (
        <DataTable
          label="Sources"
          rows={rows}
          columns={columns}
          idOf={({ key }) => key}
          placeOf={({ key }) => ({ to: ['sources', key] })}
          end={
            <span className="quiet">
              <Go to={['events']}>Events of all sources</Go>
            </span>
          }
        />
      )}
    </Page>
  );
}
