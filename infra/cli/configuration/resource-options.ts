import { type Command, InvalidArgumentError } from 'commander';
import { type ResourceRef, type ResourceType, resourceTypes } from '../../../shared/core/configuration/resources.ts';

export type ResourceOptions = Partial<Record<ResourceType, string[]>>;

/** `--source K --workflow K --audience K`, each repeatable. */
export function withResources(command: Command, what: string): Command {
  const collect = (key: string, before: string[] = []) => [...before, key];
  for (const type of resourceTypes) command.option(`--${type} <key>`, `${what} this ${type}; repeatable`, collect);
  return command;
}

/** Undefined when none is named. */
export function resourcesOf(options: ResourceOptions): ResourceRef[] | undefined {
  const refs = resourceTypes.flatMap((type) => (options[type] ?? []).map((key) => ({ type, key })));
  return refs.length === 0 ? undefined : refs;
}

/** `source/rudderstack`, or only the key. */
export function resource(text: string): Partial<ResourceRef> {
  const [, typed, key] = /^(?:(\w+)\/)?([^/]+)$/.exec(text) ?? [];
  const type = resourceTypes.find((known) => known === typed);
  if (key === undefined || (typed !== undefined && type === undefined))
    throw new InvalidArgumentError(`It is a key, or ${resourceTypes.map((known) => `${known}/KEY`).join(', ')}.`);
  return { key, ...(type && { type }) };
}
