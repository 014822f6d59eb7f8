import type * as z from 'zod';

/** A permission that a function needs. */
export type Grant = { actions: string[]; resources: string[] };

/** A stack's account and region, which complete names to ARNs. */
export type Here = { arnOf(service: string, resource: string, name: string): string };

type TargetSchema = z.ZodObject<{ type: z.ZodLiteral<string> } & z.ZodRawShape>;

/**
 * A type of target: its fields in a workflow's file, and facts that other code needs. Its adapter
 * is in shared/adapters.
 */
export type TargetDefinition<Schema extends TargetSchema = TargetSchema> = {
  /** An entry below `target` of a workflow's file. */
  schema: Schema;
  /** Its secret `targets/<workflow>`. Absent: it needs none. */
  secret?: {
    /** The other side that knows the secret. */
    sharedWith: string;
    /** A signing key that we make and whose form we check. Absent: any text from the other side. */
    isSigningKey?: true;
  };
  /** The permissions for calling it. Absent: it needs none. */
  aws?: {
    /** The named resource; the stack publishes the names that it was deployed with. */
    nameOf(target: z.output<Schema>): string;
    grantsOf(target: z.output<Schema>, here: Here): Grant[];
  };
  /**
   * The text that tells two targets of this type apart in a list. Absent: only the type is shown.
   */
  addressOf?(target: z.output<Schema>): string;
};

export function defineTarget<Schema extends TargetSchema>(definition: TargetDefinition<Schema>) {
  return definition;
}
