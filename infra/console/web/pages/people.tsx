import { useState } from 'react';
import type { AudienceRow, ObjectRow, TenantRow } from '../../../../shared/operations/directory/directory-rows.ts';
import type { UserRow } from '../../../../shared/operations/directory/user-row.ts';
import { apiPath, read } from '../client.ts';
import { audienceColumns, type Kind, kinds, objectColumns, tenantColumns, userColumns } from '../directory/kinds.tsx';
import { placeOf } from '../directory/link.tsx';
import { Page } from '../parts/page.tsx';
import { PagedTable, usePaged } from '../parts/paged.tsx';
import { Empty } from '../parts/problem.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { useGo, usePageSearch } from '../shell/go.tsx';

/** What the directory holds: users, objects, tenants and audiences, by id. */
export default function People() {
  const { name } = useEnvironment();
  const [search, change] = usePageSearch();
  const kind = kinds.find((one) => one === search.kind) ?? 'users';
  const { collection } = search;
  const query = new URLSearchParams({ ...(collection !== undefined && { collection }), limit: '1000' });
  const path = kind === 'users' ? 'people' : kind;
  return (
    <Page
      title="People and objects"
      fills
      command={kind === 'objects' ? `objects list${collection === undefined ? '' : ` ${quoted(collection)}`}` : kind}
      json={`${apiPath(name)}/${path}${kind === 'audiences' ? '' : `?${query}`}`}
    >
      <div className="tabs" role="tablist">
        {kinds.map((one) => (
          <button
            key={one}
            type="button"
            role="tab"
            aria-selected={one === kind}
            onClick={() => change({ kind: one === 'users' ? undefined : one, collection: undefined })}
          >
            {{ users: 'Users', objects: 'Objects', tenants: 'Tenants', audiences: 'Audiences' }[one]}
          </button>
        ))}
      </div>
      <FindById key={kind} kind={kind} collection={collection} />
      {kind === 'users' && <Users />}
      {kind === 'objects' && <Objects key={collection} collection={collection} />}
      {kind === 'tenants' && <Tenants />}
      {kind === 'audiences' && <Audiences />}
    </Page>
  );
}

const idOf = ({ id }: { id: string }) => id;
const userPlace = ({ id }: UserRow) => ({ to: ['people', id] });
const objectId = ({ collection, id }: ObjectRow) => `${collection}/${id}`;
const objectPlace = (row: ObjectRow) => placeOf(objectId(row));
const tenantPlace = ({ id }: TenantRow) => ({ to: ['people', 'tenants', id] });
const audienceId = ({ key }: AudienceRow) => key;
const audiencePlace = ({ key }: AudienceRow) => ({ to: ['people', 'audiences', key] });

function Users() {
  const { name, api } = useEnvironment();
  const list = usePaged<UserRow>([name, 'people'], (query, signal) =>
    read(api.people.$get({ query }, { init: { signal } })),
  );
  return (
    <PagedTable
      list={list}
      noun="user"
      label="Users by id"
      columns={userColumns}
      idOf={idOf}
      placeOf={userPlace}
      empty={
        <Empty title="No users yet">
          <p>They appear when an identify event, or an inline recipient, was processed.</p>
          <code className="command">npx signalbox send rudderstack --type identify</code>
        </Empty>
      }
    />
  );
}

function Objects({ collection }: { collection: string | undefined }) {
  const { name, api } = useEnvironment();
  const list = usePaged<ObjectRow>([name, 'objects', collection ?? ''], (query, signal) =>
    read(
      api.objects.$get({ query: { ...query, ...(collection !== undefined && { collection }) } }, { init: { signal } }),
    ),
  );
  return (
    <PagedTable
      list={list}
      noun="object"
      label="Objects by collection and id"
      columns={objectColumns}
      idOf={objectId}
      placeOf={objectPlace}
      empty={
        <Empty title={collection === undefined ? 'No objects yet' : 'No object is in this collection'}>
          <p>They appear when the action objects_set, or a call of the API, described one.</p>
        </Empty>
      }
    />
  );
}

function Tenants() {
  const { name, api } = useEnvironment();
  const list = usePaged<TenantRow>([name, 'tenants'], (query, signal) =>
    read(api.tenants.$get({ query }, { init: { signal } })),
  );
  return (
    <PagedTable
      list={list}
      noun="tenant"
      label="Tenants by id"
      columns={tenantColumns}
      idOf={idOf}
      placeOf={tenantPlace}
      empty={
        <Empty title="No tenants yet">
          <p>They appear when the action tenants_set, or a trigger that names one, has run.</p>
        </Empty>
      }
    />
  );
}

function Audiences() {
  const { name, api } = useEnvironment();
  const list = usePaged<AudienceRow>([name, 'audiences'], (_query, signal) =>
    read(api.audiences.$get({}, { init: { signal } })),
  );
  return (
    <PagedTable
      list={list}
      noun="audience"
      label="Audiences by key"
      columns={audienceColumns}
      idOf={audienceId}
      placeOf={audiencePlace}
      empty={
        <Empty title="No audiences yet">
          <p>They are in the configuration, or appear when the action audiences_add made one.</p>
        </Empty>
      }
    />
  );
}

const asked: Record<Kind, string> = {
  users: 'User id',
  objects: 'Object id',
  tenants: 'Tenant id',
  audiences: 'Audience key',
};

/** One by its id, however many there are; objects also by their collection alone. */
function FindById({ kind, collection: listed = '' }: { kind: Kind; collection: string | undefined }) {
  const go = useGo();
  const [, change] = usePageSearch();
  const [id, setId] = useState('');
  const [collection, setCollection] = useState(listed);
  const [typed, within] = [id.trim(), collection.trim()];
  const isObject = kind === 'objects';
  const parts = { users: [typed], objects: [kind, within, typed], tenants: [kind, typed], audiences: [kind, typed] }[
    kind
  ];
  const canOpen = typed !== '' && (!isObject || within !== '');
  return (
    <form
      className="toolbar"
      onSubmit={(event) => {
        event.preventDefault();
        if (canOpen) go({ to: ['people', ...parts] });
        else if (isObject) change({ collection: within });
      }}
    >
      {isObject && (
        <input
          className="filter"
          aria-label="Collection"
          placeholder="Collection"
          value={collection}
          spellCheck={false}
          autoComplete="off"
          onChange={({ target }) => setCollection(target.value)}
          onBlur={() => within !== listed && change({ collection: within })}
        />
      )}
      <input
        className="filter wide"
        aria-label={asked[kind]}
        placeholder={asked[kind]}
        value={id}
        spellCheck={false}
        autoComplete="off"
        onChange={({ target }) => setId(target.value)}
      />
      <button type="submit" className="button" disabled={!canOpen && !(isObject && within !== listed)}>
        Open
      </button>
    </form>
  );
}
