import type { JsonValue } from '../json/values.ts';
import { defaultParameters } from '../mappings/action-facts.ts';
import { type EventNamespaces, readEventPath } from '../mappings/event-path.ts';
import { compileMapping, unmetBecause } from '../mappings/parameter-value.ts';
import type { Condition, Mapping, ParameterValue } from '../mappings/schema.ts';

export type ExplainedCondition = {
  condition: Condition;
  /** The value at its path; undefined: none. */
  found: JsonValue | undefined;
  /** Why it does not hold; absent when it does. */
  unmet?: string;
};

export type ExplainedParameter = {
  name: string;
  from: ParameterValue;
  /** True for a parameter that the mapping leaves out and the action fills in. */
  isDefault: boolean;
  /** Undefined: it did not resolve. */
  value: JsonValue | undefined;
};

export type ExplainedMapping = { conditions: ExplainedCondition[]; parameters: ExplainedParameter[] };

/** Every condition and parameter of a mapping for one event, also if the mapping does not run. */
export function explainMapping(mapping: Mapping, event: EventNamespaces): ExplainedMapping {
  const compiled = compileMapping(mapping);
  const values = compiled.parameters(event);
  const conditions = compiled.conditions.map((one): ExplainedCondition => {
    const unmet = unmetBecause(one, event);
    return { condition: one.condition, found: readEventPath(event, one.path), ...(unmet !== undefined && { unmet }) };
  });
  const from = { ...mapping.parameters, ...defaultsOf(mapping) };
  const parameters = Object.entries(from).map(
    ([name, written]): ExplainedParameter => ({
      name,
      from: written,
      isDefault: !Object.hasOwn(mapping.parameters, name),
      value: Object.hasOwn(values, name) ? values[name] : undefined,
    }),
  );
  return { conditions, parameters };
}

function defaultsOf({ action, parameters }: Mapping): Record<string, ParameterValue> {
  return Object.fromEntries(
    Object.entries(defaultParameters(action)).filter(([name]) => !Object.hasOwn(parameters, name)),
  );
}
