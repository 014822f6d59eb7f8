import { type Entity, mapFieldsOf, textFieldsOf } from '../../core/directory/entity.ts';
import { recipientKey, usersCollection } from '../../core/ids/entity-ref.ts';
import { isJsonObject, type JsonObject } from '../../core/json/values.ts';
import type { AudienceMember } from '../../ports/audiences.ts';
import type { Subscription } from '../../ports/subscriptions.ts';
import { iso } from '../words/iso.ts';
import { type UserRow, userRow } from './user-row.ts';

/* Rows of `--json` for the rest of the directory: objects, tenants, audiences, subscriptions. */

export type ObjectRow = {
  collection: string;
  id: string;
  name: string | null;
  timezone: string | null;
  locale: string | null;
  created_at: string | null;
  /** Custom properties. */
  properties: JsonObject;
  preferences: JsonObject;
  inserted_at: string;
  updated_at: string;
  version: number;
};

export type TenantRow = Omit<ObjectRow, 'collection' | 'timezone' | 'locale'> & {
  /** `branding` and `preference_set`. */
  settings: JsonObject;
};

export type AudienceRow = {
  key: string;
  /** Null for an audience that only an action made. */
  name: string | null;
  description: string | null;
  /** Says whether the live configuration has it or an action made it. */
  origin: 'configuration' | 'action';
};

export type MemberRow = {
  user_id: string;
  tenant: string | null;
  added_at: string;
  /** Null for a member without an identify yet. */
  user: UserRow | null;
};

export type MembershipRow = { audience: string; tenant: string | null; added_at: string };

export type SubscriptionRow = {
  /** `collection/id` */
  object: string;
  /** A user's id, or `collection/id`. */
  recipient: string;
  properties: JsonObject;
  inserted_at: string;
  updated_at: string;
};

export function objectRow(entity: Entity): ObjectRow {
  const { ref, insertedAtMs, updatedAtMs, version } = entity;
  const { text, map, properties } = fieldsOf(entity);
  return {
    collection: ref.kind === 'object' ? ref.collection : usersCollection,
    id: ref.id,
    name: text('name'),
    timezone: text('timezone'),
    locale: text('locale'),
    created_at: text('created_at'),
    properties,
    preferences: map('preferences'),
    inserted_at: iso(insertedAtMs),
    updated_at: iso(updatedAtMs),
    version,
  };
}

export function tenantRow(entity: Entity): TenantRow {
  const { ref, insertedAtMs, updatedAtMs, version } = entity;
  const { text, map, properties } = fieldsOf(entity);
  return {
    id: ref.id,
    name: text('name'),
    created_at: text('created_at'),
    settings: map('settings'),
    properties,
    preferences: map('preferences'),
    inserted_at: iso(insertedAtMs),
    updated_at: iso(updatedAtMs),
    version,
  };
}

export function memberRow({ userId, tenant, addedAtMs }: AudienceMember, user: Entity | undefined): MemberRow {
  return { user_id: userId, tenant, added_at: iso(addedAtMs), user: user === undefined ? null : userRow(user) };
}

export function membershipRow({ audience, tenant, addedAtMs }: AudienceMember & { audience: string }): MembershipRow {
  return { audience, tenant, added_at: iso(addedAtMs) };
}

export function subscriptionRow(subscription: Subscription): SubscriptionRow {
  return {
    object: recipientKey(subscription.object),
    recipient: recipientKey(subscription.recipient),
    properties: subscription.properties,
    inserted_at: iso(subscription.insertedAtMs),
    updated_at: iso(subscription.updatedAtMs),
  };
}

/**
 * Named fields, and other properties. Tokens and addresses of devices (`channel_data`) are in
 * neither.
 */
function fieldsOf({ ref, attributes }: Entity) {
  const own = [...textFieldsOf(ref), ...mapFieldsOf(ref)];
  const value = (name: string) => (own.includes(name) ? attributes[name] : undefined);
  return {
    text(name: string): string | null {
      const found = value(name);
      return typeof found === 'string' ? found : null;
    },
    map(name: string): JsonObject {
      const found = value(name);
      return isJsonObject(found) ? found : {};
    },
    properties: Object.fromEntries(Object.entries(attributes).filter(([name]) => !own.includes(name))),
  };
}
