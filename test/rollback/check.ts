import type { Pipeline } from './pipeline.ts';
import { type Chance, isIdle, work } from './play.ts';
import type { StoryEvent } from './story.ts';
import { source } from './story.ts';
import type { Version } from './version.ts';

type Row = Record<string, unknown>;

export type Expected = {
  sinceMs: number;
  sent: readonly StoryEvent[];
  /** What the target did: ids of messages that had an effect, by the event's key. */
  effects: ReadonlyMap<string, ReadonlySet<string>>;
};

/**
 * What is wrong once everything is worked off: something lost, something done twice, or a row that a command of a reading
 * version cannot read.
 */
export async function findWrong(
  pipeline: Pipeline,
  readers: readonly Version[],
  { sinceMs, sent, effects }: Expected,
): Promise<string[]> {
  const wrong: string[] = [];
  const since = ['--since', new Date(sinceMs).toISOString()];
  for (const reader of readers) {
    const read = async (...args: string[]): Promise<Row[]> => {
      const said = await pipeline.signalbox(reader, ...args, '--json');
      const parsed = parse(said.stdout);
      if (said.code !== 0 || parsed === undefined)
        wrong.push(
          `${reader.name}: ${args.join(' ')} ended with ${said.code}: ${said.stderr || said.stdout.slice(0, 400)}`,
        );
      return Array.isArray(parsed) ? parsed : parsed === undefined ? [] : [parsed as Row];
    };
    const say = (what: string) => wrong.push(`${reader.name}: ${what}`);
    await read('verify', ...since);
    const events = await read('events', ...since, '--limit', '2000');
    const actions = await read('actions', ...since, '--limit', '5000');
    const runs = await read('runs', ...since, '--limit', '5000');
    for (const { id, status } of events) if (status === 'failed') say(`event ${id} has failed`);
    for (const { event_id, action, status, reason } of actions)
      if (status === 'failed' || status === 'pending') say(`${action} of ${event_id} is ${status}: ${reason}`);

    const eventsOf = Map.groupBy(events, ({ key }) => String(key));
    const runsOf = Map.groupBy(runs, ({ event_id }) => String(event_id));
    const actionsOf = Map.groupBy(actions, ({ event_id }) => String(event_id));
    for (const { key, kind } of sent) {
      if (kind === 'invalid' || kind === 'unmapped') continue;
      const rows = (eventsOf.get(key) ?? []).filter(({ replay_of }) => replay_of === null);
      const processed = rows.filter(({ status }) => status === 'processed');
      if (processed.length === 0) say(`${key} was never processed`);
      if (processed.length > 1 && kind !== 'refused_order') say(`${key} was processed ${processed.length} times`);
      const of = (lists: Map<string, Row[]>) => processed.flatMap(({ id }) => lists.get(String(id)) ?? []);
      if (kind === 'signup') {
        if (of(runsOf).length !== 1) say(`${key} has ${of(runsOf).length} runs instead of one`);
        if (of(actionsOf).length !== 5) say(`${key} shows ${of(actionsOf).length} actions instead of five`);
      }
      if (kind === 'remind' && of(runsOf).length !== 1) say(`${key} has ${of(runsOf).length} runs instead of one`);
    }
    for (const [id] of runsOf) if (!events.some((event) => event.id === id)) say(`a run of ${id}, which has no row`);

    const users = new Set((await read('users', 'list', '--limit', '2000')).map(({ id }) => id));
    for (const { user, kind } of sent) {
      if (kind === 'delete' ? users.has(user) : !users.has(user) && ['identify', 'signup', 'order'].includes(kind))
        say(`user ${user} is ${users.has(user) ? 'there' : 'missing'} after ${kind}`);
    }
    for (const args of [
      ['sources'],
      ['event-types', source],
      ['config', 'log'],
      ['config', 'show'],
      ['secrets', 'list'],
      ['objects', 'list', 'projects'],
      ['objects', 'get', 'projects', 'apollo'],
      ['objects', 'subscribers', 'projects', 'apollo'],
      ['tenants', 'get', 'orchard'],
      ['audiences', 'members', 'plan-team'],
      ['mapping', 'test', source, '--type', 'track/order_completed'],
    ])
      await read(...args);
    for (const { id } of events.filter((_, i) => i % 15 === 0)) {
      await read('events', 'show', String(id));
      await read('why', String(id));
    }
    for (const { id } of runs.filter((_, i) => i % 20 === 0)) await read('runs', 'show', String(id));
  }
  for (const { key, kind } of sent) {
    if (!['order', 'large_order', 'refused_order'].includes(kind)) continue;
    const ids = effects.get(key)?.size ?? 0;
    if (ids !== 1) wrong.push(`${key} had ${ids} effects at its target`);
  }
  if (!(await isIdle(pipeline))) wrong.push('messages still wait');
  return wrong;
}

/** As an operator would: replays what has failed, until it is done. */
export async function replayFailed(
  pipeline: Pipeline,
  version: Version,
  chance: Chance,
  { sinceMs }: Pick<Expected, 'sinceMs'>,
): Promise<number> {
  let replayed = 0;
  for (let round = 0; round < 3; round++) {
    const list = async (command: string) => {
      const args = [
        command,
        '--since',
        new Date(sinceMs).toISOString(),
        '--status',
        'failed',
        '--limit',
        '500',
        '--json',
      ];
      const said = await pipeline.signalbox(version, ...args);
      return (parse(said.stdout) ?? []) as Row[];
    };
    const failed = [
      ...(await list('events')).map(({ id }) => id),
      ...(await list('actions')).map(({ event_id }) => event_id),
    ];
    const ids = [...new Set(failed.map(String))];
    if (ids.length === 0) break;
    replayed += ids.length;
    await pipeline.signalbox(version, 'replay', ...ids);
    await work(pipeline, { ...chance, deaths: 0 });
  }
  return replayed;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
