import type { Command } from 'commander';
import { on } from '../../../shared/operations/doctor/finding.ts';
import { pickSources, readSources } from '../../../shared/operations/sources/known-sources.ts';
import { makeAcceptedCounts } from '../../../shared/operations/verify/accepted-counts.ts';
import { verifyEvents } from '../../../shared/operations/verify/verify-events.ts';
import { metricsDelayMs, verifyRange } from '../../../shared/operations/verify/verify-range.ts';
import { verifyRow } from '../../../shared/operations/verify/verify-row.ts';
import { waitUntilIdle } from '../../../shared/operations/verify/wait-until-idle.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';
import { examples, optionsOf, positiveInteger, time } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { printVerification } from './table.ts';

type VerifyCommandOptions = { since: number; until?: number; source?: string; wait?: number; all?: boolean };

export function register(program: Command): void {
  const verify = program
    .command('verify')
    .description('whether every event that was accepted has a row that says what became of it, or still waits')
    .requiredOption('--since <time>', 'from this time on: 15m, 2h, 3d (ago) or ISO; whole minutes are compared', time)
    .option('--until <time>', 'up to this time; now by default, on AWS three minutes ago', time)
    .option('--source <key>', 'of one source')
    .option('--wait <seconds>', 'first wait until the queues are empty, at most so long', positiveInteger)
    .option('--all', 'all ids, not the first ten of each list')
    .action((_options, command: Command) => verifyCommand(optionsOf<VerifyCommandOptions>(command)));
  examples(
    verify,
    ['verify --since 1h', 'the last hour, source by source'],
    ['verify --since 2026-11-21 --until 2026-11-22', 'one day'],
    ['verify --since 10m --wait 120 --json', 'after a test, for a program'],
  );
  verify.addHelpText(
    'after',
    '\nExit code 0: what ingest counted as accepted = rows by final state + what the queues still hold. 1: it is not.',
  );
}

async function verifyCommand(options: ReturnType<typeof optionsOf<VerifyCommandOptions>>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const range = verifyRange(options, {
    nowMs: Date.now(),
    local: environment.local,
    retentionDays: environment.outputs.LogRetentionDays,
  });
  const known = pickSources((await readSources(environment)).known, options.source);
  if (!environment.local && range.untilMs > Date.now() - metricsDelayMs)
    terminal.note('counts of the last three minutes may still be on their way to CloudWatch');
  if (options.wait !== undefined && !(await waitUntilIdle(environment, options.wait * 1000)))
    terminal.note(
      `the queues are not known to be empty after ${plural(options.wait, 'second')}${environment.local ? '' : '; SQS counts up to a minute late, so it takes a minute of zeros'}`,
    );
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
