import { RetryableError } from '../../shared/core/errors.ts';
import type { SendResult } from '../../shared/ports/queues.ts';
import type { TargetAnswer } from '../../shared/ports/workflow-target.ts';
import type { Random } from '../support/random.ts';

/**
 * What becomes of one call of a port. `partly` is for calls about several things: some are done, some are not, and of
 * some the answer is lost. A process that dies never hears of anything again.
 */
export type Fate = 'goes_on' | 'fails_before' | 'fails_after' | 'partly' | 'dies_before' | 'dies_after';

/** How bad the weather is: chances for each call, each delivery, each step. */
export type Weather = {
  /** That a call fails, before or after its effect or in part. */
  trouble: number;
  /** That the process dies at a call. */
  death: number;
  /** That a queue delivers what is in flight, or gone, once more. */
  echo: number;
  /** That Lambda does not get to delete what a handler has done, or hears nothing it understands. */
  lostAnswer: number;
  /** That a message sent is in the queue twice. */
  doubleSend: number;
};

export const clearWeather: Weather = { trouble: 0, death: 0, echo: 0, lostAnswer: 0, doubleSend: 0 };

export function fateOf(weather: Weather, random: Random): Fate {
  const chance = random();
  if (chance < weather.death) return random() < 0.5 ? 'dies_before' : 'dies_after';
  if (chance < weather.death + weather.trouble) {
    const kind = random();
    if (kind < 0.4) return 'fails_before';
    return kind < 0.75 ? 'fails_after' : 'partly';
  }
  return 'goes_on';
}

/** One call of a port by one process, on its way. */
export type PortCall = { port: string; method: string; args: readonly unknown[]; perform(): Promise<unknown> };

/** The process is gone: what waits for this never goes on. */
const never = new Promise<never>(() => undefined);

/** Lets a call have its fate: its effect, or not, and the answer that the real adapter would give. */
export async function suffer(call: PortCall, fate: Fate, random: Random): Promise<unknown> {
  switch (fate) {
    case 'goes_on':
      return call.perform();
    case 'dies_before':
      return never;
    case 'dies_after':
      await call.perform();
      return never;
    case 'fails_before':
      return failed(call);
    case 'fails_after':
      await call.perform();
      return failed(call);
    case 'partly':
      return inPart(call, random);
  }
}

const throttled = () => new RetryableError('injected: throttled');

/** As the adapters report trouble: sends and batch writes per entry, targets as an answer, everything else thrown. */
function failed({ port, method, args }: PortCall): unknown {
  switch (`${port}.${method}`) {
    case 'events.sendEach':
    case 'actionsQueue.sendEach':
      return listed(args).map((): SendResult => ({ sent: false, error: throttled() }));
    case 'eventLog.writeEach':
    case 'actionLog.writeEach':
      return listed(args).map(throttled);
    case 'receivedMessages.handBack':
      return undefined;
    case 'target.start':
      return {
        kind: 'unavailable',
        reason: 'target_timeout',
        detail: 'injected: no answer',
      } satisfies TargetAnswer;
    default:
      throw throttled();
  }
}

const listed = ([list]: readonly unknown[]) => list as unknown[];

/** Batch calls, entry by entry; anything else either has its effect or has not. */
async function inPart(call: PortCall, random: Random): Promise<unknown> {
  const isBatch = /^(events|actionsQueue)\.sendEach$|\.writeEach$/.test(`${call.port}.${call.method}`);
  if (!isBatch || listed(call.args).length < 2) {
    if (random() < 0.5) await call.perform();
    return failed(call);
  }
  const answers: unknown[] = [];
  const entries = listed(call.args);
  const isOpen = entries.map(() => random());
  const done = entries.filter((_, i) => (isOpen[i] ?? 0) > 0.4);
  const results = (await (call as PartialCall).performOn(done)) as unknown[] | undefined;
  const failures = failed({ ...call, args: [entries] }) as unknown[];
  let next = 0;
  for (const [i] of entries.entries()) {
    const chance = isOpen[i] ?? 0;
    const result = chance > 0.4 ? results?.[next++] : undefined;
    // Of those done some lose their answer.
    answers.push(chance > 0.6 ? result : failures[i]);
  }
  return answers;
}

export type PartialCall = PortCall & { performOn(entries: unknown[]): Promise<unknown> };
