import { eventIdTimeMs } from '../../shared/core/ids/event-id.ts';
import { invocationId } from '../../shared/core/ids/invocation-id.ts';
import { runKey } from '../../shared/core/ids/run-id.ts';
import type { ActionLogEntry, ActionOutcome } from '../../shared/core/logs/action-log-entry.ts';
import type { EventLogEntry } from '../../shared/core/logs/event-log-entry.ts';
import type { WorkflowRun } from '../../shared/core/runs/workflow-run.ts';
import { rawEvent, trackEvent } from '../support/build.ts';
import type { RunChange } from '../support/runs.ts';

export type EntryChange = Partial<EventLogEntry> & { receivedAtMs?: number; body?: unknown };

/** The row of a processed order with one action. */
export function eventEntry({ body, receivedAtMs, ...change }: EntryChange = {}): EventLogEntry {
  const raw = rawEvent(body ?? trackEvent(), {
    ...(receivedAtMs !== undefined && { receivedAtMs }),
    ...(change.source && { source: change.source }),
  });
  const id = change.id ?? raw.id;
  return {
    id,
    source: raw.source,
    eventType: 'track/order_completed',
    userId: 'usr_8841',
    key: 'msg-1',
    status: 'processed',
    execution: id,
    configVersion: 1,
    verification: raw.verification,
    actionsPlanned: 1,
    receivedAtMs: eventIdTimeMs(id),
    processedAtMs: eventIdTimeMs(id) + 40,
    payload: raw.payload,
    ...change,
  };
}

export function outcome(execution: string, change: Partial<ActionOutcome> = {}): ActionOutcome {
  const mapping = change.mapping ?? 'order-completed';
  return {
    id: invocationId(execution, mapping),
    action: 'workflows_trigger',
    mapping,
    status: 'succeeded',
    result: { id: invocationId(execution, mapping), runs: 1 },
    payload: { key: 'order-completed', recipients: 'usr_8841', data: { total: 42.5 } },
    attempts: 1,
    firstAttemptAtMs: eventIdTimeMs(execution) + 50,
    finishedAtMs: eventIdTimeMs(execution) + 60,
    ...change,
  };
}

/** The action log's row of an event's execution. */
export function actionEntry(
  event: EventLogEntry,
  actions: ActionOutcome[],
  change: Partial<ActionLogEntry> = {},
): ActionLogEntry {
  return {
    execution: event.execution ?? event.id,
    eventId: event.id,
    source: event.source,
    eventType: event.eventType ?? '',
    configVersion: event.configVersion ?? 1,
    actions,
    next: 0,
    origins: [event.id],
    revision: 1,
    receivedAtMs: event.receivedAtMs,
    updatedAtMs: event.processedAtMs,
    ...change,
  };
}

export function run(event: EventLogEntry, change: RunChange = {}): WorkflowRun {
  const execution = event.execution ?? event.id;
  return {
    key: runKey({ kind: 'user', id: 'usr_8841' }, execution, 'order-completed'),
    workflow: 'order-completed',
    workflowRunId: invocationId(execution, 'order-completed'),
    mapping: 'order-completed',
    status: 'handed_off',
    target: 'log',
    eventId: event.id,
    source: event.source,
    origin: event.id,
    data: { total: 42.5 },
    attempts: 1,
    insertedAtMs: event.processedAtMs,
    updatedAtMs: event.processedAtMs,
    ...change,
  } as WorkflowRun;
}
