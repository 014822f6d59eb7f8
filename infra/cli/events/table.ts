import { noRuns } from '../../../shared/core/executions/no-runs.ts';
import type { ActionStatus } from '../../../shared/core/logs/action-log-entry.ts';
import type { EventStatus } from '../../../shared/core/logs/event-log-entry.ts';
import type { DecidedBy } from '../../../shared/operations/events/decided-by.ts';
import type { ActionCounts, EventWarning } from '../../../shared/operations/events/event-row.ts';
import type { ListedEvent } from '../../../shared/operations/events/listed-event.ts';
import { formatAgo, formatTime } from '../../../shared/operations/words/times.ts';
import { inline } from '../../../shared/operations/words/values.ts';
import type { Column } from '../terminal/table.ts';
import type { Colours } from '../terminal/terminal.ts';

export function eventColumns(colours: Colours, nowMs: number): Column<ListedEvent>[] {
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
    {
      title: 'ACTIONS',
      value: ({ actions, warnings }) => [describeCounts(actions), ...noRunsText(warnings)].filter(Boolean).join(', '),
      paint: (text, { actions, warnings }) => paintCounts(colours, actions, warnings, text),
    },
    { title: 'WHY', value: whyText },
  ];
}

/** `2 ok, 1 failed`; empty when there are none. */
export function describeCounts({ succeeded, skipped, failed, pending, discarded }: ActionCounts): string {
  const parts = [
    [succeeded, 'ok'],
    [skipped, 'skipped'],
    [failed, 'failed'],
    [pending, 'pending'],
    [discarded, 'discarded'],
  ] as const;
  return parts.flatMap(([count, name]) => (count > 0 ? [`${count} ${name}`] : [])).join(', ');
}

/** The reason, or what decided: `order-completed: data.total is 34, not gte 100`. */
function whyText({ reason, decided_by }: ListedEvent): string {
  if (decided_by === undefined) return reason ?? '';
  return decided_by.map(decidedText).join('; ');
}

function decidedText({ mapping, reason, path, found, detail }: DecidedBy): string {
  const value = path === null || detail?.includes(path) ? '' : ` (${path}: ${inline(found, 60)})`;
  return `${mapping === null ? '' : `${mapping}: `}${detail ?? reason}${value}`;
}

function noRunsText(warnings: EventWarning[]): string[] {
  return warnings.some(({ code }) => code === noRuns) ? ['no runs'] : [];
}

function paintCounts(colours: Colours, counts: ActionCounts, warnings: EventWarning[], text: string): string {
  if (counts.failed > 0) return colours.red(text);
  if (counts.skipped > 0 || counts.pending > 0 || warnings.length > 0) return colours.yellow(text);
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
    case 'held':
      return colours.yellow(text);
    case 'no_mapping':
    case 'idempotent':
    case 'discarded':
      return colours.dim(text);
  }
}
