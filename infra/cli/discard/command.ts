import { type Command, Option } from 'commander';
import { actionReasons } from '../../../shared/core/logs/action-log-entry.ts';
import { EventReason } from '../../../shared/core/logs/event-log-entry.ts';
import {
  carryOnDiscard,
  type DiscardPreview,
  DiscardReason,
  type DiscardRow,
  discardIds,
  previewDiscard,
  startDiscard,
} from '../../../shared/operations/discard/discard.ts';
import { type DiscardFilter, discardableStatuses, namedMax } from '../../../shared/operations/discard/targets.ts';
import { failure, usageError } from '../../../shared/operations/refusal.ts';
import type { BulkFilter } from '../../../shared/operations/replay/bulk-filter.ts';
import { formatCount, plural, printable } from '../../../shared/operations/words/text.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';
import { currentAuthor } from '../../author.ts';
import { anyOf, examples, optionsOf, rate, time } from '../command.ts';
import { connect } from '../environment.ts';
import { followJob } from '../jobs/follow.ts';
import { noteUnknownNames } from '../replay/no-match.ts';
import { canAsk, confirm } from '../terminal/confirm.ts';
import { renderTable } from '../terminal/table.ts';
import { besideJson, printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';

type FilterFlags = {
  status?: DiscardFilter['filter']['statuses'];
  source?: string;
  type?: string;
  user?: string;
  workflow?: string;
  mapping?: string;
  since?: number;
  until?: number;
  rate?: number;
};
type DiscardFlags = FilterFlags & WhyFlags & { dryRun?: boolean; yes?: boolean };
type Options = ReturnType<typeof optionsOf<DiscardFlags>>;

export function register(program: Command): void {
  const discard = program
    .command('discard [id...]')
    .description(
      'closes failures that need no repair, of the events named or of all that match: kept, and not counted as failed any more',
    )
    .option('-m, --message <text>', 'why, in your words: kept in each row; required, but for a dry run')
    .option(
      '--status <list>',
      'failed (events and actions; the default), rejected, held, skipped',
      anyOf('status of what can be discarded', discardableStatuses),
    )
    .option('--reason <reason>', 'only what failed for this reason: target_refused, retries_exhausted, …')
    .addOption(new Option('--with-reason <reason>', 'the same as --reason').argParser(oneReason).hideHelp())
    .option('--source <key>', 'of one source')
    .option('--type <event-type>', 'of one event type')
    .option('--user <id>', 'of one user')
    .option('--workflow <key>', 'only such actions of this workflow')
    .option('--mapping <id>', 'only such actions by this mapping')
    .option('--since <time>', 'received from this time on: 15m, 2h, 3d (ago) or ISO; required without ids', time)
    .option('--until <time>', 'received up to this time; now by default', time)
    .option('--dry-run', 'say what would be closed, and change nothing')
    .option('--rate <n>', 'at most so many events per second', rate)
    .option('--yes', 'do not ask; needed without a terminal')
    .action((ids: string[], _options, command: Command) => {
      const options = optionsOf<DiscardFlags>(command);
      const asked = askedOf(options, ids);
      const message = checkedMessage(asked.message, options);
      return ids.length > 0 ? discardNamed(ids, message, options) : discardMatching(message, options, asked.ofReason);
    });
  examples(
    discard,
    ['discard 01K… -m "test order"', 'by event id, message id, run id or action id'],
    ['discard --workflow old-welcome --since 2d --dry-run', 'what would be closed of the failures of one workflow'],
    [
      'discard --reason target_refused --since 2h -m "sent by a test" --yes',
      'what a target refused, without a question',
    ],
    ['discard --status rejected --source stripe --since 1d -m "sent by a test"', 'rejected events of a source'],
    ['replay 01K…', 'takes it back, and runs what is missing'],
  );
}

const reasons = [...EventReason.options, ...actionReasons];
const oneOf = anyOf('reason of an event or an action', reasons);

function oneReason(text: string): BulkFilter['reason'] {
  const [first, second] = oneOf(text);
  if (second !== undefined) throw usageError('--reason takes one reason', 'discard once for each');
  return first;
}

type WhyFlags = { message?: string; reason?: string; withReason?: BulkFilter['reason'] };
type Asked = { message?: string | undefined; ofReason?: BulkFilter['reason'] };
type Chosen = FilterFlags & { since: number; ofReason: BulkFilter['reason'] };

/**
 * Why it is closed, and the reason that chooses. `--reason TEXT` said why before `--message` did, and
 * still does where it can mean nothing else.
 */
function askedOf({ message, reason, withReason }: WhyFlags, ids: readonly string[]): Asked {
  if (withReason !== undefined) return { message: message ?? reason, ofReason: withReason };
  if (reason === undefined) return { message };
  if (message === undefined && (ids.length > 0 || !looksLikeReason(reason))) return { message: reason };
  return { message, ofReason: oneReason(reason) };
}

/** A mistyped one must not be taken for words: then all failures would be chosen. */
const looksLikeReason = (text: string) => /^[a-z]+(_[a-z]+)+$/.test(text) || reasons.some((reason) => reason === text);

function checkedMessage(message: string | undefined, { dryRun }: Options): string {
  if (dryRun && message === undefined) return '';
  const parsed = DiscardReason.safeParse(message ?? '');
  if (parsed.success) return parsed.data;
  throw usageError(`--message ${parsed.error.issues[0]?.message}`, 'npx signalbox discard 01K… -m "test order"');
}

async function discardMatching(reason: string, options: Options, ofReason: BulkFilter['reason']): Promise<void> {
  const terminal = processTerminal();
  if (options.since === undefined)
    throw usageError(
      'a discard needs ids, or --since with a filter',
      'npx signalbox discard --status failed --since 2h --dry-run',
    );
  const environment = await connect(options);
  const nowMs = Date.now();
  const request = requestOf({ ...options, since: options.since, ofReason }, nowMs);
  const { preview } = await previewDiscard(environment, request, { nowMs });
  if (options.dryRun && options.json) return printJson(terminal, preview);
  printPreview(besideJson(terminal, options), preview, request);
  if (preview.matching === 0) await noteUnknownNames(terminal, environment, request.filter);
  if (options.dryRun) return;
  if (preview.would_discard === 0) {
    if (options.json) printJson(terminal, null);
    return;
  }
  const what = `discard failures of up to ${plural(preview.matching, 'event')} in ${environment.name} (${environment.where})`;
  if (!options.yes) {
    if (!canAsk()) throw failure(`not asked: ${what}`, '--yes does it without a question');
    if (!(await confirm(`${what}?`))) throw failure('nothing was discarded');
  }
  const total = preview.matching;
  const job = await startDiscard(environment, request, { total, author: currentAuthor(), reason, nowMs });
  await followJob(terminal, environment, job, options, (run) => carryOnDiscard(environment, job.id, run));
}

function requestOf(chosen: Chosen, nowMs: number): DiscardFilter {
  const { status, source, type, user, ofReason, workflow, mapping, since: sinceMs, until, rate } = chosen;
  if (until !== undefined && until <= sinceMs)
    throw usageError(`--until (${formatTime(until)}) is not after --since (${formatTime(sinceMs)})`);
  return {
    filter: {
      statuses: status ?? ['failed'],
      ...(source !== undefined && { source }),
      ...(type !== undefined && { type }),
      ...(user !== undefined && { user }),
      ...(ofReason !== undefined && { reason: ofReason }),
      ...(workflow !== undefined && { workflow }),
      ...(mapping !== undefined && { mapping }),
      sinceMs,
      untilMs: until ?? nowMs,
    },
    ...(rate !== undefined && { perSecond: rate }),
  };
}

function printPreview(terminal: Terminal, preview: DiscardPreview, { filter }: DiscardFilter): void {
  const { matching, looked_at, would_discard, skipped, sample } = preview;
  terminal.out(
    `${plural(matching, 'event')} match from ${formatTime(filter.sinceMs)} to ${formatTime(filter.untilMs)}`,
  );
  if (looked_at < matching) terminal.out(`the oldest ${formatCount(looked_at)} were looked at:`);
  if (looked_at === 0) return;
  terminal.out(`${formatCount(would_discard)} would be closed`);
  for (const { detail, count, example } of skipped)
    terminal.out(`${formatCount(count)} would not: each ${printable(detail)} (${example})`);
  if (sample.length === 0) return;
  terminal.out('');
  const columns = [
    { title: 'FOR EXAMPLE', value: ({ event_id }: (typeof sample)[number]) => event_id, whole: true },
    { title: 'DETAIL', value: ({ detail }: (typeof sample)[number]) => detail },
  ];
  terminal.out(renderTable(columns, sample, terminal));
}

const filterFlags = ['status', 'source', 'type', 'user', 'workflow', 'mapping', 'since', 'until', 'rate'] as const;

async function discardNamed(ids: string[], reason: string, options: Options): Promise<void> {
  const terminal = processTerminal();
  const chooses = options.message === undefined ? undefined : (options.reason ?? options.withReason);
  const filter = chooses === undefined ? filterFlags.find((name) => options[name] !== undefined) : 'reason';
  if (filter !== undefined)
    throw usageError(`--${filter} chooses events, and so do ids`, 'leave out the ids, or the filter');
  const unique = [...new Set(ids)];
  if (unique.length > namedMax)
    throw usageError(
      `${formatCount(unique.length)} ids are named; at most ${formatCount(namedMax)} can be`,
      'a filter takes any number',
    );
  const environment = await connect(options);
  terminal.note(`discarding in ${environment.name} (${environment.where})`);
  const dryRun = options.dryRun === true;
  const rows = await discardIds(environment, unique, { dryRun, author: currentAuthor(), reason, nowMs: Date.now() });
  if (options.json) printJson(terminal, rows);
  else
    terminal.out(
      renderTable<DiscardRow>(
        [
          { title: 'ID', value: ({ id }) => id, whole: true },
          { title: 'OUTCOME', value: ({ outcome }) => outcome.replace('_', ' ') },
          { title: 'DETAIL', value: ({ detail }) => detail },
        ],
        rows,
        terminal,
      ),
    );
  const count = (outcome: DiscardRow['outcome']) => rows.filter((row) => row.outcome === outcome).length;
  const done = dryRun ? `${count('would_discard')} would be discarded` : `${count('discarded')} discarded`;
  const others = (['skipped', 'unknown'] as const).flatMap((outcome) =>
    count(outcome) > 0 ? [`${count(outcome)} ${outcome}`] : [],
  );
  terminal.note([done, ...others].join(', '));
  if (count('unknown') > 0) process.exitCode = 3;
  else if (count('skipped') === rows.length) process.exitCode = 1;
}
