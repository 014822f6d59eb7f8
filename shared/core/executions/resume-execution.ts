import { actionPosition } from '../actions/index.ts';
import { type ActionLogEntry, type ActionOutcome, isReopenable } from '../logs/action-log-entry.ts';
import type { ActionsMessage, Invocation } from '../plan/actions-message.ts';

export type Resumption =
  /** Everything is over, or a later message of the chain is on its way. */
  | { kind: 'acknowledge' }
  /** `message` is what carries on: renumbered when it takes over an older chain. */
  | {
      kind: 'run';
      message: ActionsMessage;
      open: Invocation[];
      before: Map<string, ActionOutcome>;
      /** True when this origin has been here before, so that what it said of the next try holds. */
      isSeen: boolean;
    };

/**
 * What a received message still has to do, given the row of its execution. Succeeded and skipped actions never run
 * again; failed ones, and those with an unknown recipient, only for an origin that the row has not seen (a replay, or a resend that took over).
 *
 * Such a new origin continues the numbering of the chain it finds, so that the older chain's next message sees a higher
 * `next` and gives way. What that chain still had pending is carried on, even if the configuration has changed since and
 * the new message does not name it. So does a message of the same origin that names what the row has never heard of: an
 * event whose processor died before its row was written is planned anew, perhaps by a configuration that has more mappings.
 * docs/protocols/retries.md.
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
  const n = Math.max(message.n, row.next);
  return { kind: 'run', message: { ...message, n, firstN: n, invocations }, open, before, isSeen };
}

/** Whether a later message of the same chain is on its way that sees to everything this one names. */
function isSuperseded({ origin, n, invocations }: ActionsMessage, row: ActionLogEntry): boolean {
  if (!row.origins.includes(origin) || row.next <= n) return false;
  const known = new Set(row.actions.map(({ id }) => id));
  return invocations.every(({ id }) => known.has(id));
}

function withCarriedOn(invocations: Invocation[], row: ActionLogEntry): Invocation[] {
  const named = new Set(invocations.map(({ id }) => id));
  const others = row.actions.filter(({ id, status }) => status === 'pending' && !named.has(id));
  if (others.length === 0) return invocations;
  const carriedOn = others.map(({ id, action, mapping, payload }) => ({ id, action, mapping, payload }));
  return [...invocations, ...carriedOn].sort((a, b) => actionPosition(a.action) - actionPosition(b.action));
}

/** How often this origin has tried since it last got ahead, this time included. */
export function attemptNumber({ n, firstN = 1 }: ActionsMessage): number {
  return n - firstN + 1;
}
