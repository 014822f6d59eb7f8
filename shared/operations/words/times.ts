import { usageError } from '../refusal.ts';

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/**
 * A point in time as people write it: `15m`, `2h`, `3d` ago, or an ISO date or date-time. Without a
 * zone it is UTC, like every time that the CLI prints.
 * @throws Refusal (usage) that says what would be right
 */
export function parseTime(text: string, nowMs: number): number {
  const ago = /^(\d{1,6})\s*([smhdw])$/.exec(text.trim());
  if (ago) return nowMs - Number(ago[1]) * unitMs[ago[2] as keyof typeof unitMs];
  const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(
    text.trim(),
  );
  const timeMs = iso ? Date.parse(`${iso[1]}T${iso[2] ?? '00:00'}${iso[3] ?? 'Z'}`) : Number.NaN;
  // Date.parse turns 2026-02-31 into 3 March; a date that does not exist is a slip.
  const exists =
    iso &&
    !Number.isNaN(Date.parse(`${iso[1]}T00:00Z`)) &&
    new Date(`${iso[1]}T00:00Z`).toISOString().startsWith(String(iso[1]));
  if (Number.isNaN(timeMs) || !exists)
    throw usageError(`"${text}" is not a time; write 15m, 2h, 3d (ago), 2026-11-21 or 2026-11-21T03:04:05Z`);
  return timeMs;
}

/** `2026-11-21 03:04:05Z` */
export function formatTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** `03:04:05Z`, for a time of today */
export function clockTime(timeMs: number): string {
  return formatTime(timeMs).slice(11);
}

/** `2 min ago`, `in 40 s` */
export function formatAgo(timeMs: number, nowMs: number): string {
  const distance = formatDuration(Math.abs(nowMs - timeMs));
  if (distance === '0 s') return 'just now';
  return timeMs > nowMs ? `in ${distance}` : `${distance} ago`;
}

/** The largest unit that fits, rounded down: `40 s`, `2 min`, `3 h`, `5 days`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** `2026-11-21 03:04:05Z (2 min ago)` */
export function formatWhen(timeMs: number, nowMs: number): string {
  return `${formatTime(timeMs)} (${formatAgo(timeMs, nowMs)})`;
}
