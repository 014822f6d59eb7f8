import { useQuery } from '@tanstack/react-query';
import type { HistoryRow } from '../../../../shared/operations/configuration/history-row.ts';
import { queryOf, read } from '../client.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Fact } from '../parts/facts.tsx';
import { Filters } from '../parts/filters.tsx';
import { PagedTable, usePaged } from '../parts/paged.tsx';
import { Empty, Loading, ProblemView } from '../parts/problem.tsx';
import type { Column } from '../parts/table.tsx';
import { Id, Text } from '../parts/text.tsx';
import { Ago, Time } from '../parts/time.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, type Place, usePageSearch } from '../shell/go.tsx';
import { Differences, FieldChanges } from './differences.tsx';
import { withoutAddress } from './promote-dialog.tsx';
import { refOf } from './use-configuration.ts';

const kinds = ['commit', 'state', 'secret', 'key'] as const;

/** What was changed, newest first; one change with all its fields. */
export function Log({ resources, onRevert, onPromote }: LogProps) {
  const { name, api } = useEnvironment();
  const [search, change] = usePageSearch();
  const { kind, resource, commit } = search;
  const list = usePaged<HistoryRow>([name, 'configuration', 'log', kind, resource], (wanted) =>
    read(api.configuration.log.$get({ query: { ...queryOf({ kind, resource }), ...wanted } as never })),
  );
  return (
    <>
      <div className="toolbar">
        <Filters
          filters={[
            { name: 'kind', label: 'Kind', options: kinds },
            { name: 'resource', label: 'Resource', known: resources },
          ]}
          search={search}
          onChange={change}
        />
      </div>
      <PagedTable
        label="Changes"
        list={list}
        columns={columns}
        noun="change"
        idOf={({ kind, id, created_at }) => `${kind} ${id} ${created_at}`}
        placeOf={(row) => placeOf(row, search)}
        empty={
          <Empty title={kind || resource ? 'Nothing was changed like that' : `Nothing was changed in ${name} yet`}>
            <p>Commits, promotions, reverts, switched settings, secrets and keys appear here.</p>
          </Empty>
        }
      />
      {commit !== undefined && (
        <Entry
          commit={commit}
          onRevert={onRevert}
          onPromote={onPromote}
          onClose={() => change({ commit: undefined }, { replace: true })}
        />
      )}
    </>
  );
}

type LogProps = {
  /** To choose from: `source/stripe`. */
  resources: readonly string[];
  /** Absent: nothing can be changed here. */
  onRevert: ((commit: string) => void) | undefined;
  onPromote: ((commit: string) => void) | undefined;
};

/** A commit opens over the list; of a secret or a key, what it belongs to. */
function placeOf({ id, access }: HistoryRow, search: Place['search']): Place {
  if (access === null) return { to: ['configuration'], search: { ...search, commit: id } };
  const [folder, key] = [
    access.name.slice(0, access.name.indexOf('/')),
    access.name.slice(access.name.indexOf('/') + 1),
  ];
  if (folder === 'sources') return { to: ['sources', key] };
  return folder === 'targets' ? { to: ['workflows', key] } : { to: ['keys'] };
}

const signs = { added: '+', changed: '', removed: '−' } as const;

const columns: readonly Column<HistoryRow>[] = [
  {
    id: 'id',
    title: 'Change',
    width: 120,
    narrow: true,
    cell: ({ id, kind }) => (kind === 'secret' || kind === 'key' ? kind : <Id>{id}</Id>),
  },
  { id: 'when', title: 'When', width: 110, narrow: true, cell: ({ created_at }) => <Ago iso={created_at} /> },
  { id: 'author', title: 'Who', width: 150, cell: ({ author }) => <Text>{withoutAddress(author)}</Text> },
  { id: 'what', title: 'Changed', width: 240, cell: (row) => <Text>{changedText(row)}</Text> },
  { id: 'message', title: 'What for', narrow: true, cell: (row) => <Text>{messageText(row)}</Text> },
];

function changedText({ kind, changes, settings, access }: HistoryRow): string {
  if (access !== null) return access.name;
  if (kind === 'state') return settings.map(({ path }) => path.replace(/^sources\./, '')).join(', ') || 'nothing';
  return changes.map((one) => `${signs[one.change]}${refOf(one)}`).join(' ') || 'nothing';
}

const messageText = ({ message, promoted_from }: HistoryRow) =>
  promoted_from === null ? message : `${message} (from ${promoted_from.environment})`;

type EntryProps = Pick<LogProps, 'onRevert' | 'onPromote'> & { commit: string; onClose(): void };

/** One change, field by field, and the ways back and on. */
function Entry({ commit, onRevert, onPromote, onClose }: EntryProps) {
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'configuration', 'log', 'entry', commit],
    queryFn: () => read(api.configuration.log[':commit'].$get({ param: { commit } })),
  });
  const title = data?.kind === 'state' ? `Settings ${commit}` : `Commit ${commit}`;
  return (
    <Dialog title={title} onClose={onClose} className="wide">
      <h2>
        {title} of {name}
      </h2>
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {data !== undefined && (
        <>
          <p>
            <Text>{data.message}</Text>
          </p>
          <dl className="facts">
            <Fact name="By">
              <Text>{data.author}</Text>
            </Fact>
            <Fact name="When">
              <Time iso={data.created_at} />
            </Fact>
            {data.promoted_from !== null && (
              <Fact name={`Promoted from ${data.promoted_from.environment}`}>
                <Id>{data.promoted_from.commits.join(' ')}</Id>
              </Fact>
            )}
            {data.reverts !== null && (
              <Fact name="Reverts">
                <Go to={['configuration']} search={{ show: 'log', commit: data.reverts }}>
                  <Id>{data.reverts}</Id>
                </Go>
              </Fact>
            )}
          </dl>
          <div className="planned">
            {data.kind === 'state' ? (
              <FieldChanges fields={data.settings} from="Before" to="After" />
            ) : (
              <Differences changes={data.differences} from="Before" to="After" />
            )}
          </div>
        </>
      )}
      <div className="buttons">
        {data?.kind === 'commit' && onPromote && (
          <button type="button" className="button" onClick={() => onPromote(data.id)}>
            Promote this alone…
          </button>
        )}
        {data?.kind === 'commit' && onRevert && (
          <button type="button" className="button" onClick={() => onRevert(data.id)}>
            Revert…
          </button>
        )}
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
