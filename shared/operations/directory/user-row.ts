import type { Entity } from '../../core/directory/entity.ts';
import type { JsonObject } from '../../core/json/values.ts';
import { isJsonObject } from '../../core/json/values.ts';
import { iso } from '../words/iso.ts';

/* A row of `--json`: fields are added, never renamed or removed. docs/cli.md, "For programs". */

/** A user of the directory; fields that were never given are null. */
export type UserRow = {
  id: string;
  name: string | null;
  email: string | null;
  avatar: string | null;
  phone_number: string | null;
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

export function userRow({ ref, attributes, insertedAtMs, updatedAtMs, version }: Entity): UserRow {
  const { name, email, avatar, phone_number, timezone, locale, created_at, preferences, ...others } = attributes;
  // Tokens and addresses of devices, which a list of users must not print.
  const { channel_data: _channelData, ...properties } = others;
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return {
    id: ref.id,
    name: text(name),
    email: text(email),
    avatar: text(avatar),
    phone_number: text(phone_number),
    timezone: text(timezone),
    locale: text(locale),
    created_at: text(created_at),
    properties,
    preferences: isJsonObject(preferences) ? preferences : {},
    inserted_at: iso(insertedAtMs),
    updated_at: iso(updatedAtMs),
    version,
  };
}
