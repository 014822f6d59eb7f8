/**
 * The time of this process, which can be set and moved on. Whatever asks for the time gets it: the functions of both
 * versions, the emulators and the operations. Timers run as ever.
 */
export type Clock = { set(timeMs: number): void; moveOn(ms: number): void };

export function takeOverClock(): Clock {
  const RealDate = Date;
  let aheadMs = 0;
  const now = () => RealDate.now() + aheadMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, member, receiver) => (member === 'now' ? now : Reflect.get(target, member, receiver)),
  });
  return {
    set(timeMs) {
      aheadMs = timeMs - RealDate.now();
    },
    moveOn(ms) {
      aheadMs += ms;
    },
  };
}
