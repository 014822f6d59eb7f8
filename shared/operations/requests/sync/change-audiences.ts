import { audiencesAddMember, audiencesAddMemberUngreeted } from '../../../core/actions/audiences-add-member.ts';
import { audiencesRemoveMember } from '../../../core/actions/audiences-remove-member.ts';
import type { DeedOf } from '../../../core/destinations/destination.ts';
import { memberName } from '../../../core/ids/member-name.ts';
import type { MemberKey } from '../../../ports/audiences.ts';
import { audienceExists, hasGreetings } from '../change-members.ts';
import { performAction } from '../perform-action.ts';
import type { ApiRequest, RequestPorts } from '../request.ts';
import type { PlannedRecord, Work } from './planned-record.ts';

type MemberDeed = DeedOf<'join' | 'leave'>;
type MemberRecord = PlannedRecord<MemberDeed>;

/**
 * Adds and removes members of audiences. Who is one already, or is none, costs no write. A new member
 * whom a workflow greets is added by its event as well, under the same id: so the event finds who is
 * new, and a request that dies in between forgets no one.
 * @param create makes audiences that are not there
 */
export async function changeAudiences(
  records: MemberRecord[],
  create: boolean,
  requestFor: (id: string) => ApiRequest,
  ports: RequestPorts,
): Promise<Work<MemberDeed>> {
  const found = new Map<string, Audience>();
  const byAudience = Map.groupBy(records, ({ deed }) => deed.audience);
  for (const [key, ofKey] of byAudience) found.set(key, await readAudience(key, ofKey, create, ports));
  const audienceOf = ({ deed }: MemberRecord) => found.get(deed.audience) as Audience;
  const isMember = (record: MemberRecord) =>
    audienceOf(record).members.get(memberName(record.deed.member))?.isThere === true;
  const changes = (record: MemberRecord) =>
    audienceOf(record).exists && (record.deed.kind === 'join') !== isMember(record);
  const isGreeted = (record: MemberRecord) =>
    record.deed.kind === 'join' && audienceOf(record).isGreeted && changes(record);
  // Their audiences were looked up above.
  const known = { ...ports, audiences: { ...ports.audiences, ensure: async () => true } };

  async function applyTogether(some: MemberRecord[], end: Parameters<Work<MemberDeed>['apply']>[1]): Promise<void> {
    const [first] = some;
    if (first === undefined) return;
    const { audience: key, kind } = first.deed;
    const members = some.map(({ deed: { member } }) => ({ user: member.userId, tenant: member.tenant }));
    const action =
      kind === 'leave' ? audiencesRemoveMember : isGreeted(first) ? audiencesAddMemberUngreeted : audiencesAddMember;
    // What is asked now wins over everything that was said of them.
    const times = some.map((one) => audienceOf(one).members.get(memberName(one.deed.member))?.sourceTimeMs ?? -1);
    const notBeforeMs = Math.max(...times) + 1;
    const { result } = await performAction(action, { key, members }, [], requestFor(first.id), known, 0, notBeforeMs);
    for (const record of some) {
      if (result.status === 'succeeded') end(record, { done: true });
      else end(record, { done: false, message: result.detail ?? result.reason });
    }
  }

  return {
    leavesRest: isGreeted,
    async apply(chunk, end) {
      const changing = chunk.filter((record) => {
        if (!audienceOf(record).exists) {
          const message = `Audience ${record.deed.audience} does not exist in ${ports.environment}`;
          end(record, { done: false, message });
          return false;
        }
        if (changes(record)) return true;
        end(record, { done: true, note: record.deed.kind === 'join' ? 'is a member already' : 'is no member' });
        return false;
      });
      const greeted = changing.filter(isGreeted);
      const others = Map.groupBy(
        changing.filter((record) => !isGreeted(record)),
        ({ deed }) => deed.audience,
      );
      await Promise.all([
        ...[...others.values()].map((some) => applyTogether(some, end)),
        ...greeted.map((one) => applyTogether([one], end)),
      ]);
    },
  };
}

type Audience = {
  exists: boolean;
  isGreeted: boolean;
  members: Map<string, { isThere: boolean; sourceTimeMs: number }>;
};

async function readAudience(
  key: string,
  records: MemberRecord[],
  create: boolean,
  ports: RequestPorts,
): Promise<Audience> {
  const keys = [...new Map(records.map(({ deed: { member } }) => [memberName(member), member])).values()];
  const [exists, isGreeted, stored] = await Promise.all([
    audienceExists(key, create && records.some(({ deed }) => deed.kind === 'join'), ports),
    hasGreetings(key, ports),
    ports.audiences.readEach(key, keys),
  ]);
  const members = keys.flatMap((member: MemberKey, i) => {
    const one = stored[i];
    return one === undefined
      ? []
      : [[memberName(member), { isThere: !one.isRemoved, sourceTimeMs: one.sourceTimeMs }] as const];
  });
  return { exists, isGreeted, members: new Map(members) };
}
