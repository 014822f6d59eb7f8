import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import { searchEvents } from '../../../shared/operations/events/event-search.ts';
import { exportLine } from '../../../shared/operations/events/export-events.ts';
import { failure } from '../../../shared/operations/refusal.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';
import type { GlobalOptions } from '../command.ts';
import { connect } from '../environment.ts';
import { commandAgain, noteRange } from '../paging.ts';
import { processTerminal, type Terminal } from '../terminal/terminal.ts';
import { type EventOptions, eventSearchOf } from './filters.ts';

type ExportOptions = EventOptions & GlobalOptions & { out?: string };

const progressEveryMs = 3_000;
const bufferedMax = 256 * 1024;

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

type Output = { write(text: string): Promise<unknown>; close(): Promise<void> };

/** A file holds what users sent, so that only its owner may read it. */
async function openOutput(terminal: Terminal, path: string | undefined): Promise<Output> {
  if (path === undefined) {
    const write = (text: string) => {
      terminal.print(text);
      return terminal.drained();
    };
    return { write, close: async () => undefined };
  }
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw failure(`${path} exists already`, 'name another file, or remove this one');
    throw failure(`${path} cannot be written: ${error.code ?? error.message}`);
  });
  let waiting = '';
  const flush = async () => {
    const text = waiting;
    waiting = '';
    await file.writeFile(text);
  };
  return {
    async write(text) {
      waiting += text;
      if (waiting.length > bufferedMax) await flush();
    },
    close: () => flush().finally(() => file.close()),
  };
}
