import type { Command } from 'commander';
import type { EventSearch } from '../../../shared/operations/events/event-search.ts';
import { followEvents } from '../../../shared/operations/events/follow-events.ts';
import { listedEvent } from '../../../shared/operations/events/listed-event.ts';
import { mapped } from '../../../shared/operations/tables/newest-first.ts';
import type { GlobalOptions } from '../command.ts';
import { connect } from '../environment.ts';
import { backlogOf, checkFollowing, printFollowed } from '../following.ts';
import type { FormOptions, PageOptions } from '../paging.ts';
import { processTerminal } from '../terminal/terminal.ts';
import { eventColumns } from './table.ts';

type FollowOptions = PageOptions & FormOptions & GlobalOptions;

export async function followCommand(search: EventSearch, options: FollowOptions, command: Command): Promise<void> {
  checkFollowing(options, ['since', 'until', 'after', 'all', 'csv', 'job']);
  const terminal = processTerminal();
  const environment = await connect(options);
  terminal.note(`following ${environment.name} (${environment.where}); Ctrl-C ends it`);
  const followed = mapped(followEvents(environment, search, backlogOf(options, command)), (found) =>
    'note' in found ? found : { rows: found.events.map(listedEvent) },
  );
  await printFollowed(terminal, followed, eventColumns(terminal.colours, Date.now()), options);
}
