import type { Action } from '../../shared/core/actions/action.ts';
import { actionPosition, findAction } from '../../shared/core/actions/index.ts';
import { leftOutWarning } from '../../shared/core/actions/parts/without-erased.ts';
import { defined } from '../../shared/core/defined.ts';
import { errorMessage, RetryableError } from '../../shared/core/errors.ts';
import { outcomeHead } from '../../shared/core/executions/action-row.ts';
import type { Tried } from '../../shared/core/executions/conclude-attempt.ts';
import { isEarly } from '../../shared/core/executions/retry-message.ts';
import { type JsonObject, sameJson } from '../../shared/core/json/values.ts';
import type { ActionOutcome, ActionReason } from '../../shared/core/logs/action-log-entry.ts';
import type { ActionResult } from '../../shared/core/logs/action-result.ts';
import { givenUp } from '../../shared/core/logs/given-up.ts';
import type { ActionsMessage, Invocation } from '../../shared/core/plan/actions-message.ts';
import type { ActionContext, ActionCount } from '../../shared/core/runs/action-context.ts';
import { clip } from '../../shared/core/text.ts';
import { type FunctionLog, logFailure } from '../../shared/lambda/failure-log.ts';

/** The common part for all actions of a batch. */
export type ActionPorts = Pick<
  ActionContext,
  | 'configuration'
  | 'directory'
  | 'subscriptions'
  | 'audiences'
  | 'runs'
  | 'holds'
  | 'limiter'
  | 'openTarget'
  | 'environment'
  | 'batchWritten'
  | 'noteCancelled'
  | 'deadlineMs'
  | 'nowMs'
> & {
  count(source: string, name: ActionCount): void;
  /** How long rows of a source are kept. */
  retentionDaysOf(source: string): number;
  log: FunctionLog;
};

/** Reasons of actions that no failure holds up: later ones need not wait for them. */
const waitsApart: readonly (ActionReason | undefined)[] = ['delayed', 'recipient_unknown', 'held', 'rate_limited'];

export type Attempt = {
  message: ActionsMessage;
  open: Invocation[];
  /** Earlier outcomes, by invocation. */
  before: Map<string, ActionOutcome>;
  /** True when an earlier attempt may have done some of the work. */
  again: boolean;
  /** True when this origin has been here before: actions that aren't due yet are then skipped. */
  isSeen: boolean;
  /** True when this is the last attempt: actions that would stay pending fail. */
  isLast: boolean;
  /** How many erased persons were taken out of the parameters, by invocation. */
  leftOut: ReadonlyMap<string, number>;
  /** Called when the event's users and objects are written, before its workflows begin. */
  onWritten(): void;
};

/**
 * Tries the open invocations of one event in the fixed order of their actions; those of one action
 * run at the same time. While one is pending, later actions wait, so that a trigger never overtakes
 * its own identify. A failed or skipped one delays no others.
 * @throws Error when an action threw anything but RetryableError: a bug, whose message is
 * redelivered and in the end explained
 */
export async function runInvocations(attempt: Attempt, ports: ActionPorts): Promise<Tried[]> {
  const byPosition = Map.groupBy(attempt.open, ({ action }) => actionPosition(action));
  const positions = [...byPosition.keys()].sort((a, b) => a - b);
  const tried: Tried[] = [];
  for (const position of positions) {
    const group = byPosition.get(position) ?? [];
    if (group.some(({ action }) => findAction(action)?.startsRunsFor !== undefined)) attempt.onWritten();
    const held = tried.find(holdsBack)?.outcome;
    if (held) tried.push(...group.map((invocation) => waiting(invocation, held.action, attempt)));
    else tried.push(...(await allOver(group.map((invocation) => tryInvocation(invocation, attempt, ports)))));
  }
  return tried;
}

/** An action that only waits for its workflow's delay, or for an operator, does not block later ones. */
function holdsBack({ outcome: { status, reason } }: Tried): boolean {
  return status === 'pending' && !waitsApart.includes(reason);
}

/** Like Promise.all, but it waits for all before it throws. */
async function allOver<Value>(promises: Promise<Value>[]): Promise<Value[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

async function tryInvocation(invocation: Invocation, attempt: Attempt, ports: ActionPorts): Promise<Tried> {
  const startedAtMs = ports.nowMs();
  const before = attempt.before.get(invocation.id);
  if (attempt.isSeen && before?.status === 'pending' && isEarly(before.retryAtMs, startedAtMs))
    return { outcome: before };
  const result = await resultOf(invocation, attempt, ports);
  const isHeadway = gotAhead(result, before);
  const attempts = attemptsBefore(invocation, attempt) + (result.status === 'pending' && result.isUntried ? 0 : 1);
  const ending = outcomeOf(result, { attempts, isLast: attempt.isLast && !isHeadway && !isOverLimit(result) });
  const outcome: ActionOutcome = {
    ...outcomeHead(invocation),
    ...ending,
    attempts,
    firstAttemptAtMs: before?.firstAttemptAtMs ?? startedAtMs,
  };
  if (result.status !== 'pending' || ending.status !== 'pending') {
    return { outcome: { ...outcome, finishedAtMs: ports.nowMs() } };
  }
  const { reason, detail, retryAfterSeconds, isUntried, isCrowded, progress = progressOf(before) } = result;
  return {
    outcome: { ...outcome, ...(progress && { progress }) },
    pending: { reason, detail, ...defined({ retryAfterSeconds, isUntried, isCrowded }), isHeadway },
  };
}

function attemptsBefore({ id }: Invocation, { before }: Attempt): number {
  return before.get(id)?.attempts ?? 0;
}

/** A run is never given up for its workflow's own limit. */
function isOverLimit(result: ActionResult): boolean {
  return result.status === 'pending' && result.reason === 'rate_limited';
}

/**
 * True while an attempt makes progress, a delay runs, or an operator keeps it. An action that says it continues but does
 * not move makes none.
 */
function gotAhead(result: ActionResult, before: ActionOutcome | undefined): boolean {
  if (result.status !== 'pending') return false;
  if (result.reason === 'delayed' || result.reason === 'held') return true;
  return (
    result.reason === 'continues' && result.progress !== undefined && !sameJson(result.progress, progressOf(before))
  );
}

/**
 * Only a pending action has progress to continue from; a failed one starts again from the
 * beginning.
 */
function progressOf(before: ActionOutcome | undefined): JsonObject | undefined {
  return before?.status === 'pending' ? before.progress : undefined;
}

async function resultOf(invocation: Invocation, attempt: Attempt, ports: ActionPorts): Promise<ActionResult> {
  if (invocation.refused) return refusedResult(invocation.refused);
  const action = findAction(invocation.action);
  if (action === undefined) {
    return { status: 'failed', reason: 'action_unknown', detail: `there is no action "${invocation.action}"` };
  }
  const result = await runAction(action, invocation, attempt, ports);
  const warnings = [...leftOutWarning(attempt.leftOut.get(invocation.id) ?? 0), ...(result.warnings ?? [])];
  return warnings.length === 0 ? result : { ...result, warnings };
}

function refusedResult({ reason, detail }: NonNullable<Invocation['refused']>): ActionResult {
  return reason === 'person_erased'
    ? { status: 'skipped', reason, detail, errors: [] }
    : { status: 'failed', reason, detail };
}

async function runAction(
  action: Action,
  invocation: Invocation,
  attempt: Attempt,
  ports: ActionPorts,
): Promise<ActionResult> {
  const { message, again } = attempt;
  const progress = progressOf(attempt.before.get(invocation.id));
  try {
    return await action.run(invocation.payload, {
      ...ports,
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
      attempt: attemptsBefore(invocation, attempt) + 1,
      firstAttemptAtMs: attempt.before.get(invocation.id)?.firstAttemptAtMs ?? ports.nowMs(),
      again,
      ...(progress && { progress }),
      isLastAttempt: attempt.isLast,
      retentionDays: ports.retentionDaysOf(message.source),
      ...defined({ released: message.released, perSecond: message.perSecond }),
      hadPlace: attempt.before.get(invocation.id)?.reason === 'rate_limited',
      count: (name) => ports.count(message.source, name),
    });
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    logTrouble(error, invocation, attempt, ports);
    const asked = error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds };
    return { status: 'pending', reason: 'table_unavailable', detail: errorMessage(error), ...asked };
  }
}

/**
 * Logged once per kind of failure of an action: its row keeps the latest, and an outage causes many
 * tries.
 */
function logTrouble(error: RetryableError, { id, action, mapping }: Invocation, attempt: Attempt, ports: ActionPorts) {
  if (attempt.before.get(id)?.detail === clip(error.message)) return;
  const { execution, eventId, source } = attempt.message;
  const ids = { execution, event_id: eventId, source, action, mapping, invocation: id };
  logFailure(ports.log, 'an action waits: it could not do its work', error, ids);
}

const warningsMax = 20;

function outcomeOf(
  result: ActionResult,
  { attempts, isLast }: { attempts: number; isLast: boolean },
): Pick<ActionOutcome, 'status' | 'reason' | 'detail' | 'result' | 'warnings'> {
  const warnings = result.warnings && {
    warnings: result.warnings.slice(0, warningsMax).map(({ code, message }) => ({ code, message: clip(message) })),
  };
  if (result.status === 'succeeded') return { status: 'succeeded', result: result.result, ...warnings };
  const detail = result.detail && clip(result.detail);
  if (result.status === 'pending' && isLast) {
    return {
      status: 'failed',
      reason: 'retries_exhausted',
      detail: clip(`${givenUp(attempts)}${result.isUntried ? '' : '; the last'}: ${detail ?? result.reason}`),
      ...(result.result && { result: result.result }),
      ...warnings,
    };
  }
  const { status, reason } = result;
  return { status, reason, ...(detail && { detail }), ...resultOfNo(result), ...warnings };
}

/**
 * A refusal's report in addition to reason and detail: wrong fields, or the number of runs that
 * began all the same.
 */
function resultOfNo(no: Exclude<ActionResult, { status: 'succeeded' }>): { result?: JsonObject } {
  const errors = 'errors' in no ? no.errors?.slice(0, warningsMax) : undefined;
  const result: JsonObject = {
    ...('result' in no && no.result),
    ...(errors && { errors: errors.map(({ field, message }) => ({ field, message: clip(message) })) }),
  };
  return Object.keys(result).length > 0 ? { result } : {};
}

function waiting(invocation: Invocation, behind: string, { before }: Attempt): Tried {
  const earlier = before.get(invocation.id);
  return {
    outcome: {
      ...outcomeHead(invocation),
      status: 'pending',
      reason: 'waiting_for_earlier_action',
      detail: `waits for ${behind}`,
      attempts: earlier?.attempts ?? 0,
      ...(earlier?.firstAttemptAtMs !== undefined && { firstAttemptAtMs: earlier.firstAttemptAtMs }),
      ...(earlier?.progress && { progress: earlier.progress }),
    },
  };
}
