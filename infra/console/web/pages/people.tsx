import { useState } from 'react';
import type { UserRow } from '../../../../shared/operations/directory/user-row.ts';
import { apiPath, read } from '../client.ts';
import { Page } from '../parts/page.tsx';
import { PagedTable, usePaged } from '../parts/paged.tsx';
import { Empty } from '../parts/problem.tsx';
import type { Column } from '../parts/table.tsx';
import { Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { useGo } from '../shell/go.tsx';

const columns: Column<UserRow>[] = [
  { id: 'id', title: 'User', narrow: true, cell: ({ id }) => <Text>{id}</Text> },
  { id: 'name', title: 'Name', narrow: true, cell: ({ name }) => <Text>{name ?? ''}</Text> },
  { id: 'email', title: 'Email', cell: ({ email }) => <Text>{email ?? ''}</Text> },
  { id: 'changed', title: 'Changed', width: 116, narrow: true, cell: ({ updated_at }) => <Ago iso={updated_at} /> },
];

const idOf = ({ id }: UserRow) => id;
const placeOf = ({ id }: UserRow) => ({ to: ['people', id] });

/** Users of the directory, by id. */
export default function People() {
  const { name, api } = useEnvironment();
  const list = usePaged<UserRow>([name, 'people'], (query, signal) =>
    read(api.people.$get({ query }, { init: { signal } })),
  );
  return (
    <Page title="People" fills command="users" json={`${apiPath(name)}/people?limit=1000`}>
      <FindById />
      <PagedTable
        list={list}
        noun="user"
        label="Users by id"
        columns={columns}
        idOf={idOf}
        placeOf={placeOf}
        empty={
          <Empty title="No users yet">
            <p>They appear when an identify event, or an inline recipient, was processed.</p>
            <code className="command">npx signalbox send rudderstack --type identify</code>
          </Empty>
        }
      />
    </Page>
  );
}

/** One user by id, however many there are. */
function FindById() {
  const go = useGo();
  const [typed, setTyped] = useState('');
  return (
    <form
      className="toolbar"
      onSubmit={(event) => {
        event.preventDefault();
        if (typed.trim() !== '') go({ to: ['people', typed.trim()] });
      }}
    >
      <input
        className="filter wide"
        aria-label="User id"
        placeholder="User id"
        value={typed}
        spellCheck={false}
        autoComplete="off"
        onChange={({ target }) => setTyped(target.value)}
      />
      <button type="submit" className="button" disabled={typed.trim() === ''}>
        Open
      </button>
    </form>
  );
}
