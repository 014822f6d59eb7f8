import type { Command } from 'commander';
import { EventReason, EventStatus } from '../../../shared/core/logs/event-log-entry.ts';
import { checkedInput } from '../../../shared/operations/checked-input.ts';
import { EventSearch } from '../../../shared/operations/events/event-search.ts';
import { anyOf, time } from '../command.ts';
import { configVersion, warningCodes } from '../options.ts';

/** The options by which events are searched. */
export type EventOptions = {
  source?: string;
  type?: string;
  status?: EventStatus[];
  reason?: EventReason[];
  user?: string;
  messageId?: string;
  syncRun?: string;
  job?: string;
  mapping?: string;
  workflow?: string;
  configVersion?: number;
  text?: string;
  didNothing?: boolean;
  warnings?: string[] | true;
  since?: number;
  until?: number;
  after?: string;
};

export function addEventFilters(command: Command): Command {
  return command
    .option('--source <key>', 'of one source')
    .option('--type <event-type>', 'of one event type: identify, track/order_completed')
    .option(
      '--status <list>',
      `any of ${EventStatus.options.join(', ')}: failed or failed,rejected`,
      anyOf('status of an event', EventStatus.options),
    )
    .option('--reason <list>', 'any of these reasons', anyOf('reason of an event', EventReason.options))
    .option('--did-nothing', 'unmapped, rejected, or with only skipped actions: with what decided')
    .option('--warnings [codes]', 'with a warning of an action: any, or no_runs,…', warningCodes)
    .option('--user <id>', 'of one user')
    .option('--message-id <id>', "with the vendor's message id")
    .option('--sync-run <id>', "of one run of a sync, by the vendor's number")
    .option('--job <id>', 'in one job: what a replay ran')
    .option('--mapping <id>', 'for which a mapping ran or was considered')
    .option('--workflow <key>', 'the same, of any mapping that names the workflow')
    .option('--config-version <version>', 'processed by one version of the configuration', configVersion)
    .option('--text <text>', 'with a text anywhere in the event, in any case of letters');
}

export function addTimes(command: Command): Command {
  return command
    .option('--since <time>', 'from this time on: 15m, 2h, 3d (ago) or ISO; 3 days by default', time)
    .option('--until <time>', 'up to this time', time);
}

export function eventSearchOf(options: EventOptions): EventSearch {
  const { source, type, status, reason, user, messageId, syncRun, job, mapping, workflow, warnings } = options;
  return checkedInput(EventSearch, {
    source,
    type,
    status,
    reason,
    user_id: user,
    message_id: messageId,
    sync_run_id: syncRun,
    job,
    mapping,
    workflow,
    config_version: options.configVersion,
    text: options.text,
    did_nothing: options.didNothing,
    warnings: warnings === true ? [] : warnings,
    since_ms: options.since === undefined ? undefined : Math.floor(options.since),
    until_ms: options.until === undefined ? undefined : Math.floor(options.until),
    after: options.after,
  });
}
