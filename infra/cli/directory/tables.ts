import type {
  AudienceRow,
  MemberRow,
  ObjectRow,
  SubscriptionRow,
  TenantRow,
} from '../../../shared/operations/directory/directory-rows.ts';
import type { UserRow } from '../../../shared/operations/directory/user-row.ts';
import { safeJson } from '../../../shared/operations/words/text.ts';
import { formatAgo } from '../../../shared/operations/words/times.ts';
import { inline } from '../../../shared/operations/words/values.ts';
import type { Column } from '../terminal/table.ts';

type Described = { properties: UserRow['properties']; updated_at: string };

export function userColumns(nowMs: number): Column<UserRow>[] {
  return [
    { title: 'USER', value: ({ id }) => id, whole: true },
    { title: 'NAME', value: ({ name }) => name ?? '' },
    { title: 'EMAIL', value: ({ email }) => email ?? '' },
    ...describedColumns(nowMs),
  ];
}

export function objectColumns(nowMs: number): Column<ObjectRow>[] {
  return [
    { title: 'OBJECT', value: ({ collection, id }) => `${collection}/${id}`, whole: true },
    { title: 'NAME', value: ({ name }) => name ?? '' },
    ...describedColumns(nowMs),
  ];
}

export function tenantColumns(nowMs: number): Column<TenantRow>[] {
  return [
    { title: 'TENANT', value: ({ id }) => id, whole: true },
    { title: 'NAME', value: ({ name }) => name ?? '' },
    ...describedColumns(nowMs),
  ];
}

export function audienceColumns(): Column<AudienceRow>[] {
  return [
    { title: 'AUDIENCE', value: ({ key }) => key, whole: true },
    { title: 'NAME', value: ({ name }) => name ?? '' },
    { title: 'MADE BY', value: ({ origin }) => origin },
    { title: 'DESCRIPTION', value: ({ description }) => description ?? '' },
  ];
}

export function memberColumns(nowMs: number): Column<MemberRow>[] {
  return [
    { title: 'USER', value: ({ user_id }) => user_id, whole: true },
    { title: 'TENANT', value: ({ tenant }) => tenant ?? '' },
    { title: 'ADDED', value: ({ added_at }) => formatAgo(Date.parse(added_at), nowMs) },
    { title: 'KNOWN AS', value: ({ user }) => (user === null ? '(not identified)' : (user.name ?? user.email ?? '')) },
  ];
}

/** `end` is the other side: the one that the list is not about. */
export function subscriptionColumns(end: 'object' | 'recipient', nowMs: number): Column<SubscriptionRow>[] {
  return [
    { title: end === 'object' ? 'OBJECT' : 'SUBSCRIBER', value: (row) => row[end], whole: true },
    { title: 'PROPERTIES', value: ({ properties }) => inlineMap(properties) },
    { title: 'CHANGED', value: ({ updated_at }) => formatAgo(Date.parse(updated_at), nowMs) },
  ];
}

function describedColumns(nowMs: number): Column<Described>[] {
  return [
    { title: 'PROPERTIES', value: ({ properties }) => inlineMap(properties) },
    { title: 'CHANGED', value: ({ updated_at }) => formatAgo(Date.parse(updated_at), nowMs) },
  ];
}

function inlineMap(properties: Described['properties']): string {
  return Object.keys(properties).length === 0 ? '' : inline(properties);
}

/** An entity's known fields; fields that were never given are left out. */
export function describedFields(fields: Record<string, unknown>): [name: string, value: string][] {
  return Object.entries(fields)
    .filter(([, value]) => value !== null && !isEmptyMap(value))
    .map(([name, value]) => [name, typeof value === 'string' ? value : safeJson(value)]);
}

function isEmptyMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
