/** What a port call throws when its process has died: nothing of that process happens any more. */
export class ProcessDied extends Error {
  override name = 'ProcessDied';
}

export type Fate = { at: number; when: 'before' | 'after' };

/**
 * Wraps ports so that the process dies at its `at`-th call (counted from 0, over all of them), before or after the call
 * had its effect. From then on every call fails without effect, as calls of a dead process do. `calls` says how many
 * there were, so that a test can go through all of them.
 */
export function dieAt<Ports extends Record<string, object>>(
  ports: Ports,
  fate?: Fate,
): { ports: Ports; calls(): number; died(): boolean } {
  let calls = 0;
  let dead = false;
  const wrap = (port: object) =>
    new Proxy(port, {
      get(target, name, receiver) {
        const member: unknown = Reflect.get(target, name, receiver);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          if (dead) throw new ProcessDied();
          const mine = calls++;
          if (mine !== fate?.at) return member.apply(target, args);
          dead = true;
          if (fate.when === 'after') await member.apply(target, args);
          throw new ProcessDied();
        };
      },
    });
  const wrapped = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, wrap(port)])) as Ports;
  return { ports: wrapped, calls: () => calls, died: () => dead };
}
