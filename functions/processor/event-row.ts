import { defined } from '../../shared/core/defined.ts';
import { type EventLogEntry, type EventStatus, rowHeadOf } from '../../shared/core/logs/event-log-entry.ts';
import { eventWithoutPerson } from '../../shared/core/logs/event-without-person.ts';
import type { PlannedEvent } from '../../shared/core/plan/plan-event.ts';
import { clip } from '../../shared/core/text.ts';

/** A row as a delivery writes it: only an operator discards. */
export type WrittenRow = EventLogEntry & { status: Exclude<EventStatus, 'discarded'> };

/** An event's end, as its row states it. */
export type EventOutcome = Pick<WrittenRow, 'status'> &
  Partial<Pick<EventLogEntry, 'reason' | 'detail' | 'execution' | 'duplicateOf' | 'actionsPlanned'>>;

/**
 * The row of an event that was planned. Names and sentences are clipped; the payload keeps them
 * whole.
 */
export function eventRow(planned: PlannedEvent, outcome: EventOutcome, nowMs: number): WrittenRow {
  const { raw, event, key, configVersion, preprocessing, retentionDays } = planned;
  const { detail, ...rest } = outcome;
  const row: WrittenRow = {
    ...rowHeadOf(raw),
    actionsPlanned: 0,
    processedAtMs: nowMs,
    configVersion,
    ...defined({
      eventType: event && clip(event.eventType),
      userId: clipped(event?.userId),
      syncId: clipped(event?.sync?.id),
      syncRunId: clipped(event?.sync?.runId),
      key,
      detail: clipped(detail),
      preprocessMs: preprocessing?.ms,
      preprocessError: clipped(preprocessing?.error),
      retentionDays,
    }),
    ...rest,
  };
  if (outcome.reason !== 'person_erased') return row;
  return { ...eventWithoutPerson(row, nowMs), ...defined({ detail }) };
}

const clipped = (text: string | undefined) => (text === undefined ? undefined : clip(text));
