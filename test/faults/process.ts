import type { Random } from '../support/random.ts';
import { type Fate, type PartialCall, suffer } from './fault-plan.ts';

/** One call of a function: what Lambda runs, and may end at any moment. */
export type Process = {
  id: number;
  function: string;
  startedAtMs: number;
  /** Lambda ends it then. */
  endsAtMs: number;
  /** Number of the world's step at which it began: what was known before that, it could know. */
  startedStep: number;
  state: 'running' | 'over' | 'dead';
  calls: number;
  /** Begun by a delivery that the queue need not have made, and may not have counted. */
  isEcho: boolean;
};

/** A call that waits for its turn. */
export type Gate = { process: Process; call: PartialCall; open(fate: Fate): void };

export type Watch = {
  /** Before a call has its effect, and after it had. */
  before?(process: Process, call: PartialCall): void;
  after?(process: Process, call: PartialCall, args: readonly unknown[], result: unknown): void;
};

/**
 * A port as one process sees it: each call waits at a gate until the scheduler lets it have its fate. `watch` sees effects,
 * whether or not the process ever hears of them.
 */
export function gated<Port extends object>(
  name: string,
  port: Port,
  process: Process,
  { gates, random, watch = {} }: { gates: Gate[]; random: Random; watch?: Watch },
): Port {
  return new Proxy(port, {
    get(target, method) {
      const member: unknown = Reflect.get(target, method);
      if (typeof member !== 'function' || typeof method !== 'string') return member;
      return async (...args: unknown[]) => {
        const performOn = async (first: unknown, rest: unknown[]) => {
          watch.before?.(process, call);
          const given = args.length === 0 ? [] : [first, ...rest];
          const result: unknown = await member.apply(target, given);
          watch.after?.(process, call, given, result);
          return result;
        };
        const call: PartialCall = {
          port: name,
          method,
          args,
          perform: () => performOn(args[0], args.slice(1)),
          performOn: (entries) => performOn(entries, args.slice(1)),
        };
        // What a dead process would still do, it does not.
        if (process.state !== 'running') return new Promise(() => undefined);
        process.calls++;
        const fate = await new Promise<Fate>((open) => gates.push({ process, call, open }));
        return suffer(call, fate, random);
      };
    },
  });
}
