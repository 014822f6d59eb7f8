import type { ActionStatus } from '../../../shared/core/logs/action-log-entry.ts';
import type { EventStatus } from '../../../shared/core/logs/event-log-entry.ts';
import type { ActionCounts, EventRow } from '../../../shared/operations/events/event-row.ts';
import { formatAgo, formatTime } from '../../../shared/operations/words/times.ts';
import type { Column } from '../terminal/table.ts';
import type { Colours } from '../terminal/terminal.ts';

export function eventColumns(colours: Colours, nowMs: number): Column<EventRow>[] {
  return [
    {
      title: 'RECEIVED',
      value: ({ received_at }) => `${formatTime(Date.parse(received_at))} ${formatAgo(Date.parse(received_at), nowMs)}`,
      short: ({ received_at }) => formatAgo(Date.parse(received_at), nowMs),
      width: 31,
    },
    { title: 'EVENT', value: ({ id }) => id, whole: true },
    { title: 'SOURCE', value: ({ source }) => source, width: 11 },
    { title: 'TYPE', value: ({ type }) => type ?? '-', width: 21 },
    { title: 'USER', value: ({ user_id }) => user_id ?? '-', width: 14, whole: true },
    {
      title: 'STATUS',
      value: ({ status }) => status,
      paint: (text, { status }) => paintStatus(colours, status, text),
      width: 10,
    },
    { title: 'WHY', value: ({ reason }) => reason ?? '', width: 12 },
    {
      title: 'ACTIONS',
      value: ({ actions }) => describeCounts(actions),
      paint: (text, { actions }) => paintCounts(colours, actions, text),
    },
  ];
}

/** `2 ok, 1 failed`; empty when there are none. */
export function describeCounts({ succeeded, skipped, failed, pending }: ActionCounts): string {
  const parts = [
    [succeeded, 'ok'],
    [skipped, 'skipped'],
    [failed, 'failed'],
    [pending, 'pending'],
  ] as const;
  return parts.flatMap(([count, name]) => (count > 0 ? [`${count} ${name}`] : [])).join(', ');
}

function paintCounts(colours: Colours, counts: ActionCounts, text: string): string {
  if (counts.failed > 0) return colours.red(text);
  if (counts.skipped > 0 || counts.pending > 0) return colours.yellow(text);
  return text;
}

export function paintStatus(colours: Colours, status: EventStatus | ActionStatus, text: string): string {
  switch (status) {
    case 'processed':
    case 'succeeded':
      return colours.green(text);
    case 'failed':
    case 'rejected':
      return colours.red(text);
    case 'skipped':
    case 'pending':
      return colours.yellow(text);
    case 'no_mapping':
    case 'idempotent':
      return colours.dim(text);
  }
}
