import type Knock from '@knocklabs/node';

export type ClientMethod = (...given: unknown[]) => Promise<unknown>;

/** Every method of the official client by its name, such as `users.bulk.identify`. */
export function methodsOf(client: Knock): Map<string, ClientMethod> {
  const methods = new Map<string, ClientMethod>();
  const walk = (resource: object, name: string): void => {
    for (const method of Object.getOwnPropertyNames(Object.getPrototypeOf(resource))) {
      const own = (resource as Record<string, ClientMethod>)[method];
      if (method !== 'constructor' && own !== undefined) methods.set(`${name}.${method}`, own.bind(resource));
    }
    for (const [child, inner] of resourcesOf(resource)) walk(inner, `${name}.${child}`);
  };
  for (const [name, resource] of resourcesOf(client)) walk(resource, name);
  return methods;
}

function resourcesOf(parent: object): [string, object][] {
  return Object.entries(parent).filter(
    ([name, value]) => name !== '_client' && typeof value === 'object' && value !== null && '_client' in value,
  );
}
