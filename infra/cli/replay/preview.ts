import type { BulkReplay, ReplayPreview } from '../../../shared/operations/replay/bulk-replay.ts';
import { formatCount, plural, printable } from '../../../shared/operations/words/text.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';
import { renderTable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** What a bulk replay would do: counts, reasons, and a few events. */
export function printPreview(terminal: Terminal, preview: ReplayPreview, { filter, force, retro }: BulkReplay): void {
  const { matching, looked_at, would_replay, skipped, sample } = preview;
  const range = `from ${formatTime(filter.sinceMs)} to ${formatTime(filter.untilMs)}`;
  terminal.out(`${plural(matching, 'event')} match ${range}`);
  if (looked_at < matching) terminal.out(`the oldest ${formatCount(looked_at)} were looked at:`);
  if (looked_at === 0) return;
  terminal.out(
    `${formatCount(would_replay)} would ${retro !== undefined ? `run ${retro}` : force ? 'run as new events' : 'run what is missing'}`,
  );
  for (const { detail, count, example } of skipped)
    terminal.out(`${formatCount(count)} would not: each ${printable(detail)} (${example})`);
  if (sample.length === 0) return;
  terminal.out('');
  const columns = [
    { title: 'FOR EXAMPLE', value: ({ event_id }: (typeof sample)[number]) => event_id, whole: true },
    { title: 'DETAIL', value: ({ detail }: (typeof sample)[number]) => detail },
  ];
  terminal.out(renderTable(columns, sample, terminal));
}
