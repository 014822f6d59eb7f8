import { randomInt, randomUUID } from 'node:crypto';
import type { Sample, SampleMaker, SampleSet, SampleUser } from '../../core/sources/guide.ts';
import { usageError } from '../refusal.ts';

export type SamplePlan = {
  /** Sent first and awaited: users without an identify get no workflow run. */
  introductions: Sample[];
  events: Sample[];
};

export type SampleWishes = { count?: number; eventType?: string; userId?: string };

// Many enough that events do not all write one user's row, few enough to check the runs of all
// afterwards.
const usersMax = 200;
const eventsPerUser = 20;

/**
 * Plans the samples of a `send`: of one type if requested, else users who are identified and then
 * act like visitors of a shop. By default two events, an identify and an order, so that the log
 * shows a user, an action and a run.
 */
export function planSamples(set: SampleSet, { count, eventType, userId }: SampleWishes): SamplePlan {
  if (eventType !== undefined) {
    const users = makeUsers(userId === undefined ? usersFor(count ?? 1) : 1, userId);
    const events = Array.from({ length: count ?? 1 }, (_, i) => ofType(set, eventType, userAt(users, i)));
    return { introductions: [], events };
  }
  const total = count ?? 2;
  const users = makeUsers(userId === undefined ? usersFor(total) : 1, userId);
  const { identify } = set;
  const types = mixOf(set, identify === undefined ? total : total - users.length);
  return {
    introductions: identify === undefined ? [] : users.map((user) => identify(user, maker())),
    events: types.map((type, i) => ofType(set, type, userAt(users, i))),
  };
}

/** The event types of which there are samples: that of the introductions first. */
export function sampleTypes({ identify, mix }: SampleSet): string[] {
  const introduction = identify?.(userAt(makeUsers(1), 0), maker()).eventType;
  const types = [...(introduction === undefined ? [] : [introduction]), ...mix.map(({ eventType }) => eventType)];
  return [...new Set(types)];
}

function usersFor(count: number): number {
  return Math.min(usersMax, Math.max(1, Math.floor(count / eventsPerUser)));
}

function makeUsers(count: number, id?: string): SampleUser[] {
  const batch = randomUUID().slice(0, 4);
  return Array.from({ length: count }, (_, i) => {
    const name = names[i % names.length] ?? 'Ada';
    const userId = id ?? `user_${batch}_${i + 1}`;
    return { id: userId, name: `${name} Example`, email: `${name.toLowerCase()}.${batch}.${i + 1}@example.com` };
  });
}

const names = ['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara', 'Donald', 'Katherine', 'Linus'];

const maker = (): SampleMaker => ({ uuid: randomUUID, int: randomInt, nowMs: Date.now() });

function userAt(users: SampleUser[], i: number): SampleUser {
  const user = users[i % users.length];
  if (user === undefined) throw new Error('no sample users');
  return user;
}

function ofType(set: SampleSet, eventType: string, user: SampleUser): Sample {
  const sample = set.ofType(eventType, user, maker());
  if (sample === undefined)
    throw usageError(
      `there is no sample of type "${eventType}"`,
      `there are samples of ${set.mix.map((m) => m.eventType).join(', ')}; for another one give a file with a payload`,
    );
  return sample;
}

/**
 * `count` types in the proportions of the mix, spread evenly: each step takes the type that is
 * furthest behind its share.
 */
function mixOf(set: SampleSet, count: number): string[] {
  const total = set.mix.reduce((sum, { weight }) => sum + weight, 0);
  const sent = new Map<string, number>();
  return Array.from({ length: Math.max(0, count) }, (_, i) => {
    const behind = set.mix.map(({ eventType, weight }) => ((i + 1) * weight) / total - (sent.get(eventType) ?? 0));
    const { eventType } = set.mix[behind.indexOf(Math.max(...behind))] ?? { eventType: 'identify' };
    sent.set(eventType, (sent.get(eventType) ?? 0) + 1);
    return eventType;
  });
}
