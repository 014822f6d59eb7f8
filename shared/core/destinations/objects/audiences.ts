import { AudienceKey } from '../../actions/parts/member.ts';
import { idProblem, tenantIdProblem } from '../../actions/parts/params.ts';
import type { JsonObject } from '../../json/values.ts';
import { isPresent } from '../../sources/parts/present.ts';
import type { DestinationObject } from '../destination.ts';
import { idOf } from './entity.ts';

/**
 * Members of audiences. One who is a member already stays as it is, so adding again writes nothing.
 */
export const audiences: DestinationObject = {
  id: 'audiences',
  label: 'Audiences',
  fields: [
    { name: 'user_id', label: 'User ID', identifier: true, required: true },
    { name: 'audience_key', label: 'Audience key', required: true },
    { name: 'tenant', label: 'Tenant' },
  ],
  takesProperties: false,
  reserved: [],
  operations: ['insert', 'upsert', 'delete'],
  guardsDeletes: false,
  deedOf(record, operation) {
    const user = idOf(record, 'user_id', idProblem);
    if ('problem' in user) return user;
    const audience = idOf(record, 'audience_key', audienceKeyProblem);
    if ('problem' in audience) return audience;
    const tenant = tenantOf(record);
    if (tenant !== null && 'problem' in tenant) return tenant;
    const kind = operation === 'delete' ? 'leave' : 'join';
    return { kind, audience: audience.id, member: { userId: user.id, tenant: tenant?.id ?? null } };
  },
};

export function audienceKeyProblem(key: string): string | undefined {
  return AudienceKey.safeParse(key).error?.issues[0]?.message;
}

/** An empty tenant is none: templates make `""` of null. */
function tenantOf(record: JsonObject) {
  return isPresent(record.tenant) ? idOf(record, 'tenant', tenantIdProblem) : null;
}
