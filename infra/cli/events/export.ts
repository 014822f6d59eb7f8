import type { Command } from 'commander';
import { searchEvents } from '../../../shared/operations/events/event-search.ts';
import { exportLine } from '../../../shared/operations/events/export-events.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';
import type { GlobalOptions } from '../command.ts';
import { connect } from '../environment.ts';
import { commandAgain, noteRange } from '../paging.ts';
import { openOutput } from '../terminal/output.ts';
import { processTerminal } from '../terminal/terminal.ts';
import { type EventOptions, eventSearchOf } from './filters.ts';

type ExportOptions = EventOptions & GlobalOptions & { out?: string };

const progressEveryMs = 3_000;

/** All events of a search, one JSON object per line. */
export async function exportCommand(options: ExportOptions, command: Command): Promise<void> {
  const terminal = processTerminal();
  const search = eventSearchOf(options);
  const environment = await connect(options);
  const directory = await readSources(environment);
  const output = await openOutput(terminal, options.out);
  const { rows, range, cursorOf } = searchEvents(environment, directory, search, {
    nowMs: Date.now(),
    limit: Number.POSITIVE_INFINITY,
    isComplete: true,
  });
  let count = 0;
  let last: string | undefined;
  let saidAtMs = performance.now();
  try {
    for await (const found of rows) {
      await output.write(`${exportLine(found)}\n`);
      count++;
      last = cursorOf(found);
      if (performance.now() - saidAtMs < progressEveryMs) continue;
      saidAtMs = performance.now();
      terminal.note(`${plural(count, 'event')}, back to ${formatTime(found.entry.receivedAtMs)}`);
    }
  } catch (error) {
    if (last !== undefined)
      terminal.note(`${plural(count, 'event')} written. To go on: ${commandAgain(command, { after: last })}`);
    throw error;
  } finally {
    await output.close();
  }
  terminal.note(`${plural(count, 'event')} written${options.out === undefined ? '' : ` to ${options.out}`}`);
  noteRange(terminal, range, plural(count, 'event'));
}
