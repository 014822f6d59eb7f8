import { type RowSelectionState, rowSelectionFeature, tableFeatures, useTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Go, type Place, useGo } from '../shell/go.tsx';
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
const features = tableFeatures({ rowSelectionFeature });

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
  const go = useGo();
  const isNarrow = useNarrow();
  const shown = isNarrow ? columns.filter(({ narrow }) => narrow) : columns;
  const defs = useMemo(() => columns.map(({ id, title }) => ({ id, header: title })), [columns]);

  const rowSelection = useMemo<RowSelectionState>(
    () => Object.fromEntries([...(selection?.selected ?? [])].map((id) => [id, true])),
    [selection?.selected],
  );
  const table = useTable({
    features,
    columns: defs,
    data: rows as Row[] as object[],
    getRowId: (row) => idOf(row as Row),
    state: { rowSelection },
    onRowSelectionChange(update) {
      const next = typeof update === 'function' ? update(rowSelection) : update;
      selection?.set(new Set(Object.keys(next).filter((id) => next[id])));
    },
  });
  const model = table.getRowModel().rows;

  const virtual = useVirtualizer({
    count: model.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= model.length - 20) onEnd?.();
  }, [last, model.length, onEnd]);

  const step = (by: number) => {
    const now = model.findIndex(({ id }) => id === activeId);
    const next = Math.max(0, Math.min(model.length - 1, now + by));
    setActiveId(model[next]?.id);
    virtual.scrollToIndex(next, { align: 'auto' });
  };
  const active = model.find(({ id }) => id === activeId);
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    Enter: (event) => {
      // A button or link in focus is meant itself.
      if (active !== undefined && !(event.target instanceof HTMLElement && event.target.matches('a, button, summary')))
        go(placeOf(active.original as Row));
    },
    x: () => selection !== undefined && active?.toggleSelected(),
    Escape: () => selection?.set(new Set()),
  });

  const isAll = selection !== undefined && model.length > 0 && selection.selected.size >= model.length;
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
                  onChange={() => selection.set(isAll ? new Set() : new Set(model.map(({ id }) => id)))}
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
            const row = model[index];
            if (row === undefined) return null;
            const original = row.original as Row;
            const place = placeOf(original);
            return (
              <tr
                key={row.id}
                aria-rowindex={index + 2}
                className={row.id === activeId ? 'active' : undefined}
                data-selected={row.getIsSelected() || undefined}
                data-closed={isClosed?.(original) || undefined}
                onClick={({ target }) => {
                  if (target instanceof Element && target.closest('a, button, input') !== null) return;
                  // A text that was just selected is to be copied.
                  if ((getSelection()?.toString() ?? '') === '') go(place);
                }}
              >
                {selection !== undefined && (
                  <td>
                    <input
                      type="checkbox"
                      aria-label={`Select ${row.id}`}
                      checked={row.getIsSelected()}
                      onChange={() => row.toggleSelected()}
                    />
                  </td>
                )}
                {shown.map(({ id, align, cell }, i) => (
                  <td key={id} className={align}>
                    {i === 0 ? (
                      <Go {...place} className="row-link">
                        {cell(original)}
                      </Go>
                    ) : (
                      cell(original)
                    )}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 && <tr style={{ height: after }} />}
        </tbody>
      </table>
      {end !== undefined && <div className="table-end">{end}</div>}
    </section>
  );
}

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
