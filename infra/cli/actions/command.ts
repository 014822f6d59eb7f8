import type { Command } from 'commander';
import { actions } from '../../../shared/core/actions/index.ts';
import { isEventId } from '../../../shared/core/ids/event-id.ts';
import type { ActionStatus } from '../../../shared/core/logs/action-log-entry.ts';
import { actionRow } from '../../../shared/operations/actions/action-row.ts';
import {
  type ActionFilter,
  type ActionPlace,
  actionLogOf,
  actionsNewestFirst,
  actionsOfLog,
  type FoundAction,
  mostShards,
  readLogsOfEvent,
} from '../../../shared/operations/actions/actions.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { eventLogOf, readEvent } from '../../../shared/operations/events/events.ts';
import { notFound, usageError } from '../../../shared/operations/refusal.ts';
import { longestRetentionDays, readSources } from '../../../shared/operations/sources/known-sources.ts';
import { wrongCursor } from '../../../shared/operations/tables/cursors.ts';
import type { IdRange } from '../../../shared/operations/tables/id-range.ts';
import { mapped } from '../../../shared/operations/tables/newest-first.ts';
import { searchRange } from '../../../shared/operations/tables/search-range.ts';
import { idProblem } from '../../../shared/operations/why/what-is.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { anyOf, examples, optionsOf, time } from '../command.ts';
import { connect } from '../environment.ts';
import { addPaging, noteRange, type PageOptions, printPages } from '../paging.ts';
import { processTerminal } from '../terminal/terminal.ts';
import { actionColumns } from './table.ts';

type ActionsOptions = {
  event?: string;
  status?: ActionStatus[];
  action?: string;
  workflow?: string;
  since?: number;
  until?: number;
} & PageOptions;

const statuses: ActionStatus[] = ['succeeded', 'skipped', 'failed', 'pending'];

export function register(program: Command): void {
  const command = program
    .command('actions')
    .description('actions that events led to, newest first')
    .option('--event <id>', 'of one event')
    .option(
      '--status <list>',
      `any of ${statuses.join(', ')}: failed or failed,skipped`,
      anyOf('status of an action', statuses),
    )
    .option('--action <name>', 'of one kind: users_identify, workflows_trigger', actionOption)
    .option('--workflow <key>', 'that trigger one workflow')
    .option('--since <time>', 'of events received from this time on: 15m, 2h, 3d (ago) or ISO; 3 days by default', time)
    .option('--until <time>', 'of events received up to this time', time);
  addPaging(command).action((_options, called: Command) => actionsCommand(optionsOf<ActionsOptions>(called), called));
  examples(
    command,
    ['actions', 'the newest 20'],
    ['actions --event 01K…', 'what one event led to'],
    ['actions --status failed --since 1d', 'what failed for good, and why'],
    ['actions --workflow order-completed', 'who triggered one workflow'],
  );
}

function actionOption(text: string): string {
  return anyOf(
    'action',
    actions.map(({ id }) => id),
  )(text)[0] as string;
}

async function actionsCommand(options: ReturnType<typeof optionsOf<ActionsOptions>>, command: Command): Promise<void> {
  const terminal = processTerminal();
  const after = options.after === undefined ? undefined : placeOf(options.after);
  const problem = options.event === undefined ? undefined : idProblem(options.event);
  if (problem !== undefined) throw usageError(problem);
  const environment = await connect(options);
  const nowMs = Date.now();
  const directory = await readSources(environment);
  const range = searchRange(options, nowMs, { retentionDays: longestRetentionDays(environment, directory) });
  const filter = { ...pickFilter(options), ...(after && { after }) };
  const found =
    options.event === undefined
      ? actionsNewestFirst(actionLogOf(environment), { ...filter, ...range, shards: mostShards(directory.known) })
      : actionsOfEvent(environment, options.event, filter);
  const { count, isMore } = await printPages(
    terminal,
    {
      rows: mapped(found, ({ log, action }) => actionRow(log, action)),
      cursorOf: ({ execution, id }) => `${execution}-${id}`,
    },
    { noun: 'action', columns: actionColumns(terminal.colours, nowMs), none: () => 'no actions' },
    options,
    command,
  );
  if (options.event === undefined) noteRange(terminal, range, isMore ? undefined : plural(count, 'action'));
}

/** A cursor is an execution and the id of an action. */
function placeOf(cursor: string): ActionPlace {
  const [, execution = '', actionId = ''] = /^(\w{26})-([0-9a-f-]{36})$/.exec(cursor) ?? [];
  if (!isEventId(execution)) throw wrongCursor(cursor);
  return { execution, actionId };
}

function pickFilter({ status, action, workflow }: ActionsOptions) {
  return {
    ...(status && { statuses: status }),
    ...(action !== undefined && { action }),
    ...(workflow !== undefined && { workflow }),
  };
}

async function* actionsOfEvent(
  environment: Environment,
  id: string,
  filter: Omit<ActionFilter, keyof IdRange | 'shards'> & { after?: ActionPlace },
): AsyncGenerator<FoundAction> {
  const { known } = await readSources(environment);
  const entry = await readEvent(eventLogOf(environment), id, known);
  if (entry === undefined)
    throw notFound(`no event ${id} in ${environment.name}`, `npx signalbox why ${id} says what is known of it`);
  // A duplicate has none: they belong to the earlier event, whose execution it names.
  for (const log of await readLogsOfEvent(actionLogOf(environment), entry)) yield* actionsOfLog(log, filter);
}
