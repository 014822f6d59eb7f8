import * as z from 'zod';
import { harmlessTypes } from './resources/harmless.ts';
import { servingTypes, storingTypes } from './resources/index.ts';
import {
  type AnyResourceType,
  accountId,
  arnOf,
  generatedName,
  type LocalAddresses,
  type ResourceType,
  region,
} from './resources/resource-type.ts';
import { type Resolver, type ResourceNames, resolve, resolveObject, type Stack } from './template.ts';

/** A stack's resources to run here, with all names and addresses resolved. */
export type StackResources = {
  name: string;
  environment: string;
  outputs: Record<string, string>;
  /** One line per resource that a local run leaves out, with the reason. */
  skipped: string[];
  /** The resources of one type, in the template's order. */
  of<Resource>(type: ResourceType<Resource>): Resource[];
  /**
   * Starts the resources of these types, type by type.
   * @throws Error that names type and logical id
   */
  start(types: readonly AnyResourceType[], host: object): Promise<void>;
};

const runningTypes = new Map([...storingTypes, ...servingTypes].map((type) => [type.type, type]));

/**
 * The resources that `stack` needs here.
 * @throws Error that names type and logical id of a resource that is unknown or cannot be read
 */
export function readResources(stack: Stack, addresses: LocalAddresses): StackResources {
  const resources = Object.entries(stack.template.Resources).map(([id, resource]) => ({ id, ...resource }));
  const skipped: string[] = [];
  for (const { id, Type, Condition } of resources) {
    const reason = harmlessTypes.get(Type);
    if (reason !== undefined) skipped.push(`${Type} ${id}: ${reason}`);
    else if (!runningTypes.has(Type)) throw new Error(`${stack.name}: the local runtime cannot run ${Type} (${id})`);
    else if (Condition !== undefined)
      throw new Error(`${stack.name}: ${Type} ${id} has a condition, which is not supported`);
  }
  const resolver: Resolver = {
    stackName: stack.name,
    region,
    accountId,
    parameters: stack.template.Parameters,
    resources: new Map(
      resources.map(({ id, Type, Properties }) => {
        const unread = { stackName: stack.name, id, properties: Properties };
        return [id, runningTypes.get(Type)?.names(unread, addresses) ?? plausibleNames(generatedName(unread))];
      }),
    ),
  };
  const found = resources.flatMap(({ id, Type, Properties }) => {
    const type = runningTypes.get(Type);
    if (type === undefined) return [];
    const names = resolver.resources.get(id) as ResourceNames;
    const resource = named(stack.name, Type, id, () => type.read(resolveObject(Properties, resolver), names, stack));
    return [{ type, id, resource }];
  });
  const outputs = Object.fromEntries(
    Object.entries(stack.template.Outputs).map(([name, { Value }]) => [name, String(resolve(Value, resolver))]),
  );
  return {
    name: stack.name,
    environment: stack.environment,
    // A configured custom domain leads to AWS; here every request comes in at the gateway.
    outputs: { ...outputs, ...(outputs.IngestUrl !== undefined && { IngestUrl: addresses.gatewayUrl }) },
    skipped,
    of: <Resource>(type: ResourceType<Resource>) =>
      found.filter((one) => one.type.type === type.type).map(({ resource }) => resource as Resource),
    async start(types, host) {
      for (const type of types) {
        const starting = found
          .filter((one) => one.type === type)
          .map(({ id, resource }) =>
            named(stack.name, type.type, id, async () => type.start(resource as never, host as never)),
          );
        await Promise.all(starting);
      }
    },
  };
}

/** Resources that do not run get plausible names, since policies and dashboards mention them. */
function plausibleNames(name: string): ResourceNames {
  return { ref: name, attribute: (attribute) => (attribute.endsWith('Arn') ? arnOf('local', name) : name) };
}

/** Errors name their resource. */
function named<Result>(stackName: string, type: string, id: string, work: () => Result): Result {
  const explain = (error: unknown): never => {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new Error(`${stackName}: ${type} ${id}: ${why}`, { cause: error });
  };
  try {
    const result = work();
    return (result instanceof Promise ? result.catch(explain) : result) as Result;
  } catch (error) {
    return explain(error);
  }
}
