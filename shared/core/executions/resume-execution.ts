import { actionPosition } from '../actions/index.ts';
import { type ActionLogEntry, type ActionOutcome, isReopenable, lacksParameters } from '../logs/action-log-entry.ts';
import type { ActionsMessage, Invocation } from '../plan/actions-message.ts';

export type Resumption =
  /** All actions are final, or a later message of the chain is on its way. */
  | { kind: 'acknowledge' }
  /** Only the running chain has the parameters of a waiting action, so it goes first. */
  | { kind: 'wait'; untilMs: number }
  /** `message` continues the work: it is renumbered when it takes over an older chain. */
  | {
      kind: 'run';
      message: ActionsMessage;
      open: Invocation[];
      before: Map<string, ActionOutcome>;
      /** True when this origin is already in the row, so that its time of the next try holds. */
      isSeen: boolean;
    };

/**
 * Decides what a received message still has to do, given the row of its execution. Succeeded and
 * skipped actions never run again. Failed ones, and those with an unknown recipient, run again only
 * for a new origin (a replay, or a resend that took over).
 *
 * A new origin continues the numbering of the chain that it finds, so that the older chain's next
 * message sees a higher `next` and stops. It also carries on the pending actions of that chain,
 * even if the configuration has changed and the new message does not name them.
 *
 * A message of the same origin does so too if it names actions that the row lacks. This happens
 * when the processor died before writing the event's row: the event is planned again, perhaps with
 * a configuration that has more mappings. docs/protocols/retries.md.
 */
export function resumeExecution(message: ActionsMessage, row: ActionLogEntry | undefined): Resumption {
  const before = new Map(row?.actions.map((outcome) => [outcome.id, outcome]));
  if (row === undefined) return { kind: 'run', message, open: message.invocations, before, isSeen: false };

  const isSeen = row.origins.includes(message.origin);
  if (isSuperseded(message, row)) return { kind: 'acknowledge' };
  const isOpen = ({ id }: { id: string }) => {
    const outcome = before.get(id);
    return outcome === undefined || outcome.status === 'pending' || (isReopenable(outcome) && !isSeen);
  };
  const invocations = withCarriedOn(message.invocations, row);
  const open = invocations.filter(isOpen);
  if (open.length === 0) return { kind: 'acknowledge' };
  if (isSeen && row.next <= message.n) return { kind: 'run', message, open, before, isSeen };
  const untilMs = heldByOtherChain(message.invocations, row);
  if (untilMs !== undefined) return { kind: 'wait', untilMs };
  const n = Math.max(message.n, row.next);
  return { kind: 'run', message: { ...message, n, firstN: n, invocations }, open, before, isSeen };
}

/** Whether a later message of the same chain is on its way and covers all actions of this one. */
function isSuperseded({ origin, n, invocations }: ActionsMessage, row: ActionLogEntry): boolean {
  if (!row.origins.includes(origin) || row.next <= n) return false;
  const known = new Set(row.actions.map(({ id }) => id));
  return invocations.every(({ id }) => known.has(id));
}

/**
 * When to look again, if the row has a pending action that `invocations` do not name and whose
 * parameters it could not keep. A take-over would continue that action without parameters.
 */
function heldByOtherChain(invocations: Invocation[], row: ActionLogEntry): number | undefined {
  const named = new Set(invocations.map(({ id }) => id));
  const held = row.actions.filter((one) => one.status === 'pending' && lacksParameters(one) && !named.has(one.id));
  if (held.length === 0) return undefined;
  return Math.max(...held.map(({ retryAtMs = 0 }) => retryAtMs), row.updatedAtMs);
}

function withCarriedOn(invocations: Invocation[], row: ActionLogEntry): Invocation[] {
  const named = new Set(invocations.map(({ id }) => id));
  const others = row.actions.filter(({ id, status }) => status === 'pending' && !named.has(id));
  if (others.length === 0) return invocations;
  const carriedOn = others.map(({ id, action, mapping, payload }) => ({ id, action, mapping, payload }));
  return [...invocations, ...carriedOn].sort((a, b) => actionPosition(a.action) - actionPosition(b.action));
}

/** How often this origin has tried since its last progress, including this time. */
export function attemptNumber({ n, firstN = 1 }: ActionsMessage): number {
  return n - firstN + 1;
}
