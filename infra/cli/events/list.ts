import type { Command } from 'commander';
import type { Environment } from '../../../shared/operations/environment.ts';
import { type EventSearch, searchEvents } from '../../../shared/operations/events/event-search.ts';
import { type EventGrouping, groupEvents } from '../../../shared/operations/events/group-events.ts';
import { listedEvent } from '../../../shared/operations/events/listed-event.ts';
import { usageError } from '../../../shared/operations/refusal.ts';
import { unseenType } from '../../../shared/operations/sources/event-types.ts';
import { pickSources, readSources, type SourceDirectory } from '../../../shared/operations/sources/known-sources.ts';
import { mapped } from '../../../shared/operations/tables/newest-first.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import type { GlobalOptions } from '../command.ts';
import { connect } from '../environment.ts';
import { printGroups } from '../groups.ts';
import { type FormOptions, noteRange, type PageOptions, printPages } from '../paging.ts';
import { processTerminal } from '../terminal/terminal.ts';
import { type EventOptions, eventSearchOf } from './filters.ts';
import { followCommand } from './follow.ts';
import { eventColumns } from './table.ts';

export type ListOptions = EventOptions &
  PageOptions &
  FormOptions & { groupBy?: EventGrouping; follow?: boolean } & GlobalOptions;

export async function listCommand(options: ListOptions, command: Command): Promise<void> {
  const search = eventSearchOf(options);
  if (options.follow && options.groupBy)
    throw usageError('--follow has no end, so there is nothing to count', 'leave out --follow or --group-by');
  if (options.follow) return followCommand(search, options, command);
  const terminal = processTerminal();
  const environment = await connect(options);
  const nowMs = Date.now();
  const directory = await readSources(environment);
  const { all = false, limit, groupBy } = options;
  if (groupBy) {
    const grouped = await groupEvents(environment, directory, search, groupBy, { nowMs, isComplete: all });
    return printGroups(terminal, grouped, { noun: 'event', by: groupBy }, options, command);
  }
  const found = searchEvents(environment, directory, search, {
    nowMs,
    limit: all ? Number.POSITIVE_INFINITY : limit + 1,
    isComplete: all,
  });
  const { count, isMore } = await printPages(
    terminal,
    { ...found, rows: mapped(found.rows, listedEvent), cursorOf: ({ id }) => id },
    {
      noun: 'event',
      columns: eventColumns(terminal.colours, nowMs),
      none: () => noEvents(environment, directory, search),
      maps: ['actions'],
    },
    options,
    command,
  );
  // The claim of a message id says itself how far to look.
  if (search.message_id === undefined) noteRange(terminal, found.range, isMore ? undefined : plural(count, 'event'));
}

/** Says that there are none, and for a type that never came, which type was probably meant. */
async function noEvents(
  environment: Environment,
  { known }: SourceDirectory,
  { source, type }: EventSearch,
): Promise<string> {
  const unseen = type === undefined ? undefined : await unseenType(environment, pickSources(known, source), type);
  return unseen === undefined ? 'no events' : `no events; type "${type}" never came${unseen}`;
}
