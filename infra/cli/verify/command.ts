import type { Command } from 'commander';
import { on } from '../../../shared/operations/doctor/finding.ts';
import { usageError } from '../../../shared/operations/refusal.ts';
import { pickSources, readSources } from '../../../shared/operations/sources/known-sources.ts';
import { makeAcceptedCounts } from '../../../shared/operations/verify/accepted-counts.ts';
import { verifyEvents } from '../../../shared/operations/verify/verify-events.ts';
import { metricsDelayMs, verifyRange } from '../../../shared/operations/verify/verify-range.ts';
import { verifyRow } from '../../../shared/operations/verify/verify-row.ts';
import { waitUntilIdle } from '../../../shared/operations/verify/wait-until-idle.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { formatTime, parseTime } from '../../../shared/operations/words/times.ts';
import { examples, optionsOf, positiveInteger, time } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { checkCommand, statementCommand } from './statement.ts';
import { printVerification } from './table.ts';

type VerifyCommandOptions = {
  since?: number;
  until?: number;
  day?: string;
  source?: string;
  wait?: number;
  all?: boolean;
  statement?: boolean;
  output?: string;
  check?: string;
};

export function register(program: Command): void {
  const verify = program
    .command('verify')
    .description('whether every event that was accepted has a row that says what became of it, or still waits')
    .option('--since <time>', 'from this time on: 15m, 2h, 3d (ago) or ISO; whole minutes; 1 hour by default', time)
    .option('--until <time>', 'up to this time; now by default, on AWS three minutes ago', time)
    .option('--day <date>', 'one day of UTC instead: 2026-11-28, or yesterday')
    .option('--source <key>', 'of one source')
    .option('--wait <seconds>', 'first wait until the queues are empty, at most so long', positiveInteger)
    .option('--all', 'all ids, not the first ten of each list')
    .option('--statement', 'a dated statement of completeness with a hash, of yesterday unless a time is named')
    .option('--output <file>', 'writes the statement into FILE.json and FILE.txt')
    .option('--check <file>', 'whether a statement is as it was made, and whether the counts still say the same')
    .action((_options, command: Command) => verifyCommand(optionsOf<VerifyCommandOptions>(command)));
  examples(
    verify,
    ['verify', 'the last hour, source by source'],
    ['verify --since 1d', 'the last day'],
    ['verify --since 2026-11-21 --until 2026-11-22', 'one day'],
    ['verify --statement --day 2026-11-28 --output completeness-2026-11-28', 'for an auditor'],
    ['verify --statement --check completeness-2026-11-28.json', 'is it as it was made?'],
    ['verify --since 10m --wait 120 --json', 'after a test, for a program'],
  );
  verify.addHelpText(
    'after',
    '\nExit code 0: what ingest counted as accepted = rows by final state + what the queues still hold. 1: it is not.',
  );
}

async function verifyCommand(options: ReturnType<typeof optionsOf<VerifyCommandOptions>>): Promise<void> {
  const terminal = processTerminal();
  checkOptions(options);
  const environment = await connect(options);
  if (options.check !== undefined) return checkCommand(terminal, environment, options.check, options);
  const nowMs = Date.now();
  const range = verifyRange(rangeAsked(options, nowMs), {
    nowMs,
    local: environment.local,
    retentionDays: environment.outputs.LogRetentionDays,
    isOver: options.statement === true,
  });
  if (isOfLastHour(options))
    terminal.note('no time was named, so this is the last hour; --since 1d or --day yesterday names another one');
  if (!environment.local && range.untilMs > Date.now() - metricsDelayMs)
    terminal.note('counts of the last three minutes may still be on their way to CloudWatch');
  if (options.wait !== undefined && !(await waitUntilIdle(environment, options.wait * 1000)))
    terminal.note(
      `the queues are not known to be empty after ${plural(options.wait, 'second')}${environment.local ? '' : '; SQS counts up to a minute late, so it takes a minute of zeros'}`,
    );
  if (options.statement) return statementCommand(terminal, environment, range, options);
  const known = pickSources((await readSources(environment)).known, options.source);
  const metrics = await environment.metrics();
  const verification = await verifyEvents(environment, makeAcceptedCounts(metrics, environment.name), {
    known,
    range,
    all: options.source === undefined,
  });
  const row = verifyRow(verification);
  if (options.json) printJson(terminal, row);
  else printVerification(terminal, row, { all: options.all === true, on: on(environment) });
  if (verification.cutAtMs !== undefined)
    terminal.note(`events kept coming in, so only what came before ${formatTime(verification.cutAtMs)} was compared`);
  if (!verification.balanced) process.exitCode = 1;
}

const isOfLastHour = ({ since, day, statement }: VerifyCommandOptions) =>
  since === undefined && day === undefined && !statement;

function checkOptions({ since, until, day, statement, output, check }: VerifyCommandOptions): void {
  if (check !== undefined && !statement)
    throw usageError('--check is for statements', 'verify --statement --check FILE');
  if (check !== undefined && (since ?? until ?? day ?? output) !== undefined)
    throw usageError('--check takes its window from the statement', 'leave --since, --until, --day and --output out');
  if (output !== undefined && !statement)
    throw usageError('--output is for statements', 'verify --statement --output FILE');
  if (day !== undefined && (since ?? until) !== undefined)
    throw usageError('--day and --since name two windows', 'name one of them');
  if (since === undefined && until !== undefined) throw usageError('--until needs --since', 'name both, or --day');
}

const hourMs = 3_600_000;
const dayMs = 86_400_000;

function rangeAsked(options: VerifyCommandOptions, nowMs: number): { since: number; until?: number } {
  const { since, until, day } = options;
  if (since !== undefined) return { since, ...(until !== undefined && { until }) };
  if (isOfLastHour(options)) return { since: nowMs - hourMs };
  const today = Math.floor(nowMs / dayMs) * dayMs;
  const start = day === undefined || day === 'yesterday' ? today - dayMs : parseTime(day, nowMs);
  if (start % dayMs !== 0) throw usageError(`"${day}" is not a day`, '2026-11-28, or yesterday');
  // A day that is not over is compared as far as it went.
  return start + dayMs > nowMs ? { since: start } : { since: start, until: start + dayMs };
}
