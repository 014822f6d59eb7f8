import type * as z from 'zod';

/** What a function must be allowed to do. */
export type Grant = { actions: string[]; resources: string[] };

/** Where a stack stands, for names that are short for an ARN. */
export type Here = { arnOf(service: string, resource: string, name: string): string };

type TargetSchema = z.ZodObject<{ type: z.ZodLiteral<string> } & z.ZodRawShape>;

/** A type of target: what its file says, and what others must know of it. What calls it is in shared/adapters. */
export type TargetDefinition<Schema extends TargetSchema = TargetSchema> = {
  /** An entry below `target` of a workflow's file. */
  schema: Schema;
  /** The secret `targets/<workflow>` that it is called with. Absent: it needs none. */
  secret?: {
    /** Who else has it. */
    sharedWith: string;
    /** A signing key that we make and check the form of. Absent: any text, as the other side gave it. */
    isSigningKey?: true;
  };
  /** What AWS must allow before it can be called. Absent: nothing. */
  aws?: {
    /** What the file names: the stack says which names it was deployed with. */
    nameOf(target: z.output<Schema>): string;
    grantsOf(target: z.output<Schema>, here: Here): Grant[];
  };
  /** What tells two targets of this type apart in a list. Absent: the type alone. */
  addressOf?(target: z.output<Schema>): string;
};

export function defineTarget<Schema extends TargetSchema>(definition: TargetDefinition<Schema>) {
  return definition;
}
