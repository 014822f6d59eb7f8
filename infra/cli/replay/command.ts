import { type Command, Option } from 'commander';
import { type DeadLetterQueue, deadLetterQueues } from '../../../shared/operations/dead-letters/dead-letters.ts';
import { failure, usageError } from '../../../shared/operations/refusal.ts';
import { type BulkFilter, bulkStatuses, matchingEvents } from '../../../shared/operations/replay/bulk-filter.ts';
import {
  type BulkReplay,
  carryOnReplay,
  previewReplay,
  startReplay,
} from '../../../shared/operations/replay/bulk-replay.ts';
import { eventsOfIds, previewIds, type ReplayRow, replayIds } from '../../../shared/operations/replay/replay-ids.ts';
import { lookUnder } from '../../../shared/operations/replay/under-configuration.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';
import { currentAuthor } from '../../author.ts';
import { addReason, anyOf, examples, optionsOf, rate, time } from '../command.ts';
import { connect } from '../environment.ts';
import { followJob } from '../jobs/follow.ts';
import { draftOrVersion } from '../options.ts';
import { canAsk, confirm } from '../terminal/confirm.ts';
import { renderTable } from '../terminal/table.ts';
import { besideJson, printJson, processTerminal } from '../terminal/terminal.ts';
import { replayDeadLetters } from './dead-letters.ts';
import { printLook } from './look.ts';
import { noteUnknownNames } from './no-match.ts';
import { printPreview } from './preview.ts';

type FilterFlags = {
  status?: BulkFilter['statuses'];
  source?: string;
  type?: string;
  user?: string;
  reason?: BulkFilter['reason'];
  workflow?: string;
  mapping?: string;
  since?: number;
  until?: number;
};
type ReplayFlags = FilterFlags & {
  dryRun?: boolean;
  configuration?: 'draft' | number;
  force?: boolean;
  again?: boolean;
  rate?: number;
  yes?: boolean;
  dlq?: boolean;
  queue?: DeadLetterQueue;
  message?: string;
};

export function register(program: Command): void {
  const replay = addReason(program.command('replay [id...]'))
    .description(
      'runs again what is missing, of the events named or of all that match: parked events whole, others their failed actions',
    )
    .option(
      '--status <list>',
      'failed (events and actions; the default), rejected, skipped, pending, …',
      anyOf('status', bulkStatuses),
    )
    .option('--reason <reason>', 'only with this reason')
    .option('--source <key>', 'of one source')
    .option('--type <event-type>', 'of one event type')
    .option('--user <id>', 'of one user')
    .option('--workflow <key>', 'with such an action of this workflow')
    .option(
      '--mapping <id>',
      'with such an action by this mapping; with --status no_mapping or processed: run this mapping, added later',
    )
    .option('--since <time>', 'received from this time on: 15m, 2h, 3d (ago) or ISO; required without ids', time)
    .option('--until <time>', 'received up to this time; now by default', time)
    .option('--dry-run', 'say what would be sent, and send nothing')
    .option(
      '--configuration <which>',
      'draft, or a version: what would happen under it instead; sends nothing',
      draftOrVersion,
    )
    .option('--force', 'run whole events as new ones by the live configuration; what was done is done again')
    .option('--again', 'with --force: also events that were forced before')
    .option('--rate <n>', 'at most so many events per second', rate)
    .option('--yes', 'do not ask; needed without a terminal')
    .option('--dlq', 'puts dead letters without a row through again, each removed only after it was handed over')
    .addOption(new Option('--queue <name>', 'with --dlq: one of the two; both by default').choices(deadLetterQueues))
    .action((ids: string[], _options, command: Command) => {
      const options = optionsOf<ReplayFlags>(command);
      if (options.configuration !== undefined) return lookCommand(ids, options, options.configuration);
      if (options.dlq || options.queue) return replayDeadLetters(ids, options);
      return ids.length > 0 ? replayNamed(ids, options) : replayMatching(options);
    });
  examples(
    replay,
    ['replay --status failed --since 2h --dry-run', 'what would run of all that failed in two hours'],
    ['replay --status failed --workflow order-completed --since 2h --rate 50', 'the failures of one workflow, slowly'],
    [
      'replay --status no_mapping --mapping cart-left --since 3d',
      'runs a mapping that was added later over past events',
    ],
    [
      'replay --status processed --type track/paid --since 1d --configuration draft',
      'what the draft would do with them',
    ],
    ['replay 01K… 01K…', 'by event id, message id, run id or action id'],
    ['replay 01K… --force', 'as a new event: after a mapping was added or corrected'],
    ['replay --dlq --dry-run', 'which dead letters have no row, and what would become of them'],
  );
}

type Options = ReturnType<typeof optionsOf<ReplayFlags>>;

async function replayMatching(options: Options): Promise<void> {
  const terminal = processTerminal();
  if (options.since === undefined)
    throw usageError(
      'a replay needs ids, or --since with a filter',
      'npx signalbox replay --status failed --since 2h --dry-run',
    );
  if (options.again && !options.force) throw usageError('--again goes with --force');
  const environment = await connect(options);
  const nowMs = Date.now();
  const request: BulkReplay = {
    filter: filterOf(options, { sinceMs: options.since, nowMs }),
    force: options.force === true,
    again: options.again === true,
    ...(options.rate !== undefined && { perSecond: options.rate }),
    ...(isRetro(options) && { retro: options.mapping }),
  };
  const { preview, events } = await previewReplay(environment, request, { nowMs });
  if (options.dryRun && options.json) return printJson(terminal, preview);
  printPreview(besideJson(terminal, options), preview, request);
  if (preview.matching === 0) await noteUnknownNames(terminal, environment, request.filter);
  if (options.dryRun) return;
  if (preview.would_replay === 0) {
    if (options.json) printJson(terminal, null);
    return;
  }
  const what = `replay up to ${plural(preview.matching, 'event')} in ${environment.name} (${environment.where})`;
  if (!options.yes) {
    if (!canAsk()) throw failure(`not asked: ${what}`, '--yes does it without a question');
    if (!(await confirm(`${what}${request.force ? ' as new events, repeating what was done' : ''}?`)))
      throw failure('nothing was sent');
  }
  const job = await startReplay(environment, request, events, {
    author: currentAuthor(),
    reason: options.message,
    nowMs: Date.now(),
  });
  await followJob(terminal, environment, job, options, (run) => carryOnReplay(environment, job.id, run));
}

const sending = ['force', 'again', 'rate', 'yes', 'message'] as const;

/** What would happen under a configuration that is not live. */
async function lookCommand(ids: string[], options: Options, configuration: 'draft' | number): Promise<void> {
  const terminal = processTerminal();
  const named = sending.find((name) => options[name] !== undefined);
  if (named !== undefined)
    throw usageError(
      `--configuration sends nothing, so --${named} has no meaning`,
      'a configuration runs once it is live: npx signalbox config commit, then replay',
    );
  if (ids.length === 0 && options.since === undefined)
    throw usageError('--configuration needs ids, or --since with a filter');
  if (ids.length > 0) checkNoFilter(options);
  const environment = await connect(options);
  const nowMs = Date.now();
  const { known } = await readSources(environment);
  const events =
    ids.length > 0
      ? await eventsOfIds(environment, ids, { known, force: false, nowMs })
      : await matchingEvents(environment, known, filterOf(options, { sinceMs: options.since ?? 0, nowMs }));
  const found = await lookUnder(environment, configuration, events, { nowMs });
  if (options.json) return printJson(terminal, found);
  printLook(terminal, found);
  terminal.note('nothing was sent: a configuration runs once it is live');
}

/** No action of such events can be by the mapping: it is to run now. */
function isRetro({ mapping, status }: Options): boolean {
  return mapping !== undefined && (status ?? ['failed']).every((one) => one === 'no_mapping' || one === 'processed');
}

function filterOf(options: Options, { sinceMs, nowMs }: { sinceMs: number; nowMs: number }): BulkFilter {
  const { status, source, type, user, reason, workflow, mapping, until } = options;
  if (until !== undefined && until <= sinceMs)
    throw usageError(`--until (${formatTime(until)}) is not after --since (${formatTime(sinceMs)})`);
  return {
    statuses: status ?? ['failed'],
    ...(source !== undefined && { source }),
    ...(type !== undefined && { type }),
    ...(user !== undefined && { user }),
    ...(reason !== undefined && { reason }),
    ...(workflow !== undefined && { workflow }),
    ...(mapping !== undefined && !isRetro(options) && { mapping }),
    sinceMs,
    untilMs: until ?? nowMs,
  };
}

const filterFlags = [
  'status',
  'reason',
  'source',
  'type',
  'user',
  'workflow',
  'mapping',
  'since',
  'until',
  'rate',
] as const;

function checkNoFilter(options: Options): void {
  const filter = filterFlags.find((name) => options[name] !== undefined);
  if (filter !== undefined)
    throw usageError(`--${filter} chooses events, and so do ids`, 'leave out the ids, or the filter');
}

async function replayNamed(ids: string[], options: Options): Promise<void> {
  const terminal = processTerminal();
  checkNoFilter(options);
  const environment = await connect(options);
  const { known } = await readSources(environment);
  terminal.note(`replaying in ${environment.name} (${environment.where})`);
  const asked = { known, force: options.force === true, again: options.again === true, nowMs: Date.now() };
  const unique = [...new Set(ids)];
  const rows = options.dryRun
    ? await previewIds(environment, unique, asked)
    : await replayIds(environment, unique, { ...asked, author: currentAuthor(), reason: options.message });
  const count = (outcome: ReplayRow['outcome']) => rows.filter((row) => row.outcome === outcome).length;
  if (options.json) printJson(terminal, rows);
  else {
    terminal.out(
      renderTable<ReplayRow>(
        [
          { title: 'ID', value: ({ id }) => id, whole: true },
          { title: 'OUTCOME', value: ({ outcome }) => outcome.replace('_', ' ') },
          { title: 'DETAIL', value: ({ detail }) => detail },
        ],
        rows,
        terminal,
      ),
    );
  }
  const done = options.dryRun ? `${count('would_replay')} would be replayed` : `${count('replayed')} replayed`;
  const others = (['skipped', 'unknown', 'failed'] as const).flatMap((outcome) =>
    count(outcome) > 0 ? [`${count(outcome)} ${outcome}`] : [],
  );
  terminal.note([done, ...others].join(', '));
  if (count('failed') > 0) process.exitCode = 1;
  else if (count('unknown') > 0) process.exitCode = 3;
}
