import type { LiveConfiguration } from '../../ports/configuration.ts';
import { findAction } from '../actions/index.ts';
import type { FieldError } from '../errors.ts';
import type { ActionReason } from '../logs/action-log-entry.ts';
import type { ActionResult } from '../logs/action-result.ts';
import type { ActionsMessage, Invocation } from '../plan/actions-message.ts';
import type { ActionContext } from '../runs/action-context.ts';

/** An action's first step: it starts its work, or refuses. */
export type Rehearsal =
  | { status: 'runs' }
  | { status: 'skipped' | 'failed'; reason: ActionReason; detail?: string; errors: FieldError[] };

export type RehearsalContext = { configuration: LiveConfiguration; environment: string; nowMs: number };

/**
 * Runs an action up to its first use of a table or a target. What it refuses until then, it would
 * also refuse in workflow-trigger, since the code is the same: an empty required parameter, a
 * workflow that is missing or switched off here, data that does not fit its schema. The rest
 * depends on tables and targets, and is not rehearsed.
 */
export async function rehearseAction(
  invocation: Invocation,
  message: ActionsMessage,
  { configuration, environment, nowMs }: RehearsalContext,
): Promise<Rehearsal> {
  if (invocation.refused) return { status: 'failed', errors: [], ...invocation.refused };
  const action = findAction(invocation.action);
  if (action === undefined) {
    const detail = `there is no action "${invocation.action}"`;
    return { status: 'failed', reason: 'action_unknown', detail, errors: [] };
  }
  try {
    const result = await action.run(invocation.payload, {
      id: invocation.id,
      mapping: invocation.mapping,
      execution: message.execution,
      origin: message.origin,
      event: {
        id: message.eventId,
        source: message.source,
        eventType: message.eventType,
        ...(message.data !== undefined && { data: message.data }),
        occurredAtMs: message.occurredAtMs,
        receivedAtMs: message.receivedAtMs,
      },
      environment,
      configuration,
      directory: outside(),
      subscriptions: outside(),
      audiences: outside(),
      runs: outside(),
      holds: outside(),
      limiter: outside(),
      openTarget: goOutside,
      attempt: 1,
      firstAttemptAtMs: nowMs,
      batchWritten: async () => undefined,
      noteCancelled: () => undefined,
      again: false,
      isLastAttempt: false,
      retentionDays: 0,
      deadlineMs: Number.POSITIVE_INFINITY,
      nowMs: () => nowMs,
      count: () => undefined,
    });
    return rehearsalOf(result);
  } catch (error) {
    if (error instanceof WentOutside) return { status: 'runs' };
    throw error;
  }
}

function rehearsalOf(result: ActionResult): Rehearsal {
  if (result.status !== 'skipped' && result.status !== 'failed') return { status: 'runs' };
  const { status, reason, detail, errors = [] } = result;
  return { status, reason, ...(detail !== undefined && { detail }), errors };
}

/** Ends a rehearsal: from here on the action would use tables and targets. */
class WentOutside extends Error {
  override name = 'WentOutside';
}

// Rejects, like an unavailable table, since an action may wait for several calls at once.
const askOutside = async (): Promise<never> => goOutside();

function goOutside(): never {
  throw new WentOutside('a rehearsal uses no table and no target');
}

/** A port whose first use ends the rehearsal. */
function outside<
  Port extends ActionContext['directory' | 'subscriptions' | 'audiences' | 'runs' | 'holds' | 'limiter'],
>(): Port {
  return new Proxy({}, { get: () => askOutside }) as Port;
}
