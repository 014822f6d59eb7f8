import type { Command } from 'commander';
import { actions } from '../../../shared/core/actions/index.ts';
import type { ActionStatus } from '../../../shared/core/logs/action-log-entry.ts';
import { actionRow } from '../../../shared/operations/actions/action-row.ts';
import {
  actionLogOf,
  type FoundAction,
  listActions,
  matchesAction,
  mostShards,
  readActionLog,
} from '../../../shared/operations/actions/actions.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { hasOwnActions } from '../../../shared/operations/events/event-row.ts';
import { eventLogOf, readEvent } from '../../../shared/operations/events/events.ts';
import { notFound, usageError } from '../../../shared/operations/refusal.ts';
import { longestRetentionDays, readSources } from '../../../shared/operations/sources/known-sources.ts';
import { searchRange } from '../../../shared/operations/tables/search-range.ts';
import { idProblem } from '../../../shared/operations/why/what-is.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';
import { anyOf, examples, optionsOf, positiveInteger, time } from '../command.ts';
import { connect } from '../environment.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { actionColumns } from './table.ts';

type ActionsOptions = {
  event?: string;
  status?: ActionStatus[];
  action?: string;
  workflow?: string;
  since?: number;
  until?: number;
  limit: number;
};

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
    .option('--until <time>', 'of events received up to this time', time)
    .option('--limit <n>', 'at most so many', positiveInteger, 20)
    .action((_options, command: Command) => actionsCommand(optionsOf<ActionsOptions>(command)));
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

async function actionsCommand(options: ReturnType<typeof optionsOf<ActionsOptions>>): Promise<void> {
  const terminal = processTerminal();
  const problem = options.event === undefined ? undefined : idProblem(options.event);
  if (problem !== undefined) throw usageError(problem);
  const environment = await connect(options);
  const nowMs = Date.now();
  const directory = await readSources(environment);
  const range = searchRange(options, nowMs, { retentionDays: longestRetentionDays(environment, directory) });
  const filter = pickFilter(options);
  const found =
    options.event === undefined
      ? await listActions(actionLogOf(environment), {
          ...filter,
          ...range,
          shards: mostShards(directory.known),
          limit: options.limit,
        })
      : (await actionsOfEvent(environment, options.event)).filter((one) => matchesAction(one, filter));
  const rows = found.map(({ log, action }) => actionRow(log, action));
  if (options.json) printJson(terminal, rows);
  else if (rows.length > 0) terminal.out(renderTable(actionColumns(terminal.colours, nowMs), rows, terminal));
  else terminal.note('no actions');
  if (options.event === undefined && range.narrowed !== undefined) terminal.note(range.narrowed);
  if (options.event === undefined && range.byDefault && rows.length < options.limit)
    terminal.note(
      `${plural(rows.length, 'action')} since ${formatTime(range.sinceMs)}; ${range.furthest} looks further back`,
    );
}

function pickFilter({ status, action, workflow }: ActionsOptions) {
  return {
    ...(status && { statuses: status }),
    ...(action !== undefined && { action }),
    ...(workflow !== undefined && { workflow }),
  };
}

async function actionsOfEvent(environment: Environment, id: string): Promise<FoundAction[]> {
  const { known } = await readSources(environment);
  const entry = await readEvent(eventLogOf(environment), id, known);
  if (entry === undefined)
    throw notFound(`no event ${id} in ${environment.name}`, `npx signalbox why ${id} says what is known of it`);
  // A duplicate names the execution of the earlier event, to which the actions belong.
  if (entry.execution === undefined || !hasOwnActions(entry.status)) return [];
  const log = await readActionLog(actionLogOf(environment), entry.execution);
  return (log?.actions ?? []).map((action) => ({ log: log as NonNullable<typeof log>, action }));
}
