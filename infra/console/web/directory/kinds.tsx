import type { AudienceRow, ObjectRow, TenantRow } from '../../../../shared/operations/directory/directory-rows.ts';
import type { UserRow } from '../../../../shared/operations/directory/user-row.ts';
import type { Column } from '../parts/table.tsx';
import { Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';

export const kinds = ['users', 'objects', 'tenants', 'audiences'] as const;
export type Kind = (typeof kinds)[number];

const changed = <Row extends { updated_at: string }>(): Column<Row> => ({
  id: 'changed',
  title: 'Changed',
  width: 116,
  narrow: true,
  cell: ({ updated_at }) => <Ago iso={updated_at} />,
});

export const userColumns: Column<UserRow>[] = [
  { id: 'id', title: 'User', narrow: true, cell: ({ id }) => <Text>{id}</Text> },
  { id: 'name', title: 'Name', narrow: true, cell: ({ name }) => <Text>{name ?? ''}</Text> },
  { id: 'email', title: 'Email', cell: ({ email }) => <Text>{email ?? ''}</Text> },
  changed(),
];

export const objectColumns: Column<ObjectRow>[] = [
  { id: 'id', title: 'Object', narrow: true, cell: ({ id }) => <Text>{id}</Text> },
  { id: 'collection', title: 'Collection', narrow: true, cell: ({ collection }) => <Text>{collection}</Text> },
  { id: 'name', title: 'Name', cell: ({ name }) => <Text>{name ?? ''}</Text> },
  changed(),
];

export const tenantColumns: Column<TenantRow>[] = [
  { id: 'id', title: 'Tenant', narrow: true, cell: ({ id }) => <Text>{id}</Text> },
  { id: 'name', title: 'Name', narrow: true, cell: ({ name }) => <Text>{name ?? ''}</Text> },
  changed(),
];

export const audienceColumns: Column<AudienceRow>[] = [
  { id: 'key', title: 'Audience', narrow: true, cell: ({ key }) => <Text>{key}</Text> },
  { id: 'name', title: 'Name', narrow: true, cell: ({ name }) => <Text>{name ?? ''}</Text> },
  { id: 'description', title: 'Description', cell: ({ description }) => <Text>{description ?? ''}</Text> },
  {
    id: 'origin',
    title: 'Made by',
    width: 152,
    cell: ({ origin }) => (origin === 'action' ? 'an action' : 'the configuration'),
  },
];
