import * as z from 'zod';
import type { MemberKey } from '../../../ports/audiences.ts';
import { describeType, isJsonObject, type JsonObject, type JsonValue } from '../../json/values.ts';
import { checkedText, isNothing, noteLeftOut, tenantIdProblem } from './params.ts';
import { type Parsed, parseEntries, parseRecipient, type Recipient } from './recipient.ts';

/** A user for an audience; `tenant` is undefined if the entry names none. */
export type Member = { user: Recipient; tenant: string | null | undefined };

/**
 * A user's id; `{ user, tenant }`, where `user` is an id or a map; or the user's map, as cohorts
 * send it: `{ user_id, … }` or `{ id, … }`. A user with more than an id is written to the
 * directory. An id alone becomes a member that may be identified later.
 * https://docs.knock.app/api-reference/audiences/add_members
 */
export function parseMember(value: JsonValue, isExact: boolean): Parsed<Member> {
  if (!isJsonObject(value)) return withTenant(parseUser(value), undefined, isExact);
  if (Object.hasOwn(value, 'user')) return withTenant(parseUser(value.user ?? null), value.tenant, isExact);
  const { tenant, user_id, ...described } = value;
  return withTenant(parseUser(user_id === undefined ? described : { ...described, id: user_id }), tenant, isExact);
}

function parseUser(value: JsonValue): Parsed<Recipient> {
  const parsed = parseRecipient(value);
  if ('problem' in parsed) return parsed;
  const { ref, given } = parsed.ok;
  if (ref.kind !== 'user') return { problem: 'must be a user, not an object' };
  return { ok: { ref, given, form: saysMore(given) ? 'inline' : 'reference' } };
}

function saysMore(given: JsonObject): boolean {
  return Object.keys(given).some((name) => name !== 'id' && name !== 'userId');
}

/**
 * When members are added, an unreadable tenant is left out. A removal needs the tenant, since it
 * decides which row is meant.
 */
function withTenant(user: Parsed<Recipient>, given: JsonValue | undefined, isExact: boolean): Parsed<Member> {
  if ('problem' in user) return user;
  const { ok } = user;
  const tenant = given === undefined ? { ok: undefined } : parseTenant(given);
  if ('ok' in tenant) return { ok: { user: ok, tenant: tenant.ok } };
  if (isExact) return { problem: `tenant ${tenant.problem}` };
  noteLeftOut(`${ok.ref.id}: tenant`, `it ${tenant.problem}`);
  return { ok: { user: ok, tenant: undefined } };
}

function parseTenant(given: JsonValue): Parsed<string | null> {
  const value = isJsonObject(given) ? (given.id ?? null) : given;
  if (isNothing(value)) return { ok: null };
  const id = typeof value === 'number' ? String(value) : value;
  if (typeof id !== 'string') return { problem: `must be an id, not ${describeType(value)}` };
  const problem = tenantIdProblem(id);
  return problem === undefined ? { ok: id } : { problem };
}

function membersSchema(isExact: boolean): z.ZodType<Member[]> {
  const parse = (entry: JsonValue) => parseMember(entry, isExact);
  return z.unknown().transform((value, context) => parseEntries(value as JsonValue, parse, context));
}

/** One member or a list of them. */
export const Members = membersSchema(false);

/** Members with a required readable tenant: without it another row would be meant. */
export const ExactMembers = membersSchema(true);

export const Tenant: z.ZodType<string | null> = z.unknown().transform((value, context): string | null => {
  const parsed = parseTenant(value as JsonValue);
  if ('ok' in parsed) return parsed.ok;
  context.addIssue({ code: 'custom', message: parsed.problem });
  return z.NEVER;
});

/** All members in `members`, or the one in `user`; `tenant` applies to entries without one. */
export function allMembers(params: {
  members?: Member[] | undefined;
  user?: Member[] | undefined;
  tenant?: string | null | undefined;
}): { key: MemberKey; user: Recipient }[] {
  const named = [...(params.members ?? []), ...(params.user ?? [])];
  return named.map(({ user, tenant = params.tenant ?? null }) => ({ key: { userId: user.ref.id, tenant }, user }));
}

/** Why `key` cannot name an audience; undefined when it can. https://docs.knock.app/concepts/audiences */
export function audienceKeyProblem(key: string): string | undefined {
  if (/^[a-z0-9][a-z0-9_-]{0,254}$/.test(key)) return undefined;
  return 'must be 1-255 lower-case letters, digits, "-" or "_", starting with a letter or digit';
}

export const AudienceKey = checkedText(audienceKeyProblem);
