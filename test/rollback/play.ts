import { pickOne, type Random } from '../support/random.ts';
import type { Doom } from './instance.ts';
import { type Pipeline, type QueueName, queueNames } from './pipeline.ts';
import { bodyOf, type Kind, type StoryEvent, source } from './story.ts';
import type { Version } from './version.ts';

/** Posts as senders do: again until there is an answer that is not a 5xx. */
export async function post(pipeline: Pipeline, version: () => Version, event: StoryEvent, doom?: Doom): Promise<void> {
  const body = JSON.stringify(bodyOf(event));
  for (let tries = 1; tries <= 20; tries++) {
    // Source times order writes, so no two are the same.
    pipeline.clock.moveOn(7);
    const status = await pipeline.post(version(), source, body, tries === 1 ? doom : undefined);
    if (status === 200) return;
    if (status !== 'died' && status < 500) throw new Error(`${event.key} was answered ${status}`);
  }
  throw new Error(`${event.key} is answered 5xx again and again`);
}

export type Chance = {
  random: Random;
  versions: readonly Version[];
  /** The share of calls at which a container dies. */
  deaths: number;
  /** Deliveries under way at a time. */
  atOnce: number;
};

/**
 * Lets the functions work until nothing waits, or for at most `forMs` or so many rounds. Which version takes a batch, of what size, and who
 * dies, chance decides; when there is nothing to do now, the clock moves on.
 */
export async function work(
  pipeline: Pipeline,
  { random, versions, deaths, atOnce }: Chance,
  {
    forMs = 40 * 3_600_000,
    rounds = Number.POSITIVE_INFINITY,
    queues = queueNames,
  }: { forMs?: number; rounds?: number; queues?: readonly QueueName[] } = {},
): Promise<void> {
  const endsAtMs = Date.now() + forMs;
  let stepMs = 1_000;
  for (let round = 0; round < rounds && Date.now() < endsAtMs; round++) {
    const order = [...queues].sort(() => random() - 0.5);
    const calls = Array.from({ length: atOnce }, (_, i) => {
      const queue = order[i % order.length] as QueueName;
      const size = random() < 0.5 ? 10 : 1 + Math.floor(random() * 4);
      const doom: Doom | undefined =
        random() < deaths
          ? { atCall: 1 + Math.floor(random() * 8), moment: random() < 0.5 ? 'before' : 'after' }
          : undefined;
      return pipeline.deliver(queue, pickOne(versions, random), { size, ...(doom && { doom }) });
    });
    const received = (await Promise.all(calls)).reduce((sum, count) => sum + count, 0);
    if (received > 0) {
      stepMs = 1_000;
      continue;
    }
    if (await isIdle(pipeline, queues)) return;
    pipeline.clock.moveOn(stepMs);
    // Leases and visibilities end within minutes, delays and retries within hours.
    stepMs = Math.min(stepMs * 1.5, 60_000);
  }
}

export async function isIdle(pipeline: Pipeline, queues: readonly QueueName[] = queueNames): Promise<boolean> {
  for (const queue of queues) if ((await pipeline.depth(queue)) > 0) return false;
  return true;
}

/** Events for every kind in `kinds`, one after the other, for users that no other call of the same `part` has. */
export function eventsOf(part: string, kinds: readonly Kind[]): StoryEvent[] {
  const count = new Map<Kind, number>();
  return kinds.map((kind) => {
    const n = (count.get(kind) ?? 0) + 1;
    count.set(kind, n);
    const user = kind === 'delete' ? `gone-${part}-${n}` : `user-${part}-${n}`;
    return { key: `${part}-${kind}-${n}`, kind, user };
  });
}
