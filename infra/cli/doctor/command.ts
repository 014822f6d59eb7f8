import type { Command } from 'commander';
import { diagnose } from '../../../shared/operations/doctor/diagnose.ts';
import { usageError } from '../../../shared/operations/refusal.ts';
import { examples, optionsOf, time } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { printDiagnosis } from './page.ts';

type DoctorOptions = { since?: number };

export function register(program: Command): void {
  const doctor = program
    .command('doctor')
    .description('what is wrong in an environment, since when, and the command that comes next')
    .option('--since <time>', 'looks back so far: 15m, 2h, 1d (ago) or ISO; 1 hour by default', time)
    .action((_options, command: Command) => doctorCommand(optionsOf<DoctorOptions>(command)));
  examples(
    doctor,
    ['doctor', 'the last hour'],
    ['doctor -e production --since 15m', 'is it over?'],
    ['doctor --json', 'for a program: { ok, findings, stages, sources, … }'],
  );
  doctor.addHelpText('after', '\nExit code 0: nothing is wrong (there may be notes). 1: there are findings.');
}

const dayMs = 86_400_000;

async function doctorCommand(options: ReturnType<typeof optionsOf<DoctorOptions>>): Promise<void> {
  const terminal = processTerminal();
  const untilMs = Date.now();
  const sinceMs = options.since ?? untilMs - 3_600_000;
  if (sinceMs >= untilMs)
    throw usageError('--since is in the future', 'write 15m, 2h, 1d (ago) or a time that has passed');
  // CloudWatch keeps minutes for 15 days, and counts are read by the minute.
  if (untilMs - sinceMs > dayMs)
    throw usageError(
      '--since is more than a day ago',
      'the doctor looks at the present; events --status failed --since 3d looks further back',
    );
  const environment = await connect(options);
  const diagnosis = await diagnose(environment, { sinceMs, untilMs });
  if (options.json) printJson(terminal, diagnosis);
  else printDiagnosis(terminal, diagnosis, { where: environment.where, nowMs: untilMs });
  if (!diagnosis.ok) process.exitCode = 1;
}
