import * as z from 'zod';
import { eventBridge } from './event-bridge.ts';
import { http } from './http.ts';
import { knock } from './knock.ts';
import { log } from './log.ts';
import { stepFunctions } from './step-functions.ts';
import type { TargetDefinition } from './target.ts';

/** Every type of target. shared/adapters/workflow-targets.ts lists their adapters. */
const definitions = [log, http, stepFunctions, eventBridge, knock] as const;

type SchemasOf<Definitions extends readonly { schema: unknown }[]> = {
  -readonly [Position in keyof Definitions]: Definitions[Position]['schema'];
};

/** A workflow's target in one environment. docs/targets.md has an example of each type. */
export const Target = z.discriminatedUnion(
  'type',
  definitions.map(({ schema }) => schema) as SchemasOf<typeof definitions>,
);
export type Target = z.infer<typeof Target>;

// Each definition takes targets of its own type, which the map's type cannot express.
const byType = new Map<string, TargetDefinition>(
  definitions.map((definition) => [definition.schema.shape.type.value, definition as unknown as TargetDefinition]),
);

/** The definition of a target's type. */
export function targetDefinition({ type }: Pick<Target, 'type'>): TargetDefinition {
  const definition = byType.get(type);
  if (definition === undefined) throw new Error(`no target is of type ${type}`);
  return definition;
}
