import { formatCount, plural } from '../words/text.ts';
import type { CountsOfRange } from './counts.ts';
import type { Range } from './problems.ts';

/** The source that sent most of what came in, where others wait behind it; else nothing. */
export function loudest(counts: CountsOfRange | undefined): string {
  const all = counts?.environment.EventsAccepted.total ?? 0;
  const [most] = [...(counts?.sources ?? [])].sort(([, a], [, b]) => b.EventsAccepted.total - a.EventsAccepted.total);
  if (most === undefined) return '';
  const [source, { EventsAccepted }] = most;
  if (EventsAccepted.total <= all / 2) return '';
  return `; ${formatCount(EventsAccepted.total)} of the ${plural(all, 'event')} that came in were of ${source}`;
}

/** How long before now the range begins, as `--since` takes it. */
export function sinceText({ sinceMs, untilMs }: Range): string {
  return `${Math.max(1, Math.round((untilMs - sinceMs) / 60_000))}m`;
}
