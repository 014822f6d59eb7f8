import * as z from 'zod';
import { type Policy, PolicyDocument } from './policy.ts';
import { accountId, nameGiven, namesOf, type ResourceType } from './resource-type.ts';

export type RoleResource = { name: string; arn: string; policies: Policy[] };

const Properties = z.object({
  Policies: z.array(z.object({ PolicyName: z.string(), PolicyDocument })).default([]),
  // Their statements are AWS's, and not in the template.
  ManagedPolicyArns: z.array(z.never('the local runtime has no managed policies')).optional(),
  PermissionsBoundary: z.never('the local runtime has no managed policies').optional(),
});

/** Functions act with it: calls that its policies do not allow are refused (infra/local/access). */
export const role: ResourceType<RoleResource> = {
  type: 'AWS::IAM::Role',
  names(resource) {
    const name = nameGiven('RoleName', resource);
    return namesOf(name, { Arn: `arn:aws:iam::${accountId}:role/${name}`, RoleId: name });
  },
  read(properties, { ref: name, attribute }) {
    const { Policies } = Properties.parse(properties);
    const policies = Policies.map(({ PolicyName, PolicyDocument: document }) => ({ name: PolicyName, document }));
    return { name, arn: attribute('Arn') as string, policies };
  },
  start: () => undefined,
};
