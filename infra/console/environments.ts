import type { Environment } from '../../shared/operations/environment.ts';
import { Away, Refused } from './problem.ts';

/** How a console reaches its environments. */
export type EnvironmentSource = {
  /** Those that it shows, the first one first. */
  names(): string[];
  connect(name: string): Promise<Environment>;
};

/** Open environments. One that does not answer is connected to again at the next request. */
export type OpenEnvironments = {
  names(): string[];
  /** @throws Refused for an unknown name; Away when it cannot be connected to */
  open(name: string): Promise<Environment>;
  /** It did not answer: its addresses may be of a run that has ended. */
  forget(name: string): void;
};

export function openEnvironments({ names, connect }: EnvironmentSource): OpenEnvironments {
  const open = new Map<string, Promise<Environment>>();
  return {
    names,
    async open(name) {
      if (!names().includes(name))
        throw new Refused(
          404,
          'not_found',
          `this console has no environment "${name}"`,
          `it has: ${names().join(', ')}`,
        );
      const found = open.get(name) ?? connect(name);
      open.set(name, found);
      try {
        return await found;
      } catch (cause) {
        open.delete(name);
        throw new Away(`${name} cannot be reached`, { cause });
      }
    },
    forget: (name) => void open.delete(name),
  };
}
