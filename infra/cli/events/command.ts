import { type Command, Option } from 'commander';
import { readEventDetail } from '../../../shared/operations/events/event-detail.ts';
import { eventGroupings } from '../../../shared/operations/events/group-events.ts';
import { notFound, usageError } from '../../../shared/operations/refusal.ts';
import { idProblem } from '../../../shared/operations/why/what-is.ts';
import { defaultList, examples, optionsOf, positiveInteger } from '../command.ts';
import { connect } from '../environment.ts';
import { addPaging } from '../paging.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { printEventDetail } from './detail.ts';
import { exportCommand } from './export.ts';
import { addEventFilters, addTimes, type EventOptions, eventSearchOf } from './filters.ts';
import { followCommand } from './follow.ts';
import { type ListOptions, listCommand } from './list.ts';

export function register(program: Command): void {
  const events = program
    .command('events')
    .description('events that came in, newest first; show one; follow, count or export them');
  const list = addPaging(addTimes(addEventFilters(defaultList(events).description('events, newest first'))))
    .option('--follow', 'each event once, as it is logged, until Ctrl-C; with --limit so many old ones at first')
    .addOption(new Option('--group-by <what>', 'counts instead of events').choices(eventGroupings))
    .option('--csv', 'as CSV, for a spreadsheet')
    .action((_options, command: Command) => listCommand(optionsOf<ListOptions>(command), command));
  examples(
    list,
    ['events', 'the newest 20'],
    ['events --status failed --since 1d', 'what failed since yesterday, and why'],
    ['events --did-nothing --since 1h', 'what had no effect, and which value decided'],
    ['events --user user_42 --text A-1042', 'what came in for one user about one order'],
    ['events --group-by type --since 1d', 'how many came of each type, and when'],
    ['events --warnings no_runs --follow', 'triggers that begin no run, as they come'],
    ['events --sync-run 602 --status rejected', 'the records of a sync that were refused, and why'],
  );
  const show = events
    .command('show <id>')
    .description('one event: its row, its data, the original as received, and every mapping considered')
    .action((id: string, _options, command: Command) => showCommand(id, optionsOf(command)));
  examples(show, ['events show 01K…', 'everything that is stored of one event']);
  const tail = addEventFilters(events.command('tail').description('the same as --follow'))
    .option('--limit <n>', 'first shows so many that are there already', positiveInteger, 10)
    .action((_options, command: Command) => {
      const options = optionsOf<EventOptions & { limit: number }>(command);
      return followCommand(eventSearchOf(options), options, command);
    });
  examples(
    tail,
    ['events tail --source rudderstack', 'while setting up a destination'],
    ['events tail --json | jq .type', 'one object per line'],
  );
  const exported = addTimes(
    addEventFilters(events.command('export').description('all of them, as NDJSON with payloads')),
  )
    .option('--out <file>', 'into a new file, which only you may read')
    .option('--after <cursor>', 'those behind the last one of an earlier export')
    .action((_options, command: Command) =>
      exportCommand(optionsOf<EventOptions & { out?: string }>(command), command),
    );
  examples(
    exported,
    ['events export --since 7d --out events.ndjson', 'the last week'],
    ['events export --type order_completed | jq -c .event.properties', 'into another program'],
  );
  events.addHelpText('after', () => `\nWithout a command it lists:\n\n${list.helpInformation()}`);
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
