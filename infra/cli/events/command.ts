import type { Command } from 'commander';
import { isEventId } from '../../../shared/core/ids/event-id.ts';
import { EventStatus } from '../../../shared/core/logs/event-log-entry.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { readEventDetail } from '../../../shared/operations/events/event-detail.ts';
import { eventRows } from '../../../shared/operations/events/event-rows.ts';
import { eventLogOf, eventsNewestFirst } from '../../../shared/operations/events/events.ts';
import { tailEvents } from '../../../shared/operations/events/tail.ts';
import { notFound, usageError } from '../../../shared/operations/refusal.ts';
import { unseenType } from '../../../shared/operations/sources/event-types.ts';
import {
  type KnownSource,
  longestRetentionDays,
  pickSources,
  readSources,
} from '../../../shared/operations/sources/known-sources.ts';
import { wrongCursor } from '../../../shared/operations/tables/cursors.ts';
import { searchRange } from '../../../shared/operations/tables/search-range.ts';
import { idProblem } from '../../../shared/operations/why/what-is.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { anyOf, defaultList, examples, optionsOf, positiveInteger, time } from '../command.ts';
import { connect } from '../environment.ts';
import { addPaging, noteRange, type PageOptions, printPages } from '../paging.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, printJsonLine, processTerminal } from '../terminal/terminal.ts';
import { printEventDetail } from './detail.ts';
import { eventColumns } from './table.ts';

type ListOptions = {
  source?: string;
  type?: string;
  status?: EventStatus[];
  user?: string;
  syncRun?: string;
  since?: number;
  until?: number;
} & PageOptions;

type TailOptions = Pick<ListOptions, 'source' | 'type' | 'status' | 'user' | 'syncRun' | 'limit'>;

export function register(program: Command): void {
  const events = program.command('events').description('events that came in, newest first; show one; follow them');
  const list = addPaging(
    filters(defaultList(events).description('events, newest first'))
      .option('--since <time>', 'from this time on: 15m, 2h, 3d (ago) or ISO; 3 days by default', time)
      .option('--until <time>', 'up to this time', time),
  ).action((_options, command: Command) => listCommand(optionsOf<ListOptions>(command), command));
  examples(
    list,
    ['events', 'the newest 20'],
    ['events --status failed --since 1d', 'what failed since yesterday, and why'],
    ['events --user user_42', 'what came in for one user'],
    ['events --source rudderstack --type track/order_completed', 'one type of one source'],
    ['events --sync-run 602 --status rejected', 'the records of a sync that were refused, and why'],
  );
  const show = events
    .command('show <id>')
    .description('one event: its row, its data, the original as received, and every mapping considered')
    .action((id: string, _options, command: Command) => showCommand(id, optionsOf(command)));
  examples(show, ['events show 01K…', 'everything that is stored of one event']);
  const tail = filters(events.command('tail').description('follows the log: each event once, as it is logged'))
    .option('--limit <n>', 'first shows so many that are there already', positiveInteger, 10)
    .action((_options, command: Command) => tailCommand(optionsOf<TailOptions>(command)));
  examples(
    tail,
    ['events tail --source rudderstack', 'while setting up a destination'],
    ['events tail --json | jq .type', 'one object per line'],
  );
  events.addHelpText('after', () => `\nWithout a command it lists:\n\n${list.helpInformation()}`);
}

function filters(command: Command): Command {
  return command
    .option('--source <key>', 'of one source')
    .option('--type <event-type>', 'of one event type: identify, track/order_completed')
    .option(
      '--status <list>',
      `any of ${EventStatus.options.join(', ')}: failed or failed,rejected`,
      anyOf('status of an event', EventStatus.options),
    )
    .option('--user <id>', 'of one user')
    .option('--sync-run <id>', "of one run of a sync, by the vendor's number");
}

async function listCommand(options: ReturnType<typeof optionsOf<ListOptions>>, command: Command): Promise<void> {
  const terminal = processTerminal();
  const { after, limit, all } = options;
  if (after !== undefined && !isEventId(after)) throw wrongCursor(after);
  const environment = await connect(options);
  const nowMs = Date.now();
  const directory = await readSources(environment);
  const sources = pickSources(directory.known, options.source);
  // One user's events are found by index at any age; all others are read day by day.
  const range = searchRange(options, nowMs, {
    unbounded: options.user !== undefined,
    retentionDays: longestRetentionDays(environment, directory),
  });
  const wanted = all ? Number.POSITIVE_INFINITY : limit + 1;
  const entries = eventsNewestFirst(eventLogOf(environment), {
    ...filterOf(options),
    ...range,
    sources,
    limit: wanted,
    ...(after !== undefined && { after }),
  });
  const { count, isMore } = await printPages(
    terminal,
    { rows: eventRows(environment, entries, wanted), cursorOf: ({ id }) => id },
    {
      noun: 'event',
      columns: eventColumns(terminal.colours, nowMs),
      none: () => noEvents(environment, sources, options.type),
    },
    options,
    command,
  );
  noteRange(terminal, range, isMore ? undefined : plural(count, 'event'));
}

function filterOf({ type, status, user, syncRun }: TailOptions) {
  return {
    ...(type !== undefined && { eventType: type }),
    ...(status !== undefined && { statuses: status }),
    ...(user !== undefined && { userId: user }),
    ...(syncRun !== undefined && { syncRunId: syncRun }),
  };
}

/** Says that there are none, and for a type that never came, which type was probably meant. */
async function noEvents(environment: Environment, sources: KnownSource[], type: string | undefined): Promise<string> {
  const unseen = type === undefined ? undefined : await unseenType(environment, sources, type);
  return unseen === undefined ? 'no events' : `no events; type "${type}" never came${unseen}`;
}

async function showCommand(id: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const problem = idProblem(id);
  if (problem !== undefined)
    throw usageError(problem, `for message ids, users and runs there is: npx signalbox why ${id}`);
  const environment = await connect(options);
  const detail = await readEventDetail(environment, id);
  if (detail === undefined)
    throw notFound(
      `no event ${id} in ${environment.name}`,
      `it may wait in a queue, have aged out, or never have come: npx signalbox why ${id}`,
    );
  if (options.json) printJson(terminal, detail);
  else printEventDetail(terminal, detail, Date.now());
}

async function tailCommand(options: ReturnType<typeof optionsOf<TailOptions>>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  terminal.note(`following ${environment.name} (${environment.where}); Ctrl-C ends it`);
  let headed = false;
  for await (const rows of tailEvents(environment, {
    ...filterOf(options),
    source: options.source,
    backlog: options.limit,
  })) {
    if (options.json) {
      for (const row of rows) printJsonLine(terminal, row);
      continue;
    }
    const text = renderTable(eventColumns(terminal.colours, Date.now()), rows, terminal);
    // One heading for all batches, since they form one table.
    terminal.out(headed ? text.slice(text.indexOf('\n') + 1) : text);
    headed = true;
  }
}
