import type { UseQueryResult } from '@tanstack/react-query';
import { Go, type Place } from '../shell/go.tsx';
import { Loading, ProblemView } from './problem.tsx';
import { Text } from './text.tsx';
import { Ago, Time } from './time.tsx';
import { count, plural } from './words.ts';

export type Group = {
  value: string | null;
  count: number;
  first_at: string;
  last_at: string;
  example: string;
  trend: number[];
};

type Counted = { groups: readonly Group[]; count: number; looked: { back_to: string | null; rows: number } };

type CountedProps = {
  noun: string;
  by: string;
  asked: Pick<UseQueryResult<Counted>, 'data' | 'error' | 'dataUpdatedAt' | 'isFetching' | 'refetch'>;
  /** Where the rows with a value are. */
  rowsWith(value: string): Place;
  empty: React.ReactNode;
};

/** A search's rows, counted by a value: how many there are, and the groups, each with its newest event. */
export function CountedRows({ noun, by, asked, rowsWith, empty }: CountedProps) {
  const { data, error, dataUpdatedAt, isFetching, refetch } = asked;
  if (data === undefined) return error === null ? <Loading /> : <ProblemView error={error} />;
  const { groups, count: all, looked } = data;
  if (groups.length === 0) return empty;
  return (
    <>
      <p className="quiet summary">
        {plural(all, noun)} in {plural(groups.length, 'group')}
        {looked.back_to !== null && (
          <>
            , back to <Time iso={looked.back_to} />: {count(looked.rows)} rows were looked at
          </>
        )}
        . Counted <Ago iso={new Date(dataUpdatedAt).toISOString()} />.{' '}
        <button type="button" className="plain" disabled={isFetching} onClick={() => void refetch()}>
          Count again
        </button>
      </p>
      <GroupTable
        label={by}
        groups={groups}
        placeOf={({ value, example }) => (value === null ? { to: ['events', example] } : rowsWith(value))}
        about={({ example }) => (
          <Go to={['events', example]} className="quiet about">
            newest
          </Go>
        )}
      />
    </>
  );
}

type GroupsProps = {
  label: string;
  groups: readonly Group[];
  /** Where a group leads: to its rows. */
  placeOf(group: Group): Place;
  /** More about one, below its value. */
  about?(group: Group): React.ReactNode;
};

/** Rows counted by a value, the most frequent first. */
export function GroupTable({ label, groups, placeOf, about }: GroupsProps) {
  const most = Math.max(1, ...groups.map((group) => group.count));
  return (
    <div className="table-scroll">
      <table className="rows groups" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">{label}</th>
            <th scope="col" className="right group-count">
              Count
            </th>
            <th scope="col" className="wide-only group-trend">
              Over time
            </th>
            <th scope="col" className="wide-only group-time">
              First
            </th>
            <th scope="col" className="group-time">
              Last
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <tr key={group.value ?? ''}>
              <td>
                <Go {...placeOf(group)} className="row-link">
                  {group.value === null ? <span className="quiet">(none)</span> : <Text>{group.value}</Text>}
                </Go>
                {about?.(group)}
              </td>
              <td className="right">
                <span className="share" aria-hidden="true" style={{ width: `${(100 * group.count) / most}%` }} />
                {count(group.count)}
              </td>
              <td className="wide-only">
                <Sparkline values={group.trend} />
              </td>
              <td className="wide-only">
                <Ago iso={group.first_at} />
              </td>
              <td>
                <Ago iso={group.last_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Numbers over time, oldest first. */
export function Sparkline({ values }: { values: readonly number[] }) {
  const most = Math.max(1, ...values);
  const [width, height] = [4 * values.length, 20];
  return (
    <svg className="sparkline" viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
      {values.map((value, i) => {
        const tall = value === 0 ? 1 : Math.max(2, Math.round((height * value) / most));
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place in time
          <rect key={i} x={4 * i} y={height - tall} width="3" height={tall} className={value === 0 ? 'zero' : ''} />
        );
      })}
    </svg>
  );
}
