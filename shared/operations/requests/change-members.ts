import type { Action } from '../../core/actions/action.ts';
import { audiencesAddMember, audiencesAddMemberUngreeted } from '../../core/actions/audiences-add-member.ts';
import { audiencesRemoveMember } from '../../core/actions/audiences-remove-member.ts';
import { type Member, parseMember } from '../../core/actions/parts/member.ts';
import type { FieldError } from '../../core/errors.ts';
import { memberName } from '../../core/ids/member-name.ts';
import type { JsonObject, JsonValue } from '../../core/json/values.ts';
import type { ActionWarning } from '../../core/logs/action-log-entry.ts';
import type { MemberKey } from '../../ports/audiences.ts';
import { handOver } from './hand-over.ts';
import { performAction } from './perform-action.ts';
import type { Recorded } from './record-request.ts';
import type { ApiRequest, RequestPorts } from './request.ts';
import { setDescribed } from './set-described.ts';
import { userOf } from './set-entity.ts';

export type ChangedMembers =
  | { kind: 'changed'; recorded: Recorded }
  | { kind: 'audience_missing' }
  | { kind: 'refused'; errors: FieldError[] };

/**
 * Adds members to an audience. Users described are set first; an id that is no user's becomes a
 * member too. Workflows that greet new members are started by `workflow-trigger`, to which the same
 * action is handed over before anyone is added: under its id it finds who is new, and a request that
 * dies in between greets no one twice and forgets no one.
 * @param create makes an audience that is not there
 * @throws RetryableError when a table or the queue is unavailable, or the time did not suffice; a
 * repeated request goes on where this one stopped
 */
export async function addMembersByRequest(
  key: string,
  given: JsonValue[],
  create: boolean,
  request: ApiRequest,
  ports: RequestPorts,
): Promise<ChangedMembers> {
  const read = readMembers(given);
  if (read.kind === 'refused') return read;
  if (!(await audienceExists(key, create, ports))) return { kind: 'audience_missing' };
  const { errors, warnings } = await setDescribed(read.described, request, ports);
  if (errors.length > 0) return { kind: 'refused', errors };
  const isGreeted = await hasGreetings(key, ports);
  const action = isGreeted ? audiencesAddMemberUngreeted : audiencesAddMember;
  const greetAsOf = (timeMs: number, payload: JsonObject) =>
    handOver(audiencesAddMember, payload, request, ports, timeMs);
  return change(action, key, read.members, warnings, request, ports, isGreeted ? greetAsOf : undefined);
}

/**
 * Removes members from an audience; those that are not in it are skipped. Without a tenant only the
 * row without one is meant.
 * @throws RetryableError when a table is throttled or unavailable, or the time did not suffice
 */
export async function removeMembersByRequest(
  key: string,
  given: JsonValue[],
  request: ApiRequest,
  ports: RequestPorts,
): Promise<ChangedMembers> {
  const read = readMembers(given);
  if (read.kind === 'refused') return read;
  if (!(await audienceExists(key, false, ports))) return { kind: 'audience_missing' };
  return change(audiencesRemoveMember, key, read.members, [], request, ports);
}

/** Whether the configuration has the audience, or an action or request made it. */
export async function audienceExists(
  key: string,
  create: boolean,
  { configuration, audiences, nowMs }: Pick<RequestPorts, 'configuration' | 'audiences' | 'nowMs'>,
): Promise<boolean> {
  const { snapshot } = await configuration();
  return Object.hasOwn(snapshot.audiences, key) || audiences.ensure(key, create, nowMs());
}

type ReadMembers =
  | { kind: 'read'; members: MemberKey[]; described: { field: string; recipient: Member['user'] }[] }
  | Extract<ChangedMembers, { kind: 'refused' }>;

function readMembers(given: JsonValue[]): ReadMembers {
  const parsed = given.map((one) => parseMember(one, true));
  const errors = parsed.flatMap((one, i) =>
    'problem' in one ? [{ field: `members.${i}`, message: one.problem }] : [],
  );
  if (errors.length > 0) return { kind: 'refused', errors };
  const read = parsed.flatMap((one) => ('ok' in one ? [one.ok] : []));
  const keys = read.map(({ user, tenant = null }): MemberKey => ({ userId: user.ref.id, tenant }));
  return {
    kind: 'read',
    members: [...new Map(keys.map((key) => [memberName(key), key])).values()],
    described: read.flatMap(({ user }, i) =>
      user.form === 'inline' ? [{ field: `members.${i}.user`, recipient: user }] : [],
    ),
  };
}

/** Whether a workflow greets new members of the audience. */
export async function hasGreetings(key: string, { configuration }: RequestPorts): Promise<boolean> {
  const { snapshot } = await configuration();
  return Object.values(snapshot.workflows).some(({ audience }) => audience === key);
}

/** @param handOverAsOf called before the change, with the moment as of which it is made */
async function change(
  action: Action,
  key: string,
  members: MemberKey[],
  warnings: ActionWarning[],
  request: ApiRequest,
  ports: RequestPorts,
  handOverAsOf?: (timeMs: number, payload: JsonObject) => Promise<void>,
): Promise<ChangedMembers> {
  const stored = await ports.audiences.readEach(key, members);
  // The next moment after everything that was said of them: what is asked now wins.
  const notBeforeMs = Math.max(...stored.map((one) => (one === undefined ? 0 : one.sourceTimeMs + 1)));
  const payload = { key, members: members.map(({ userId, tenant }) => ({ user: userId, tenant })) };
  await handOverAsOf?.(Math.max(request.receivedAtMs, notBeforeMs), payload);
  const { result, outcome } = await performAction(action, payload, [], request, ports, 0, notBeforeMs);
  if (result.status !== 'succeeded') return { kind: 'refused', errors: result.errors ?? [] };
  const [only, ...others] = members;
  const about = only !== undefined && others.length === 0 ? userOf({ kind: 'user', id: only.userId }) : {};
  // The row of what was handed over is workflow-trigger's.
  if (handOverAsOf !== undefined) return { kind: 'changed', recorded: { ...about, handedOver: 1 } };
  const all = [...warnings, ...(outcome.warnings ?? [])];
  const noted = { ...outcome, ...(all.length > 0 && { warnings: all.slice(0, warningsMax) }) };
  return { kind: 'changed', recorded: { ...about, performed: [noted] } };
}

const warningsMax = 20;
