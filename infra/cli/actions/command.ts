import { type Command, Option } from 'commander';
import { actions } from '../../../shared/core/actions/index.ts';
import {
  type ActionReason,
  type ActionStatus,
  actionReasons,
  actionStatuses,
} from '../../../shared/core/logs/action-log-entry.ts';
import { actionRow } from '../../../shared/operations/actions/action-row.ts';
import { ActionSearch, searchActions } from '../../../shared/operations/actions/action-search.ts';
import { followActions } from '../../../shared/operations/actions/follow-actions.ts';
import {
  type ActionGrouping,
  actionGroupings,
  groupActions,
} from '../../../shared/operations/actions/group-actions.ts';
import { checkedInput } from '../../../shared/operations/checked-input.ts';
import { usageError } from '../../../shared/operations/refusal.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { mapped } from '../../../shared/operations/tables/newest-first.ts';
import { idProblem } from '../../../shared/operations/why/what-is.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { anyOf, examples, type GlobalOptions, optionsOf, time } from '../command.ts';
import { connect } from '../environment.ts';
import { backlogOf, checkFollowing, printFollowed } from '../following.ts';
import { printGroups } from '../groups.ts';
import { configVersion, warningCodes } from '../options.ts';
import { addPaging, type FormOptions, noteRange, type PageOptions, printPages } from '../paging.ts';
import { processTerminal } from '../terminal/terminal.ts';
import { actionColumns } from './table.ts';

type ActionsOptions = {
  event?: string;
  source?: string;
  type?: string;
  status?: ActionStatus[];
  reason?: ActionReason[];
  warnings?: string[] | true;
  action?: string;
  mapping?: string;
  workflow?: string;
  user?: string;
  messageId?: string;
  configVersion?: number;
  text?: string;
  since?: number;
  until?: number;
  groupBy?: ActionGrouping;
  follow?: boolean;
} & PageOptions &
  FormOptions &
  GlobalOptions;

export function register(program: Command): void {
  const command = addPaging(program.command('actions'))
    .description('actions that events led to, newest first')
    .option('--event <id>', 'of one event')
    .option('--source <key>', 'of events of one source')
    .option('--type <event-type>', 'of events of one type')
    .option(
      '--status <list>',
      `any of ${actionStatuses.join(', ')}: failed or failed,skipped`,
      anyOf('status of an action', actionStatuses),
    )
    .option('--reason <list>', 'any of these reasons', anyOf('reason of an action', actionReasons))
    .option('--warnings [codes]', 'with a warning: any, or no_runs,…', warningCodes)
    .option('--action <name>', 'of one kind: users_identify, workflows_trigger', actionOption)
    .option('--mapping <id>', 'of one mapping')
    .option('--workflow <key>', 'that trigger or cancel one workflow')
    .option('--user <id>', "of one user's events")
    .option('--message-id <id>', "of the event with the vendor's message id")
    .option('--config-version <version>', 'by one version of the configuration', configVersion)
    .option('--text <text>', 'with a text in their parameters, result or detail, in any case of letters')
    .option('--since <time>', 'of events received from this time on: 15m, 2h, 3d (ago) or ISO; 3 days by default', time)
    .option('--until <time>', 'of events received up to this time', time)
    .addOption(new Option('--group-by <what>', 'counts instead of actions').choices(actionGroupings))
    .option('--follow', 'go on with what is logged from now on; ends with Ctrl-C')
    .option('--csv', 'as CSV, for a spreadsheet')
    .action((_options, called: Command) => actionsCommand(optionsOf<ActionsOptions>(called), called));
  examples(
    command,
    ['actions', 'the newest 20'],
    ['actions --event 01K…', 'what one event led to'],
    ['actions --status failed --since 1d', 'what failed for good, and why'],
    ['actions --status failed --group-by reason', 'why most of them fail, and since when'],
    ['actions --warnings no_runs', 'triggers that began no run'],
    ['actions --follow --status failed', 'what fails from now on'],
    ['actions --workflow order-completed', 'who triggered one workflow'],
  );
}

function actionOption(text: string): string {
  return anyOf(
    'action',
    actions.map(({ id }) => id),
  )(text)[0] as string;
}

async function actionsCommand(options: ActionsOptions, command: Command): Promise<void> {
  const terminal = processTerminal();
  const problem = options.event === undefined ? undefined : idProblem(options.event);
  if (problem !== undefined) throw usageError(problem);
  const search = actionSearchOf(options);
  if (options.follow && options.groupBy)
    throw usageError('--follow has no end, so there is nothing to count', 'leave out --follow or --group-by');
  if (options.follow) return followCommand(search, options, command);
  const environment = await connect(options);
  const nowMs = Date.now();
  const directory = await readSources(environment);
  const { all = false, limit, groupBy } = options;
  if (groupBy) {
    const grouped = await groupActions(environment, directory, search, groupBy, { nowMs, isComplete: all });
    return printGroups(terminal, grouped, { noun: 'action', by: groupBy }, options, command);
  }
  const wanted = { nowMs, limit: all ? Number.POSITIVE_INFINITY : limit + 1, isComplete: all };
  const found = searchActions(environment, directory, search, wanted);
  const { count, isMore } = await printPages(
    terminal,
    {
      rows: mapped(found.rows, ({ log, action }) => actionRow(log, action)),
      cursorOf: ({ execution, id }) => `${execution}-${id}`,
      looked: found.looked,
    },
    { noun: 'action', columns: actionColumns(terminal.colours, nowMs), none: () => 'no actions' },
    options,
    command,
  );
  const hasRange = options.event === undefined && options.messageId === undefined;
  if (hasRange) noteRange(terminal, found.range, isMore ? undefined : plural(count, 'action'));
}

async function followCommand(search: ActionSearch, options: ActionsOptions, command: Command): Promise<void> {
  checkFollowing(options, ['since', 'until', 'after', 'all', 'csv']);
  const terminal = processTerminal();
  const environment = await connect(options);
  terminal.note(`following ${environment.name} (${environment.where}); Ctrl-C ends it`);
  const followed = mapped(followActions(environment, search, backlogOf(options, command)), (found) =>
    'note' in found ? found : { rows: found.actions.map(({ log, action }) => actionRow(log, action)) },
  );
  await printFollowed(terminal, followed, actionColumns(terminal.colours, Date.now()), options);
}

function actionSearchOf(options: ActionsOptions): ActionSearch {
  const { event, source, type, status, reason, warnings, action, mapping, workflow, user, messageId, text } = options;
  return checkedInput(ActionSearch, {
    event_id: event,
    source,
    type,
    status,
    reason,
    action,
    mapping,
    workflow,
    user_id: user,
    message_id: messageId,
    config_version: options.configVersion,
    text,
    warnings: warnings === true ? [] : warnings,
    since_ms: options.since === undefined ? undefined : Math.floor(options.since),
    until_ms: options.until === undefined ? undefined : Math.floor(options.until),
    after: options.after,
  });
}
