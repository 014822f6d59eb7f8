import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { type Place, useGoing } from '../shell/go.tsx';
import { useKeys } from '../shell/keyboard.ts';

export type Column<Row> = {
  id: string;
  title: string;
  /** Pixels; absent: a share of what is left. */
  width?: number;
  align?: 'right';
  /** Also where there is room for three columns. */
  narrow?: boolean;
  cell(row: Row): React.ReactNode;
};

export type Selection = { selected: ReadonlySet<string>; set(selected: ReadonlySet<string>): void };

export type DataTableProps<Row> = {
  /** What the rows are, for who cannot see the table. */
  label: string;
  rows: readonly Row[];
  /** With `idOf`, `placeOf` and `isClosed` the same at each drawing, so that only rows that are new are drawn. */
  columns: readonly Column<Row>[];
  idOf(row: Row): string;
  /** Where a row leads. */
  placeOf(row: Row): Place;
  /** What needs no more attention: drawn quietly. */
  isClosed?: ((row: Row) => boolean) | undefined;
  /** Absent: rows are not selected. */
  selection?: Selection | undefined;
  /** Called near the end, while there is more. */
  onEnd?: (() => void) | undefined;
  /** Whether the first row is at the top of the view. */
  onTop?: ((isAtTop: boolean) => void) | undefined;
  /** After the last row. */
  end?: React.ReactNode;
};

const rowHeight = 34;
const estimateSize = () => rowHeight;
/** Rows that are drawn beyond the view, above and below. */
const overscan = 10;
/** So near to the end more rows are read. The first ones are a screen's, and reach until the reader scrolls. */
const rowsAhead = (rows: number) => Math.min(100, rows / 3);

/** Rows of a log: as many as there are, drawn as far as they are in view; `j k Enter x` work on them. */
export function DataTable<Row>({
  label,
  rows,
  columns,
  idOf,
  placeOf,
  isClosed,
  selection,
  onEnd,
  onTop,
  end,
}: DataTableProps<Row>) {
  const scroller = useRef<HTMLElement>(null);
  const [activeId, setActiveId] = useState<string>();
  const { go, hrefOf, preload } = useGoing();
  const isNarrow = useNarrow();
  const shown = useMemo(() => (isNarrow ? columns.filter(({ narrow }) => narrow) : columns), [columns, isNarrow]);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize,
    overscan,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= rows.length - rowsAhead(rows.length)) onEnd?.();
  }, [last, rows.length, onEnd]);

  // What a row calls stays the same while it is shown, so that no other row is drawn again.
  const current = useRef(selection);
  current.current = selection;
  const toggle = useCallback((id: string) => {
    const selection = current.current;
    if (selection === undefined) return;
    const next = new Set(selection.selected);
    if (!next.delete(id)) next.add(id);
    selection.set(next);
  }, []);
  const select = selection === undefined ? undefined : toggle;

  // The page that rows lead to is there before one is opened.
  const first = rows[0];
  const hasRows = first !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, for any of the rows
  useEffect(() => {
    if (!hasRows) return;
    const timer = setTimeout(() => preload(placeOf(first)), preloadAfterMs);
    return () => clearTimeout(timer);
  }, [hasRows]);

  const indexOfActive = () => (activeId === undefined ? -1 : rows.findIndex((row) => idOf(row) === activeId));
  const step = (by: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, indexOfActive() + by));
    const row = rows[next];
    setActiveId(row && idOf(row));
    virtual.scrollToIndex(next, { align: 'auto' });
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    Enter: (event) => {
      const active = rows[indexOfActive()];
      // A button or link in focus is meant itself.
      if (active !== undefined && !(event.target instanceof HTMLElement && event.target.matches('a, button, summary')))
        go(placeOf(active));
    },
    x: () => {
      const active = rows[indexOfActive()];
      if (active !== undefined) toggle(idOf(active));
    },
    Escape: () => selection?.set(new Set()),
  });

  const isAll = selection !== undefined && rows.length > 0 && selection.selected.size >= rows.length;
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <section
      className="table-scroll"
      ref={scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
      tabIndex={0}
      aria-label={label}
      onScroll={({ currentTarget }) => onTop?.(currentTarget.scrollTop < rowHeight)}
    >
      <table className="rows" aria-rowcount={rows.length + 1}>
        <colgroup>
          {selection !== undefined && <col style={{ width: 34 }} />}
          {shown.map(({ id, width }) => (
            <col
              key={id}
              style={width === undefined ? undefined : { width: isNarrow ? Math.min(width, 118) : width }}
            />
          ))}
        </colgroup>
        <thead>
          <tr>
            {selection !== undefined && (
              <th scope="col">
                <input
                  type="checkbox"
                  aria-label="Select all that are loaded"
                  checked={isAll}
                  onChange={() => selection.set(isAll ? new Set() : new Set(rows.map(idOf)))}
                />
              </th>
            )}
            {shown.map(({ id, title, align }) => (
              <th key={id} scope="col" className={align}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr style={{ height: before }} />}
          {items.map(({ index }) => {
            const row = rows[index];
            if (row === undefined) return null;
            const id = idOf(row);
            return (
              <DrawnRow
                key={id}
                id={id}
                row={row}
                index={index}
                columns={shown}
                placeOf={placeOf}
                hrefOf={hrefOf}
                go={go}
                isActive={id === activeId}
                isSelected={selection?.selected.has(id) === true}
                isClosed={isClosed?.(row) === true}
                toggle={select}
              />
            );
          })}
          {after > 0 && <tr style={{ height: after }} />}
        </tbody>
      </table>
      {end !== undefined && <div className="table-end">{end}</div>}
    </section>
  );
}

const preloadAfterMs = 300;

type DrawnRowProps<Row> = {
  id: string;
  row: Row;
  index: number;
  columns: readonly Column<Row>[];
  placeOf(row: Row): Place;
  hrefOf(place: Place): string;
  go(place: Place): void;
  isActive: boolean;
  isSelected: boolean;
  isClosed: boolean;
  /** Absent: rows are not selected. */
  toggle: ((id: string) => void) | undefined;
};

/** One row, drawn when it comes into view, and again only when something of its own has changed. */
const DrawnRow = memo(function DrawnRow<Row>({
  id,
  row,
  index,
  columns,
  placeOf,
  hrefOf,
  go,
  isActive,
  isSelected,
  isClosed,
  toggle,
}: DrawnRowProps<Row>) {
  const place = placeOf(row);
  return (
    <tr
      aria-rowindex={index + 2}
      className={isActive ? 'active' : undefined}
      data-selected={isSelected || undefined}
      data-closed={isClosed || undefined}
      onClick={(event) => {
        const { target } = event;
        const control = target instanceof Element ? target.closest('a, button, input') : null;
        if (control !== null) {
          if (!control.matches('.row-link') || isForBrowser(event)) return;
          event.preventDefault();
        }
        // A text that was just selected is to be copied.
        else if ((getSelection()?.toString() ?? '') !== '') return;
        go(place);
      }}
    >
      {toggle !== undefined && (
        <td>
          <input type="checkbox" aria-label={`Select ${id}`} checked={isSelected} onChange={() => toggle(id)} />
        </td>
      )}
      {columns.map(({ id, align, cell }, i) => (
        <td key={id} className={align}>
          {i === 0 ? (
            // A link of the router, of which each listens to every change of the address, costs more than its row.
            <a href={hrefOf(place)} className="row-link">
              {cell(row)}
            </a>
          ) : (
            cell(row)
          )}
        </td>
      ))}
    </tr>
  );
}) as <Row>(props: DrawnRowProps<Row>) => React.ReactElement;

/** A click that opens a link elsewhere: in a tab, in a window, as a file. */
const isForBrowser = ({ button, metaKey, ctrlKey, shiftKey, altKey }: React.MouseEvent) =>
  button !== 0 || metaKey || ctrlKey || shiftKey || altKey;

const narrowBelow = '(max-width: 760px)';

export function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => matchMedia(narrowBelow).matches);
  useEffect(() => {
    const query = matchMedia(narrowBelow);
    const changed = () => setNarrow(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);
  return isNarrow;
}
