import { runUnsafeSimulation } from '@cloud-copilot/iam-simulate';
import type { Policy } from '../resources/policy.ts';
import { accountId, region } from '../resources/resource-type.ts';
import type { DeniedCall, Permission } from './permission.ts';
import { services } from './services.ts';

/** A role and the session in which a caller has taken it on. */
export type Role = {
  /** `arn:aws:iam::000000000000:role/NAME` */
  arn: string;
  /** Lambda uses the function's name. */
  session: string;
  policies: Policy[];
};

/** A permission that was asked for, and the answer. */
export type Decision = { role: string; permission: Permission; allowed: boolean };

export type RoleAccess = {
  /** The first of `permissions` that the role does not have; undefined when it has all. */
  denied(permissions: Permission[]): DeniedCall | undefined;
};

type Result = ReturnType<typeof runUnsafeSimulation>;

// A role asks for some dozens of resources. Keys of items, which a condition may see, are unlimited.
const conditionalMax = 10_000;

/**
 * Decides by the role's policies, as IAM would. A decision takes a quarter of a millisecond, so each
 * is made once: for an action and a resource, if a statement without conditions allows it; else also
 * for the values of the condition keys.
 * @param onDecision is told each decision when it is made
 */
export function makeRoleAccess(role: Role, onDecision: (decision: Decision) => void = () => undefined): RoleAccess {
  const user = sessionArn(role);
  const unknown = conditionKeysOf(role).find((key) => !knownConditionKeys(role).has(key.toLowerCase()));
  if (unknown !== undefined)
    throw new Error(`${role.arn}: the local runtime does not know the condition key ${unknown}`);
  const anyConditions = role.policies.filter(({ document }) => document.Statement.some(({ Condition }) => Condition));
  const mayDenyByCondition = anyConditions.some(({ document }) =>
    document.Statement.some(({ Effect, Condition }) => Condition && Effect === 'Deny'),
  );
  const withoutConditions = role.policies.map(({ name, document }) => ({
    name,
    policy: { ...document, Statement: document.Statement.filter(({ Condition }) => !Condition) },
  }));
  const whole = role.policies.map(({ name, document }) => ({ name, policy: document }));

  const simulate = (identityPolicies: typeof whole, { action, resource, conditions }: Permission): Result =>
    runUnsafeSimulation(
      {
        request: {
          principal: user,
          action,
          resource: { resource, accountId },
          contextVariables: { ...ofEveryRequest(role), ...conditions },
        },
        identityPolicies: identityPolicies.filter(({ policy }) => policy.Statement.length > 0),
        serviceControlPolicies: [],
        resourceControlPolicies: [],
      },
      {},
    );

  const always = new Map<string, Result>();
  const conditional = new Map<string, Result>();

  function decide(permission: Permission): Result {
    const key = `${permission.action} ${permission.resource}`;
    const known = always.get(key);
    if (known !== undefined && (known === 'Allowed' || anyConditions.length === 0)) return known;
    const keyWithConditions = `${key} ${JSON.stringify(permission.conditions)}`;
    const decided = conditional.get(keyWithConditions);
    if (decided !== undefined) return decided;
    let result = mayDenyByCondition ? undefined : simulate(withoutConditions, permission);
    if (result !== undefined && (result === 'Allowed' || anyConditions.length === 0)) {
      always.set(key, result);
    } else {
      result = simulate(whole, permission);
      if (conditional.size >= conditionalMax) conditional.clear();
      conditional.set(keyWithConditions, result);
    }
    onDecision({ role: role.arn, permission, allowed: result === 'Allowed' });
    return result;
  }

  return {
    denied(permissions) {
      for (const permission of permissions) {
        const result = decide(permission);
        if (result !== 'Allowed') return { user, permission, explicitly: result === 'ExplicitlyDenied' };
      }
      return undefined;
    },
  };
}

function conditionKeysOf({ policies }: Role): string[] {
  return policies.flatMap(({ document }) =>
    document.Statement.flatMap(({ Condition = {} }) => Object.values(Condition).flatMap((keys) => Object.keys(keys))),
  );
}

function knownConditionKeys(role: Role): Set<string> {
  const keys = [...Object.keys(ofEveryRequest(role)), ...[...services.values()].flatMap((one) => one.conditionKeys)];
  return new Set(keys.map((key) => key.toLowerCase()));
}

/** `arn:aws:sts::000000000000:assumed-role/ROLE/SESSION`, as refusals name a caller. */
function sessionArn({ arn, session }: Role): string {
  return `${arn.replace(':iam:', ':sts:').replace(/:role\/(?:.*\/)?/, ':assumed-role/')}/${session}`;
}

/** Condition keys that IAM itself sets. Requests here count as made with TLS, as all are on AWS. */
function ofEveryRequest({ arn }: Role): Record<string, string> {
  return {
    'aws:PrincipalArn': arn,
    'aws:PrincipalAccount': accountId,
    'aws:RequestedRegion': region,
    'aws:SecureTransport': 'true',
  };
}
