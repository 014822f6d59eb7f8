import type { Action } from '../../core/actions/action.ts';
import { erasedDetail, leftOutWarning, withoutErased } from '../../core/actions/parts/without-erased.ts';
import { defined } from '../../core/defined.ts';
import { RetryableError } from '../../core/errors.ts';
import { apiSource } from '../../core/ids/api-source.ts';
import type { EntityRef } from '../../core/ids/entity-ref.ts';
import { invocationId } from '../../core/ids/invocation-id.ts';
import type { JsonObject } from '../../core/json/values.ts';
import type { ActionOutcome } from '../../core/logs/action-log-entry.ts';
import type { ActionResult } from '../../core/logs/action-result.ts';
import type { ActionContext } from '../../core/runs/action-context.ts';
import { clip } from '../../core/text.ts';
import { newestTimeMs, type RememberingDirectory, rememberingDirectory } from './remembering-directory.ts';
import { type ApiRequest, apiMapping, type RequestPorts } from './request.ts';

export type Performed = {
  /** For the action log. */
  outcome: ActionOutcome;
  result: Exclude<ActionResult, { status: 'pending' }>;
  /** The entities as the action left them. */
  directory: RememberingDirectory;
};

const attemptsMax = 3;

/**
 * Runs an action in the request, by the code that events run it with. For actions that change the
 * directory only: starting and cancelling runs is the work of `workflow-trigger` (`handOver`).
 *
 * A request happens when it is received, so it must win over everything that was there before. A
 * clock that lags by milliseconds, or an event from a sender whose clock is ahead, may have left a
 * later time on what it is `about`; then it is given the next moment after that.
 * @param nth from 0, for requests with several actions: each gets an id of its own
 * @param notBeforeMs the earliest moment as of which it acts, if what it changes is not an entity
 * @param only for entities: `create` leaves one that exists as it is, `change` makes none
 * @throws RetryableError when a table is throttled or unavailable, or the time did not suffice
 */
export async function performAction(
  action: Action,
  asked: JsonObject,
  about: EntityRef[],
  request: ApiRequest,
  ports: RequestPorts,
  nth = 0,
  notBeforeMs = 0,
  only?: ActionContext['only'],
): Promise<Performed> {
  const base = request.mapping ?? apiMapping;
  const mapping = nth === 0 ? base : `${base}-${nth}`;
  const id = invocationId(request.id, mapping);
  const startedAtMs = ports.nowMs();
  const directory = rememberingDirectory(ports.directory);
  const without = withoutErased(action, asked, (await ports.configuration()).erased);
  if (without.kind === 'refused') {
    const errors = (action.isFor ?? []).slice(0, 1).map((field) => ({ field, message: erasedDetail }));
    const result = { status: 'skipped', reason: 'person_erased', detail: erasedDetail, errors } as const;
    const head = { id, action: action.id, mapping, payload: {}, attempts: 1, firstAttemptAtMs: startedAtMs };
    return { outcome: { ...head, ...endOf(result), finishedAtMs: ports.nowMs() }, result, directory };
  }
  const { payload } = without;
  let occurredAtMs = Math.max(request.receivedAtMs, notBeforeMs);
  for (let attempt = 1; ; attempt++) {
    const context = await contextOf({ id, mapping, occurredAtMs, startedAtMs, attempt }, directory, request, ports);
    const result = await action.run(payload, { ...context, ...defined({ only }) });
    if (result.status === 'pending') throw new RetryableError(result.detail);
    const newestOfThem = Math.max(0, ...about.map((ref) => newestTimeMs(directory.lastSeen(ref))));
    const isLate = isTooLate(result);
    if (attempt < attemptsMax && (newestOfThem > occurredAtMs || isLate)) {
      occurredAtMs = Math.max(newestOfThem, occurredAtMs, isLate ? directory.newestSeenMs() : 0) + 1;
      continue;
    }
    const head = { id, action: action.id, mapping, payload, attempts: 1, firstAttemptAtMs: startedAtMs };
    const warnings = [...leftOutWarning(without.leftOut), ...(result.warnings ?? [])];
    const ended = warnings.length === 0 ? result : { ...result, warnings };
    return { outcome: { ...head, ...endOf(ended), finishedAtMs: ports.nowMs() }, result, directory };
  }
}

/** A delete of the same moment, or a later one. */
function isTooLate({ warnings = [] }: ActionResult): boolean {
  return warnings.some(({ code }) => code === 'deleted_later');
}

type Attempt = { id: string; mapping: string; occurredAtMs: number; startedAtMs: number; attempt: number };

async function contextOf(
  { id, mapping, occurredAtMs, startedAtMs, attempt }: Attempt,
  directory: RememberingDirectory,
  request: ApiRequest,
  ports: RequestPorts,
): Promise<ActionContext> {
  return {
    id,
    mapping,
    execution: request.id,
    origin: request.id,
    event: {
      id: request.id,
      source: request.source ?? apiSource,
      eventType: request.call,
      occurredAtMs,
      receivedAtMs: request.receivedAtMs,
    },
    environment: ports.environment,
    configuration: await ports.configuration(),
    directory,
    subscriptions: ports.subscriptions,
    audiences: ports.audiences,
    runs: absent('runs'),
    holds: absent('holds'),
    limiter: absent('limiter'),
    openTarget: absent('openTarget'),
    attempt,
    firstAttemptAtMs: startedAtMs,
    batchWritten: async () => undefined,
    noteCancelled: absent('noteCancelled'),
    again: false,
    // No queue would try again: what is unknown now stays unknown.
    isLastAttempt: true,
    retentionDays: 0,
    deadlineMs: request.deadlineMs,
    nowMs: ports.nowMs,
    count: absent('count'),
  };
}

/** Its role has no such grants, so an action that needs one is a mistake in a route. */
function absent<Name extends 'runs' | 'holds' | 'limiter' | 'openTarget' | 'noteCancelled' | 'count'>(
  name: Name,
): ActionContext[Name] {
  const fail = () => {
    throw new Error(`an action used ${name} in a request; hand it over to workflow-trigger instead`);
  };
  return new Proxy(fail, { get: fail }) as unknown as ActionContext[Name];
}

const warningsMax = 20;

function endOf(result: Performed['result']): Pick<ActionOutcome, 'status'> & Partial<ActionOutcome> {
  const warnings = result.warnings
    ?.slice(0, warningsMax)
    .map(({ code, message }) => ({ code, message: clip(message) }));
  const detail = result.detail && clip(result.detail);
  if (result.status === 'succeeded') return { status: 'succeeded', result: result.result, ...defined({ warnings }) };
  return { status: result.status, reason: result.reason, ...defined({ detail, warnings }) };
}
