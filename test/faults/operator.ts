import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import { encodeActionsMessage } from '../../shared/core/plan/actions-message.ts';
import { actionsMessageOf } from '../../shared/core/plan/actions-of.ts';
import { type PlannedEvent, planEvent } from '../../shared/core/plan/plan-event.ts';
import { rawEventOf } from '../../shared/operations/events/recompute.ts';
import { planForcedReplay, planReplay } from '../../shared/operations/replay/plan-replay.ts';
import { claimName } from '../support/fakes.ts';
import type { World } from './world.ts';

/** The event read again by the configuration that its row names, as the CLI does; undefined when nobody can read it. */
export async function plannedAsLogged(world: World, entry: EventLogEntry): Promise<PlannedEvent | undefined> {
  try {
    return await planEvent(rawEventOf(entry), world.configurationOf(entry.configVersion ?? world.live.version));
  } catch {
    return undefined;
  }
}

/** `npx signalbox replay ID [--force]` by its own planning. @returns what was sent, if anything was */
export async function replay(world: World, eventId: string, force = false): Promise<'event' | 'actions' | undefined> {
  const { eventLog, actionLog, claims, queues } = world.stores;
  const entry = eventLog.rows.get(eventId);
  if (entry === undefined) return undefined;
  const planned = await plannedAsLogged(world, entry);
  const eventType = planned?.event?.eventType ?? entry.eventType;
  const { key, source } = entry;
  const plan = force
    ? planForcedReplay(entry, world.freshEventId(source))
    : planReplay(
        {
          entry,
          claim:
            key === undefined || eventType === undefined
              ? undefined
              : claims.items.get(claimName({ key, source, eventType })),
          log: entry.execution === undefined ? undefined : structuredClone(actionLog.rows.get(entry.execution)),
          event: planned?.event,
          planned:
            planned?.plan.kind === 'run'
              ? (execution, origin) =>
                  actionsMessageOf(
                    { ...planned, raw: { ...planned.raw, replay: origin } },
                    { execution, again: true, nowMs: world.nowMs() },
                  )
              : undefined,
          actionsQueueEmpty: looksEmpty(world),
        },
        world.freshEventId(source),
        world.nowMs(),
      );
  if (plan.kind === 'nothing') return undefined;
  if (plan.kind === 'event') world.enqueue(plan.raw);
  for (const message of plan.kind === 'actions' ? plan.messages : []) {
    const encoded = encodeActionsMessage(message);
    if ('tooLarge' in encoded) throw new Error('a replay is too large for its queue');
    queues.actions.send({ body: encoded.text, group: source });
  }
  return plan.kind;
}

/** SQS counts up to a minute late: what was sent since may not be in them yet. So one look does not tell a queue that is empty. */
function looksEmpty({ stores, nowMs }: World): boolean {
  return stores.queues.actions.waiting().every(({ sentAtMs }) => sentAtMs > nowMs() - 60_000);
}

/** StartMessageMoveTask on both dead-letter queues. */
export function redrive(world: World): number {
  const { events, actions, eventsDead, actionsDead } = world.stores.queues;
  return eventsDead.redrive(events) + actionsDead.redrive(actions);
}

/** Events whose row, or one of whose actions, has failed. */
export function failedEvents({ stores }: World): string[] {
  return [...stores.eventLog.rows.values()].flatMap(({ id, status, execution, reason }) => {
    if (status === 'failed') return reason === 'message_unreadable' ? [] : [id];
    const row = execution === undefined || status !== 'processed' ? undefined : stores.actionLog.rows.get(execution);
    return row?.actions.some((action) => action.status === 'failed') ? [id] : [];
  });
}
