import type { Command } from 'commander';
import { switchWorkflow } from '../../../shared/operations/settings/switches.ts';
import { addReason, examples, type GlobalOptions, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { askedNow, unknownName } from '../settings/asked.ts';
import { printSwitched } from '../settings/switched.ts';
import { processTerminal } from '../terminal/terminal.ts';

export function register(program: Command): void {
  const workflow = program
    .command('workflow')
    .description('pause or resume a workflow in one environment, without a deploy');
  const pause = addReason(workflow.command('pause <key>'))
    .description('start no more runs, and cancel those that wait for their delay; actions fail as workflow_inactive')
    .action((key: string, _options, self: Command) => switchCommand(key, false, optionsOf(self)));
  examples(
    pause,
    ['workflow pause order-completed', 'in development'],
    ['workflow pause order-completed -e production -m "template is wrong"', 'with a reason'],
  );
  const resume = addReason(workflow.command('resume <key>'))
    .description('start runs again; what failed meanwhile is started by a replay')
    .action((key: string, _options, self: Command) => switchCommand(key, true, optionsOf(self)));
  examples(resume, ['workflow resume order-completed', 'in development']);
}

async function switchCommand(
  workflow: string,
  active: boolean,
  options: GlobalOptions & { message?: string },
): Promise<void> {
  const terminal = processTerminal();
  const { configuration, name } = await connect(options);
  const switched = await switchWorkflow(configuration, { workflow, active, ...askedNow(options) });
  if (switched.kind === 'unknown') throw unknownName(switched, name);
  printSwitched(terminal, options, switched, {
    environment: name,
    what: `workflow ${workflow}`,
    state: active ? 'active' : 'paused',
    row: { workflow, active },
  });
  if (active && switched.kind === 'changed')
    terminal.note('What failed meanwhile: npx signalbox actions --status failed, then npx signalbox replay ID…');
}
