import { accountId, region } from '../resources/resource-type.ts';

/** One thing that AWS asks the caller's policies before it answers a request. */
export type Permission = {
  /** `dynamodb:PutItem` */
  action: string;
  /** An ARN, or `*` for an action that is about no resource. */
  resource: string;
  /** What the service calls the resource in its refusal; default: the ARN. */
  resourceName?: string;
  /** Values of the condition keys that the service sets for this request. */
  conditions: Record<string, string | string[]>;
};

/** A request's body. Its members are read only where the operation defines them. */
export type RequestBody = Record<string, unknown>;

/** What the body of a request does not say. */
export type Surroundings = {
  /** The partition key's attribute in the table, or in its index. */
  partitionKeyOf(table: string, index: string | undefined): string | undefined;
  /** The full ARN of a secret by its name or ARN; undefined when there is none. */
  secretArn(id: string): string | undefined;
};

/** A refusal as the service sends it. */
export type ServiceRefusal = { status: number; headers: Record<string, string>; body: Record<string, string> };

export type DeniedCall = {
  /** The caller's ARN. */
  user: string;
  permission: Permission;
  /** A statement denies it; otherwise no statement allows it. */
  explicitly: boolean;
};

/** How one service checks and refuses its requests. */
export type ServiceAccess = {
  /** The condition keys that `permissionsOf` sets. A policy with another one cannot be checked here. */
  conditionKeys: readonly string[];
  /** The permissions that a request needs, all of them. */
  permissionsOf(operation: string, body: RequestBody, surroundings: Surroundings): Permission[];
  refuse(call: DeniedCall): ServiceRefusal;
};

export function arn(service: string, resource: string): string {
  return `arn:aws:${service}:${region}:${accountId}:${resource}`;
}

/** AWS's words for a refusal. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
export function deniedMessage({ user, permission, explicitly }: DeniedCall): string {
  const { action, resource, resourceName = resource } = permission;
  const why = explicitly
    ? 'with an explicit deny in an identity-based policy'
    : `because no identity-based policy allows the ${action} action`;
  return `User: ${user} is not authorized to perform: ${action} on resource: ${resourceName} ${why}`;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
