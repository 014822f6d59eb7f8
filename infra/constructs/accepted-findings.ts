import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Findings of cdk-nag about `construct` and what is below it that stay as they are, each with its
 * reason. test/infra/nag.long.test.ts fails on every finding that is not accepted, and on every accepted
 * one that no longer occurs.
 */
export function acceptFindings(construct: IConstruct, reasons: Readonly<Record<string, string>>): void {
  Validations.of(construct).acknowledge(...Object.entries(reasons).map(([id, reason]) => ({ id, reason })));
}

/**
 * Accepts that roles below `construct` are granted `resources` with a wildcard in them. cdk-nag
 * names each such resource as its template spells it, so every wildcard is accepted for itself.
 */
export function acceptWildcards(construct: IConstruct, resources: readonly string[], reason: string): void {
  const stack = Stack.of(construct);
  for (const resource of resources.map((arn) => flat(stack.resolve(arn))))
    if (resource.includes('*')) acceptFindings(construct, { [`AwsSolutions-IAM5[Resource::${resource}]`]: reason });
}

/** `{ Ref: 'AWS::Region' }` becomes `<AWS::Region>`, and the parts of a join one text. */
function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::Join': join } = value as { Ref?: string; 'Fn::Join'?: [string, unknown[]] };
  if (Ref !== undefined) return `<${Ref}>`;
  if (join === undefined) throw new Error(`cannot be named as cdk-nag does: ${JSON.stringify(value)}`);
  return join[1].map(flat).join(join[0]);
}
