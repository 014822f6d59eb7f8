import { join } from 'node:path';
import type { SoakTarget } from '../soak/target.ts';
import type { Random } from '../support/random.ts';
import type { Recording } from './kept.ts';
import type { Pipeline, QueueName } from './pipeline.ts';
import { eventsOf, post, work } from './play.ts';
import { readStores } from './recording.ts';
import { type Kind, type StoryEvent, writeConfiguration } from './story.ts';
import type { Version } from './version.ts';

/** With what comes in pairs twice. */
export const everyKind: readonly Kind[] = [
  'identify',
  'signup',
  'signup',
  'order',
  'order',
  'refused_order',
  'refused_order',
  'large_order',
  'remind',
  'remind',
  'calm',
  'project',
  'leave',
  'team',
  'delete',
  'stranger',
  'unmapped',
  'invalid',
];

/** Makes the configuration live with the version's own command line. */
export async function configure(pipeline: Pipeline, version: Version): Promise<void> {
  const folder = join(pipeline.folder, 'config');
  writeConfiguration(folder);
  const said = await pipeline.signalbox(
    version,
    'config',
    'push',
    '--commit',
    '-m',
    'Begin',
    '--force',
    '--dir',
    folder,
  );
  if (said.code !== 0) throw new Error(`the ${version.name} version pushed nothing: ${said.stderr}${said.stdout}`);
}

/**
 * Lets one version leave behind whatever a deployed version can: settled rows, rows that wait, messages of every kind in
 * every queue, and what dying containers leave.
 */
export async function record(
  pipeline: Pipeline,
  version: Version,
  target: SoakTarget,
  random: Random,
  commit: string,
): Promise<Recording> {
  const sent: StoryEvent[] = [];
  const copies: string[] = [];
  const chance = { random, versions: [version], deaths: 0, atOnce: 1 };
  const always = () => version;
  const postAll = async (events: StoryEvent[]) => {
    for (const event of events) await post(pipeline, always, event);
    sent.push(...events);
  };
  const copy = async (event: StoryEvent) => {
    await post(pipeline, always, event);
    copies.push(event.key);
  };
  const drain = async (queue: QueueName) => {
    while ((await pipeline.deliver(queue, version)) > 0);
  };
  await configure(pipeline, version);

  // Settled, but for runs that are delayed.
  const settled = eventsOf('settled', everyKind);
  await postAll(settled.filter(({ kind }) => kind !== 'calm'));
  await work(pipeline, chance, { forMs: 60_000, queues: ['events', 'actions'] });
  await postAll(settled.filter(({ kind }) => kind === 'calm'));
  const firstIdentify = settled[0] as StoryEvent;
  await copy(firstIdentify);
  await work(pipeline, chance, { forMs: 30_000, queues: ['events', 'actions'] });

  // Actions whose target is down: rows that wait, with their retry messages.
  target.trouble = 'answers 500';
  await postAll(eventsOf('down', ['order', 'order', 'large_order']));
  await drain('events');
  await drain('actions');
  target.trouble = undefined;

  // Containers that die, some with their work half done.
  for (let atCall = 2; atCall <= 8; atCall++) {
    await postAll(eventsOf(`processor-${atCall}`, ['order']));
    await pipeline.deliver('events', version, { doom: { atCall, moment: 'after' } });
  }
  await drain('actions');
  for (let atCall = 2; atCall <= 9; atCall++) {
    await postAll(eventsOf(`trigger-${atCall}`, [atCall % 2 === 0 ? 'order' : 'signup']));
    await drain('events');
    await pipeline.deliver('actions', version, { doom: { atCall, moment: 'after' } });
  }

  // Processed events whose actions have not begun.
  await postAll(eventsOf('emitted', everyKind));
  await drain('events');

  // What an operator asked for, and copies of what is settled, of what failed, and of what is under way.
  const failed = sent.filter(({ key }) => key === 'settled-refused_order-1');
  for (const event of failed) await copy(event);
  for (const event of sent.filter(({ key }) =>
    /^(settled-order-1|down-order-1|processor-6-order-1|emitted-signup-1)$/.test(key),
  ))
    await copy(event);
  for (const args of [['settled-refused_order-2'], ['settled-identify-1', '--force']]) {
    const said = await pipeline.signalbox(version, 'replay', ...args);
    if (said.code !== 0) throw new Error(`replay ${args.join(' ')}: ${said.stderr}${said.stdout}`);
  }

  // Dead letters of both queues.
  const park = async (from: QueueName, to: QueueName) => {
    for (let messages = await pipeline.receive(from); messages.length > 0; messages = await pipeline.receive(from)) {
      for (const { Body } of messages) await pipeline.send(to, String(Body));
      await pipeline.remove(from, messages);
    }
  };
  const waiting: string[] = [];
  for (
    let messages = await pipeline.receive('events');
    messages.length > 0;
    messages = await pipeline.receive('events')
  ) {
    waiting.push(...messages.map(({ Body }) => String(Body)));
    await pipeline.remove('events', messages);
  }
  await postAll(eventsOf('parked', ['order', 'signup', 'invalid', 'unmapped', 'large_order']));
  await park('events', 'events-dlq');
  const actionsWaiting: string[] = [];
  for (
    let messages = await pipeline.receive('actions');
    messages.length > 0;
    messages = await pipeline.receive('actions')
  ) {
    actionsWaiting.push(...messages.map(({ Body }) => String(Body)));
    await pipeline.remove('actions', messages);
  }
  await postAll(eventsOf('parked-actions', ['order', 'signup', 'remind', 'large_order']));
  await drain('events');
  await park('actions', 'actions-dlq');
  for (const body of actionsWaiting) await pipeline.send('actions', body);
  for (const body of waiting) await pipeline.send('events', body);

  // Events that no processor has seen.
  await postAll(eventsOf('queued', everyKind));

  const recordedAtMs = Date.now();
  return {
    commit,
    recordedAtMs,
    sent,
    copies,
    effects: [...target.effects].map(([key, ids]) => [key, [...ids]]),
    refused: [...target.refused],
    counted: pipeline.counted,
    ...(await readStores(pipeline)),
  };
}
