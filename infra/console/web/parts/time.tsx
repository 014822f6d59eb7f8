import { createContext, useContext, useEffect, useState } from 'react';
import { formatAgo } from '../../../../shared/operations/words/times.ts';

export type Zone = 'local' | 'UTC';

export const ZoneContext = createContext<{ zone: Zone; setZone(zone: Zone): void }>({
  zone: 'local',
  setZone: () => undefined,
});

export const useZone = () => useContext(ZoneContext);

const two = (value: number) => String(value).padStart(2, '0');

/** `2026-11-21 03:04:05` in one of the two zones. */
export function stampOf(timeMs: number, zone: Zone, withMs = false): { day: string; time: string } {
  const date = new Date(zone === 'UTC' ? timeMs : timeMs - new Date(timeMs).getTimezoneOffset() * 60_000);
  const iso = date.toISOString();
  return { day: iso.slice(0, 10), time: iso.slice(11, withMs ? 23 : 19) };
}

let today = { key: '', day: '' };

/** The day of a time near now, which is asked for with each time that is drawn. */
function dayOf(nowMs: number, zone: Zone): string {
  // Days begin at a quarter of an hour, in every zone.
  const key = `${zone} ${Math.floor(nowMs / 900_000)}`;
  if (today.key !== key) today = { key, day: stampOf(nowMs, zone).day };
  return today.day;
}

/** The local zone's distance: `+02:00`. */
function offsetOf(timeMs: number): string {
  const minutes = -new Date(timeMs).getTimezoneOffset();
  const distance = Math.abs(minutes);
  return `${minutes < 0 ? '−' : '+'}${two(Math.floor(distance / 60))}:${two(distance % 60)}`;
}

/** Both zones, and how long ago; what hovering shows. */
function allOf(timeMs: number, nowMs: number): string {
  const utc = stampOf(timeMs, 'UTC', true);
  const local = stampOf(timeMs, 'local', true);
  return `${utc.day} ${utc.time} UTC\n${local.day} ${local.time} ${offsetOf(timeMs)} local\n${formatAgo(timeMs, nowMs)}`;
}

/** What hovering shows is made when a pointer comes: a table draws many times, of which few are looked at so. */
const titled = (timeMs: number) => ({
  onPointerEnter({ currentTarget }: React.PointerEvent<HTMLElement>) {
    currentTarget.title = allOf(timeMs, Date.now());
  },
});

/**
 * A point in time: of today the time alone. Hovering shows it in UTC, in local time, and how long ago.
 * @param dated also of today with its day, beside another day
 */
export function Time({ iso, precise = false, dated = false }: { iso: string; precise?: boolean; dated?: boolean }) {
  const { zone } = useZone();
  const timeMs = Date.parse(iso);
  const nowMs = Date.now();
  const { day, time } = stampOf(timeMs, zone, precise);
  const isToday = !dated && day === dayOf(nowMs, zone);
  return (
    <time dateTime={iso} {...titled(timeMs)}>
      {isToday ? time : `${day.slice(5)} ${time}`}
    </time>
  );
}

/** How long ago; counts on while it is shown. */
export function Ago({ iso }: { iso: string }) {
  const nowMs = useNow(5_000);
  const timeMs = Date.parse(iso);
  return (
    <time dateTime={iso} {...titled(timeMs)}>
      {formatAgo(timeMs, Math.max(timeMs, nowMs))}
    </time>
  );
}

export function useNow(everyMs: number): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}

/** `12 ms`, `1.4 s`, `3 min`. */
export function durationOf(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.max(0, Math.round(milliseconds))} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`;
  if (milliseconds < 3_600_000) return `${Math.floor(milliseconds / 60_000)} min`;
  return milliseconds < 172_800_000
    ? `${Math.floor(milliseconds / 3_600_000)} h`
    : `${Math.floor(milliseconds / 86_400_000)} days`;
}
