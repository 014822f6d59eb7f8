import type { Search } from '../shell/go.tsx';
import { Time } from './time.tsx';
import { plural } from './words.ts';

type GroupByProps = { groupings: readonly string[]; by: string | undefined; onChange(change: Search): void };

export function GroupBy({ groupings, by, onChange }: GroupByProps) {
  return (
    <select
      aria-label="Group by"
      className={by === undefined ? 'filter' : 'filter set'}
      value={by ?? ''}
      onChange={({ target }) => onChange({ by: target.value === '' ? undefined : target.value })}
    >
      <option value="">Group by…</option>
      {groupings.map((grouping) => (
        <option key={grouping} value={grouping}>
          Group by {grouping}
        </option>
      ))}
    </select>
  );
}

type ListEndProps = {
  rows: number;
  noun: string;
  isMore: boolean;
  isFetching: boolean;
  /** The last page found nothing, back to this time. */
  looked: string | null;
  since: string | undefined;
  onMore(): void;
};

/** After the last row: how far the list goes, and how to go on. */
export function ListEnd({ rows, noun, isMore, isFetching, looked, since, onMore }: ListEndProps) {
  if (isFetching) return <span className="quiet">Loading more…</span>;
  if (isMore && looked !== null)
    return (
      <>
        <span className="quiet">
          Nothing more back to <Time iso={looked} />.
        </span>{' '}
        <button type="button" className="button" onClick={onMore}>
          Look further back
        </button>
      </>
    );
  if (isMore) return <span className="quiet">Scroll for more</span>;
  return (
    <span className="quiet">
      {plural(rows, noun)}
      {since !== undefined && Date.parse(since) > 0 && (
        <>
          {' '}
          since <Time iso={since} />
        </>
      )}
    </span>
  );
}
