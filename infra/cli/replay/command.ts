import type { Command } from 'commander';
import { type ReplayRow, replayIds } from '../../../shared/operations/replay/replay-ids.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';

type ReplayFlags = { dryRun?: boolean; force?: boolean };

export function register(program: Command): void {
  const replay = program
    .command('replay <id...>')
    .description(
      'runs again what is missing of events: parked ones whole, others their failed actions; nothing that was done is repeated',
    )
    .option('--dry-run', 'say what would be sent, and send nothing')
    .option('--force', 'run whole events as new ones by the live configuration; what was done is done again')
    .action((ids: string[], _options, command: Command) => replayCommand(ids, optionsOf<ReplayFlags>(command)));
  examples(
    replay,
    ['replay 01K… --dry-run', 'what would happen'],
    ['replay 01K… 01K…', 'by event id, message id, run id or action id'],
    ['replay 01K… --force', 'as a new event: after a mapping was added or corrected'],
    [
      'replay $(npx signalbox events --status failed --all --json | jq -r .[].id)',
      'everything that failed in the last days',
    ],
  );
}

async function replayCommand(ids: string[], options: ReturnType<typeof optionsOf<ReplayFlags>>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const { known } = await readSources(environment);
  terminal.note(`replaying in ${environment.name} (${environment.where})`);
  const rows = await replayIds(environment, [...new Set(ids)], {
    known,
    dryRun: options.dryRun === true,
    force: options.force === true,
    nowMs: Date.now(),
  });
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
