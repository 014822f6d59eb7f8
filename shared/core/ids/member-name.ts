/**
 * Names a member within its audience. No id holds a "#", and a tenant's id is never empty, so two
 * members never share a name.
 */
export function memberName({ userId, tenant }: { userId: string; tenant: string | null }): string {
  return `${userId}#${tenant ?? ''}`;
}
