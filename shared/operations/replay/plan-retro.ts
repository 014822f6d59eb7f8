import type { ActionLogEntry } from '../../core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { actionsMessageOf } from '../../core/plan/actions-of.ts';
import type { PlannedEvent } from '../../core/plan/plan-event.ts';
import type { ReplayPlan } from './plan-replay.ts';

export type RetroFacts = {
  entry: EventLogEntry;
  /** The action log's row of the event's execution. */
  log?: ActionLogEntry | undefined;
  /** The event under the live configuration; absent when it cannot be read. */
  planned?: PlannedEvent | undefined;
};

/**
 * Runs one mapping, added or corrected later, over an event of the past. What ran before is left
 * alone; the mapping runs once per event, since the action's id is made of execution and mapping.
 * The event's own time orders its writes, so they never overwrite newer ones.
 * @param replay names this origin
 */
export function planRetro(
  { entry, log, planned }: RetroFacts,
  mapping: string,
  replay: string,
  nowMs: number,
): ReplayPlan {
  if (planned === undefined) return nothing('its stored event cannot be read');
  const { plan } = planned;
  const runs = plan.kind === 'run' ? plan.invocations.map((invocation) => invocation.mapping) : [];
  if (!runs.includes(mapping)) return nothing(`does not run ${mapping}, under the live configuration`);
  // Its copy is an event of its own, which the mapping fits as well.
  const copy = entry.replays?.at(-1);
  if (copy !== undefined) return nothing(`was run as a new event, ${copy}; ${mapping} runs for that one`);
  if (entry.status === 'no_mapping') return planUnmapped({ entry, planned }, mapping, runs, replay);
  if (entry.status !== 'processed')
    return nothing(`is ${entry.status}; only what ran, or found no mapping, is taken up`);
  if (log === undefined) return nothing('has actions without a trace; a replay without --mapping sends them again');
  const before = log.actions.find((action) => action.mapping === mapping);
  if (before !== undefined) return nothing(`ran ${mapping} before: ${before.status}`);
  if (log.actions.some(({ status }) => status === 'pending'))
    return nothing('has actions that wait for their next try; take it up once they are over');
  const message = actionsMessageOf(
    { ...planned, raw: { ...planned.raw, replay } },
    { execution: log.execution, again: true, nowMs },
  );
  const n = Math.max(log.next, 1);
  const invocations = message.invocations.filter((invocation) => invocation.mapping === mapping);
  return { kind: 'actions', messages: [{ ...message, n, firstN: n, invocations }], detail: `runs ${mapping} as well` };
}

/** The whole event, since its row has to say that it ran. So no other mapping may run with it. */
function planUnmapped(
  { entry, planned }: { entry: EventLogEntry; planned: PlannedEvent },
  mapping: string,
  runs: string[],
  replay: string,
): ReplayPlan {
  const others = runs.filter((one) => one !== mapping);
  if (others.length > 0) return nothing(`would run ${others.join(', ')} as well; switch that off first`);
  return {
    kind: 'event',
    raw: { ...planned.raw, execution: entry.execution ?? entry.id, replay },
    detail: `runs ${mapping}`,
  };
}

function nothing(detail: string): ReplayPlan {
  return { kind: 'nothing', detail };
}
