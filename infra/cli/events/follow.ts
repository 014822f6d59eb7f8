import type { Command } from 'commander';
import type { EventSearch } from '../../../shared/operations/events/event-search.ts';
import { followEvents } from '../../../shared/operations/events/follow-events.ts';
import { followNoteText } from '../../../shared/operations/events/follow-note.ts';
import { type ListedEvent, listedEvent } from '../../../shared/operations/events/listed-event.ts';
import { usageError } from '../../../shared/operations/refusal.ts';
import type { GlobalOptions } from '../command.ts';
import { connect } from '../environment.ts';
import type { FormOptions, PageOptions } from '../paging.ts';
import { openTable } from '../terminal/table.ts';
import { printJsonLine, processTerminal } from '../terminal/terminal.ts';
import { eventColumns } from './table.ts';

type FollowOptions = PageOptions & FormOptions & GlobalOptions & { since?: number; until?: number; job?: string };

export async function followCommand(search: EventSearch, options: FollowOptions, command: Command): Promise<void> {
  for (const name of ['since', 'until', 'after', 'all', 'csv', 'job'] as const)
    if (options[name] !== undefined)
      throw usageError(`--${name} is for lists that end`, `leave out --${name} or --follow`);
  const terminal = processTerminal();
  const environment = await connect(options);
  terminal.note(`following ${environment.name} (${environment.where}); Ctrl-C ends it`);
  const isLimitNamed = command.getOptionValueSource('limit') !== 'default';
  // One heading for all batches, since they form one table.
  const table = openTable<ListedEvent>(eventColumns(terminal.colours, Date.now()), terminal);
  for await (const followed of followEvents(environment, search, isLimitNamed ? options.limit : 10)) {
    if ('note' in followed) terminal.note(followNoteText(followed.note));
    else if (options.json) for (const found of followed.events) printJsonLine(terminal, listedEvent(found));
    else terminal.out(table.text(followed.events.map(listedEvent)));
    await terminal.drained();
  }
}
