import type { ActionRow } from '../../../shared/operations/actions/action-row.ts';
import type { DiscardRow } from '../../../shared/operations/events/event-row.ts';
import type { RunRow } from '../../../shared/operations/runs/run-row.ts';
import { formatAgo, formatTime } from '../../../shared/operations/words/times.ts';
import { inline } from '../../../shared/operations/words/values.ts';
import { paintStatus } from '../events/table.ts';
import type { Column } from '../terminal/table.ts';
import type { Colours } from '../terminal/terminal.ts';

const when = (time: string | null, nowMs: number) =>
  time === null ? '-' : `${formatTime(Date.parse(time))} ${formatAgo(Date.parse(time), nowMs)}`;

const ago = (time: string | null, nowMs: number) => (time === null ? '-' : formatAgo(Date.parse(time), nowMs));

export function actionColumns(colours: Colours, nowMs: number): Column<ActionRow>[] {
  return [
    {
      title: 'FIRST RUN',
      value: ({ first_attempt_at, finished_at }) => when(first_attempt_at ?? finished_at, nowMs),
      short: ({ first_attempt_at, finished_at }) => ago(first_attempt_at ?? finished_at, nowMs),
    },
    { title: 'EVENT', value: ({ event_id }) => event_id, whole: true },
    { title: 'ACTION', value: ({ action }) => action },
    { title: 'MAPPING', value: ({ mapping }) => mapping },
    {
      title: 'STATUS',
      value: ({ status }) => status,
      paint: (text, { status, warnings }) =>
        warnings.length > 0 && status === 'succeeded' ? colours.yellow(text) : paintStatus(colours, status, text),
    },
    { title: 'TRIES', value: ({ attempts }) => String(attempts), align: 'right' },
    { title: 'OUTCOME', value: (row) => outcomeOf(row, nowMs) },
  ];
}

/** Why it failed or waits, or else its result; warnings are added to either. */
export function outcomeOf(
  row: Pick<ActionRow, 'reason' | 'detail' | 'result' | 'warnings' | 'retry_at' | 'discarded'>,
  nowMs: number,
): string {
  const parts = [
    row.discarded === null ? null : discardedBy(row.discarded),
    row.reason,
    row.detail,
    row.reason === null && row.result !== null ? inline(row.result, 1_000) : null,
    row.retry_at === null ? null : `next try ${formatAgo(Date.parse(row.retry_at), nowMs)}`,
    ...row.warnings.map(({ message }) => `warning: ${message}`),
  ];
  return parts.filter((part) => part !== null).join(' · ');
}

/** `by Ana Sol: target is gone for good`, with the status before. */
export function discardedBy({ was, by, reason }: DiscardRow): string {
  return `by ${by}: ${reason} (was ${was})`;
}

export function runColumns(colours: Colours, nowMs: number): Column<RunRow>[] {
  return [
    {
      title: 'STARTED',
      value: ({ inserted_at }) => when(inserted_at, nowMs),
      short: ({ inserted_at }) => ago(inserted_at, nowMs),
    },
    { title: 'WORKFLOW', value: ({ workflow }) => workflow },
    { title: 'RECIPIENT', value: ({ recipient }) => recipient, whole: true },
    { title: 'STATUS', value: ({ status }) => status, paint: (text, { status }) => paintRun(colours, status, text) },
    { title: 'SOURCE', value: ({ source }) => source },
    { title: 'TARGET', value: ({ target }) => target },
    { title: 'RUN', value: ({ id }) => id, whole: true },
    { title: 'ERROR', value: ({ error }) => error ?? '' },
  ];
}

export function paintRun(colours: Colours, status: RunRow['status'], text: string): string {
  switch (status) {
    case 'handed_off':
      return colours.green(text);
    case 'failed':
      return colours.red(text);
    case 'pending':
    case 'held':
      return colours.yellow(text);
    case 'cancelled':
      return colours.dim(text);
  }
}
