import * as z from 'zod';
import type { MemberKey } from '../../../ports/audiences.ts';
import { describeType, isJsonObject, type JsonObject, type JsonValue } from '../../json/values.ts';
import { isNothing, noteLeftOut, Text, tenantIdProblem } from './params.ts';
import { type Parsed, parseEntries, parseRecipient, type Recipient } from './recipient.ts';

/** A user to be in an audience; `tenant` undefined where the entry says nothing about it. */
export type Member = { user: Recipient; tenant: string | null | undefined };

/**
 * A user's id; `{ user, tenant }`, where `user` is an id or a map; or a map that is the user, as cohorts send them:
 * `{ user_id, … }` or `{ id, … }`. Only a user of whom more than the id is said is written to the directory: an id alone is
 * kept as a member that may be identified later. https://docs.knock.app/api-reference/audiences/add_members
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

/** A tenant that cannot be read is left out where members are added. One who is to be removed is meant with the tenant. */
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

/** Members of whom a tenant that cannot be read is a mistake: without it another row would be meant. */
export const ExactMembers = membersSchema(true);

export const Tenant: z.ZodType<string | null> = z.unknown().transform((value, context): string | null => {
  const parsed = parseTenant(value as JsonValue);
  if ('ok' in parsed) return parsed.ok;
  context.addIssue({ code: 'custom', message: parsed.problem });
  return z.NEVER;
});

/** Everybody meant by `members`, or by `user` alone; `tenant` is that of every entry that names none. */
export function allMembers(params: {
  members?: Member[] | undefined;
  user?: Member[] | undefined;
  tenant?: string | null | undefined;
}): { key: MemberKey; user: Recipient }[] {
  const named = [...(params.members ?? []), ...(params.user ?? [])];
  return named.map(({ user, tenant = params.tenant ?? null }) => ({ key: { userId: user.ref.id, tenant }, user }));
}

/** https://docs.knock.app/concepts/audiences: lower-case letters, digits, "-" and "_". */
export const AudienceKey = Text.refine((key) => /^[a-z0-9][a-z0-9_-]{0,254}$/.test(key), {
  error: 'must be 1-255 lower-case letters, digits, "-" or "_", starting with a letter or digit',
});
