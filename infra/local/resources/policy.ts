import * as z from 'zod';
import { generatedName, namesOf, type ResourceType } from './resource-type.ts';

const Texts = z.union([z.string(), z.array(z.string()).min(1)]);

// Other members, such as NotAction, would be left out of decisions.
const Statement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: Texts,
  Resource: Texts,
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
export type Statement = z.infer<typeof Statement>;

export const PolicyDocument = z.object({ Version: z.literal('2012-10-17'), Statement: z.array(Statement) });
export type PolicyDocument = z.infer<typeof PolicyDocument>;

export type Policy = { name: string; document: PolicyDocument };
export type PolicyResource = Policy & { roles: string[] };

const Properties = z.object({ PolicyName: z.string(), PolicyDocument, Roles: z.array(z.string()).min(1) });

/** Statements of roles. */
export const policy: ResourceType<PolicyResource> = {
  type: 'AWS::IAM::Policy',
  names: (resource) => namesOf(generatedName(resource), { Id: generatedName(resource) }),
  read(properties) {
    const { PolicyName, PolicyDocument: document, Roles } = Properties.parse(properties);
    return { name: PolicyName, document, roles: Roles };
  },
  start: () => undefined,
};
