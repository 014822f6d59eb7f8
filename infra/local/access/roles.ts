import { timingSafeEqual } from 'node:crypto';
import type { LocalCredentials } from '../credentials.ts';
import type { Surroundings } from './permission.ts';
import { type Decision, makeRoleAccess, type Role, type RoleAccess } from './role-access.ts';
import { services } from './services.ts';

/** A caller with a role, such as a function. */
export type RoleCaller = { credentials: LocalCredentials; role: Role };

/** The callers that may do only what the policies of their roles allow. */
export type Roles = {
  /** From now on these may call. Callers of earlier stacks stay, since their functions finish their work. */
  add(callers: RoleCaller[]): void;
  accessOf(accessKeyId: string): RoleAccess | undefined;
};

export function makeRoles(onDecision?: (decision: Decision) => void): Roles {
  const known: { accessKeyId: string; access: RoleAccess }[] = [];
  return {
    add(callers) {
      for (const { credentials, role } of callers)
        known.push({ accessKeyId: credentials.accessKeyId, access: makeRoleAccess(role, onDecision) });
    },
    accessOf: (given) => known.find(({ accessKeyId }) => isSame(given, accessKeyId))?.access,
  };
}

/** Whether a request to an emulator is refused, in the service's words; undefined when it is allowed. */
export function deniedRequest(
  access: RoleAccess,
  { target, operation, body }: { target: string; operation: string; body: unknown },
  surroundings: Surroundings,
) {
  const service = services.get(target);
  if (service === undefined) throw new Error(`the local runtime cannot check the permissions of ${target}`);
  const denied = access.denied(service.permissionsOf(operation, body as Record<string, unknown>, surroundings));
  return denied && service.refuse(denied);
}

export function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
