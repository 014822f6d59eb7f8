import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { CellState, MatrixRow } from '../../../../shared/operations/configuration/matrix.ts';
import { type Api, read } from '../client.ts';
import { Empty, Loading, ProblemView } from '../parts/problem.tsx';
import { Status, type Tone } from '../parts/status.tsx';
import { Id, Text } from '../parts/text.tsx';
import { plural } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePageSearch } from '../shell/go.tsx';
import { CellDialog } from './cell-dialog.tsx';
import { Promotions } from './promotions.tsx';
import { refOf } from './use-configuration.ts';

const readMatrix = (api: Api) => read(api.configuration.matrix.$get());
export type Matrix = Awaited<ReturnType<typeof readMatrix>>;

const askAgainMs = 10_000;

type MatrixProps = { onPromote: ((from: string, to: string) => void) | undefined };

/** Every resource against the files and all environments of this console. */
export function MatrixView({ onPromote }: MatrixProps) {
  const { name, api } = useEnvironment();
  const [search, change] = usePageSearch();
  const { data, error } = useQuery({
    queryKey: [name, 'configuration', 'matrix'],
    queryFn: () => readMatrix(api),
    refetchInterval: askAgainMs,
  });
  if (data === undefined) return error === null ? <Loading /> : <ProblemView error={error} />;
  const { resource, from, to } = search;
  return (
    <>
      {data.files === 'with_errors' && (
        <p className="warn">The files are left out while one of them has an error: see “This environment”.</p>
      )}
      {data.unreachable.map(({ name: away, why }) => (
        <p key={away} className="warn">
          {away} is left out: <Text>{why}</Text>
        </p>
      ))}
      {data.rows.length === 0 ? (
        <Empty title="No file and no environment has a resource yet">
          <p>Add a source, then commit it.</p>
        </Empty>
      ) : (
        <MatrixTable matrix={data} isDiffering={search.differing === 'true'} onChange={change} />
      )}
      <Promotions columns={data.columns.filter((column) => column !== 'files')} onPromote={onPromote} />
      {resource !== undefined && from !== undefined && to !== undefined && (
        <CellDialog
          resource={resource}
          from={from}
          to={to}
          onClose={() => change({ resource: undefined, from: undefined, to: undefined }, { replace: true })}
        />
      )}
    </>
  );
}

// Mappings of many sources would hide the resources.
const openRowsMax = 40;

type TableProps = {
  matrix: Matrix;
  isDiffering: boolean;
  onChange(change: Record<string, string | undefined>): void;
};

function MatrixTable({ matrix: { columns, rows }, isDiffering, onChange }: TableProps) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(
    () => new Set(rows.length <= openRowsMax ? rows.map(({ key }) => key) : []),
  );
  const differs = ({ cells }: MatrixRow) => columns.slice(1).some((column) => cells[column]?.state !== 'same');
  const shown = rows.filter(
    (row) => (!isDiffering || differs(row)) && (row.mapping === null || opened.has(row.key) || isDiffering),
  );
  const mappings = (key: string) => rows.filter((row) => row.mapping !== null && row.key === key).length;
  const toggle = (key: string) => {
    const next = new Set(opened);
    if (!next.delete(key)) next.add(key);
    setOpened(next);
  };
  return (
    <>
      <div className="toolbar">
        <label className="check">
          <input
            type="checkbox"
            checked={isDiffering}
            onChange={({ target }) => onChange({ differing: target.checked ? 'true' : undefined })}
          />
          <span>Only what differs</span>
        </label>
      </div>
      <p className="quiet">
        {plural(rows.filter(({ mapping }) => mapping === null).length, 'resource')}, each compared with the column to
        its left
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className="matrix-scroll" tabIndex={0} aria-label="Resources and environments">
        <table className="matrix">
          <thead>
            <tr>
              <th scope="col">Resource</th>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column === 'files' ? 'Files' : column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={`${refOf(row)} ${row.mapping ?? ''}`} className={row.mapping === null ? undefined : 'of-source'}>
                <th scope="row">
                  {row.mapping === null ? (
                    <ResourceName
                      row={row}
                      mappings={mappings(row.key)}
                      isOpen={isDiffering || opened.has(row.key)}
                      onToggle={() => toggle(row.key)}
                    />
                  ) : (
                    <>
                      <Go to={['mappings', row.mapping]} search={{ source: row.key }}>
                        <Text>{row.mapping}</Text>
                      </Go>{' '}
                      <span className="quiet wide-only">
                        <Text>{row.title}</Text>
                      </span>
                    </>
                  )}
                </th>
                {columns.map((column, i) => (
                  <td key={column}>
                    <Cell row={row} column={column} left={columns[i - 1]} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {shown.length === 0 && <p className="table-end quiet">Nothing differs.</p>}
      </section>
    </>
  );
}

type ResourceNameProps = { row: MatrixRow; mappings: number; isOpen: boolean; onToggle(): void };

function ResourceName({ row, mappings, isOpen, onToggle }: ResourceNameProps) {
  const { type, key } = row;
  return (
    <>
      {type === 'audience' ? (
        <Id>{refOf(row)}</Id>
      ) : (
        <Go to={[type === 'source' ? 'sources' : 'workflows', key]}>
          <Id>{refOf(row)}</Id>
        </Go>
      )}
      {type === 'source' && mappings > 0 && (
        <button type="button" className="plain" aria-expanded={isOpen} onClick={onToggle}>
          {plural(mappings, 'mapping')} {isOpen ? '▾' : '▸'}
        </button>
      )}
    </>
  );
}

const tones: Record<CellState, Tone> = { same: 'good', behind: 'warn', ahead: 'warn', differs: 'bad', absent: 'quiet' };

function Cell({ row, column, left }: { row: MatrixRow; column: string; left: string | undefined }) {
  const cell = row.cells[column];
  if (cell === undefined) return null;
  const word = (
    <Status tone={left === undefined && cell.state === 'same' ? 'quiet' : tones[cell.state]}>
      {left === undefined && cell.state === 'same' ? 'there' : cell.state}
    </Status>
  );
  // Absent in both: there is nothing to compare.
  const isPlain = left === undefined || cell.state === 'same' || (cell.state === 'absent' && isAbsent(row, left));
  return (
    <>
      {isPlain ? (
        word
      ) : (
        <Go
          to={['configuration']}
          search={{ show: 'matrix', resource: refOf(row), from: left, to: column }}
          aria-label={`${refOf(row)}: ${column} is ${cell.state}; compare with ${left}`}
        >
          {word}
        </Go>
      )}
      {cell.off && <span className="tag off">off</span>}
    </>
  );
}

const isAbsent = ({ cells }: MatrixRow, column: string) => cells[column]?.state === 'absent';
