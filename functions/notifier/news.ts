import { type AlarmKind, alarmKindOf, runbookOf } from '../../shared/operations/alarms/alarm-kinds.ts';
import type { Explained } from '../../shared/operations/alarms/explain-alarm.ts';
import type { AlarmState } from '../../shared/ports/announcements.ts';
import type { AlarmChange } from './alarm-change.ts';

/** What a channel tells of one alarm, in words that need no other page. */
export type AlarmNews = {
  alarm: string;
  state: AlarmState;
  severity: AlarmKind['severity'];
  /** What happens, in a sentence. */
  means: string;
  sinceMs: number;
  /** Absent while it lasts. */
  overMs?: number;
  /** `35 events in 5 minutes` */
  howMany?: string;
  /** The most frequent first; empty when rows tell none. */
  reasons: Explained[];
  /** The command that comes next. */
  next: string;
  /** Address of the alarm's page, or its place in the repository. */
  runbook: string;
};

/** What one message tells: everything that changed at about the same time. */
export type News = { environment: string; id: string; alarms: AlarmNews[] };

/** @param runbooksUrl where docs/runbooks can be read; absent: its path is told */
export function newsOf(
  change: AlarmChange & { sinceMs: number },
  about: { environment: string; reasons: Explained[]; runbooksUrl: string | undefined },
): AlarmNews {
  const { environment, reasons, runbooksUrl } = about;
  const kind = alarmKindOf(change.alarm);
  const page =
    kind && (runbooksUrl === undefined ? runbookOf(kind) : `${runbooksUrl.replace(/\/$/, '')}/${kind.page}.md`);
  const isOver = change.state === 'over';
  const howMany = isOver || change.value === undefined ? undefined : kind?.value?.(change.value);
  return {
    alarm: change.alarm,
    state: change.state,
    severity: kind?.severity ?? 'critical',
    means: kind?.means ?? change.description,
    sinceMs: change.sinceMs,
    ...(isOver && { overMs: change.atMs }),
    ...(howMany !== undefined && { howMany }),
    reasons,
    next: nextCommand(kind, reasons, isOver, environment),
    runbook: page ?? 'docs/alarms.md',
  };
}

function nextCommand(kind: AlarmKind | undefined, reasons: Explained[], isOver: boolean, environment: string): string {
  const [top] = reasons;
  const command =
    isOver || kind === undefined
      ? 'npx signalbox doctor'
      : top?.example !== undefined && kind.explainedBy !== 'refusals'
        ? `npx signalbox why ${top.example}`
        : kind.firstCommand;
  return `${command} -e ${environment}`;
}

/** `23 minutes`, `2 hours 5 minutes` */
export function lasting(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  const hours = Math.floor(minutes / 60);
  const of = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'}`;
  if (hours === 0) return of(minutes, 'minute');
  return minutes % 60 === 0 ? of(hours, 'hour') : `${of(hours, 'hour')} ${of(minutes % 60, 'minute')}`;
}

/** `3 of source web: retries_exhausted: the table is away (01K…)` */
export function reasonText({ count, where, reason, detail, example }: Explained): string {
  const sentence = detail === undefined || detail === reason ? reason : `${reason}: ${detail}`;
  return `${count === undefined ? '' : `${count} of `}${where}: ${sentence}${example === undefined ? '' : ` (${example})`}`;
}
