import { type SoakTarget, troubles } from '../soak/target.ts';
import { pickOne, type Random } from '../support/random.ts';
import { type Expected, findWrong, replayFailed } from './check.ts';
import type { Pipeline } from './pipeline.ts';
import { type Chance, eventsOf, post, work } from './play.ts';
import { configure, everyKind } from './record.ts';
import type { StoryEvent } from './story.ts';
import type { Version } from './version.ts';

/** Which versions work, one phase after the other. Lambda keeps containers of both for a while after each deploy. */
export type Course = { name: string; phases: readonly (readonly Version[])[] };

/** A deploy that is rolled back and, the other way round, a rollback that is deployed again. */
export function courses(old: Version, current: Version): Course[] {
  const both = [old, current];
  return [
    { name: 'a deploy that is rolled back', phases: [[old], both, [current], both, [old]] },
    { name: 'a rollback that is deployed again', phases: [[current], both, [old], both, [current]] },
  ];
}

/**
 * Plays a course: in each phase senders send every kind of event, with copies of earlier ones, containers die, and the
 * target has its troubles. What a phase leaves undone, the versions of the next one find in queues and tables.
 */
export async function play(
  pipeline: Pipeline,
  { phases }: Course,
  readers: readonly Version[],
  target: SoakTarget,
  random: Random,
): Promise<string[]> {
  const startedAtMs = Date.now();
  const sent: StoryEvent[] = [];
  await configure(pipeline, phases[0]?.[0] as Version);
  for (const [i, versions] of phases.entries()) {
    const chance: Chance = { random, versions, deaths: 0.15, atOnce: 2 };
    target.trouble = random() < 0.5 ? pickOne(troubles, random) : undefined;
    for (const event of shuffled(eventsOf(`phase-${i}`, everyKind), random)) {
      const doom = { atCall: 1 + Math.floor(random() * 3), moment: 'after' } as const;
      await post(pipeline, () => pickOne(versions, random), event, random() < 0.05 ? doom : undefined);
      sent.push(event);
      if (random() < 0.2) await post(pipeline, () => pickOne(versions, random), pickOne(sent, random));
      if (random() < 0.4) await work(pipeline, chance, { rounds: 2 });
    }
    await work(pipeline, chance, { rounds: 8 });
  }
  target.trouble = undefined;
  const last = phases.at(-1) as readonly Version[];
  const chance: Chance = { random, versions: last, deaths: 0.05, atOnce: 2 };
  await work(pipeline, chance);
  const expected: Expected = { sinceMs: startedAtMs - 60_000, sent, effects: target.effects };
  await replayFailed(pipeline, last[0] as Version, chance, expected);
  return findWrong(pipeline, readers, expected);
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
