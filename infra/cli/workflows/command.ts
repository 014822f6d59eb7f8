import type { Command } from 'commander';
import { heldText } from '../../../shared/operations/holds/held-triggers.ts';
import { holdWorkflow } from '../../../shared/operations/holds/hold-workflow.ts';
import { carryOnRelease, resumeWorkflow } from '../../../shared/operations/holds/release-workflow.ts';
import { failure } from '../../../shared/operations/refusal.ts';
import { switchWorkflow } from '../../../shared/operations/settings/switches.ts';
import { unknownName } from '../../../shared/operations/settings/unknown-name.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { formatAgo, formatWhen } from '../../../shared/operations/words/times.ts';
import type { WorkflowRow } from '../../../shared/operations/workflows/workflow-row.ts';
import { workflowRows } from '../../../shared/operations/workflows/workflow-rows.ts';
import { addReason, defaultList, examples, type GlobalOptions, optionsOf, rate } from '../command.ts';
import { connect } from '../environment.ts';
import { followJob } from '../jobs/follow.ts';
import { askedNow } from '../settings/asked.ts';
import { printSwitched } from '../settings/switched.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { registerRun } from './run.ts';

type Options<Flags = object> = GlobalOptions & { message?: string } & Flags;

export function register(program: Command): void {
  const workflow = program
    .command('workflow')
    .description('workflows of one environment: target, state, what waits; pause, resume or try one, without a deploy');
  const list = defaultList(workflow)
    .description('every workflow: where its runs go here, whether it is paused, what it holds')
    .action((_options, self: Command) => listCommand(optionsOf(self)));
  examples(list, ['workflow', 'of this environment'], ['workflow list -e production --json', 'for scripts']);
  const pause = addReason(workflow.command('pause <key>'))
    .description('hold its runs: they are written and wait until it is resumed')
    .option('--drop', 'start no runs and keep none: actions fail as workflow_inactive, delayed runs are cancelled')
    .action((key: string, _options, self: Command) => pauseCommand(key, optionsOf(self)));
  examples(
    pause,
    ['workflow pause order-completed -m "target is down"', 'hold its runs, with a reason'],
    ['workflow pause order-completed -e production', 'in production'],
    ['workflow pause order-completed --drop', 'its runs are not wanted, also later'],
  );
  const resume = addReason(workflow.command('resume <key>'))
    .description('release the runs that are held, oldest event first, and start runs again')
    .option('--rate <n>', 'at most so many held runs per second: 5, or 5/s', rate)
    .action((key: string, _options, self: Command) => resumeCommand(key, optionsOf(self)));
  examples(
    resume,
    ['workflow resume order-completed', 'as fast as its target takes them'],
    ['workflow resume order-completed --rate 5/s -e production', 'slowly; Ctrl-C leaves it, jobs resume goes on'],
  );
  registerRun(workflow);
}

async function listCommand(options: GlobalOptions): Promise<void> {
  const terminal = processTerminal();
  const rows = await workflowRows(await connect(options));
  if (options.json) return printJson(terminal, rows);
  if (rows.length === 0) return terminal.note('no workflow is live yet: npx signalbox config push --commit');
  const nowMs = Date.now();
  const { colours } = terminal;
  terminal.out(
    renderTable<WorkflowRow>(
      [
        { title: 'WORKFLOW', value: ({ key }) => key, paint: colours.bold },
        {
          title: 'STATE',
          value: ({ state }) => state,
          paint: (text, { state }) => (state === 'active' ? colours.green(text) : colours.yellow(text)),
        },
        { title: 'TARGET', value: ({ target }) => target ?? 'none here' },
        { title: 'HELD RUNS', value: heldCell, align: 'right' },
        {
          title: 'SINCE',
          value: ({ hold }) => (hold === null ? '-' : `${formatAgo(Date.parse(hold.since), nowMs)} by ${hold.by}`),
        },
        {
          title: 'BREAKER',
          value: ({ breaker }) =>
            breaker === null
              ? 'closed'
              : `open since ${formatAgo(Date.parse(breaker.since), nowMs)}: ${breaker.detail}`,
          paint: (text, { breaker }) => (breaker === null ? colours.dim(text) : colours.yellow(text)),
        },
      ],
      rows,
      terminal,
    ),
  );
}

function heldCell({ held }: WorkflowRow): string {
  if (held === null) return '-';
  return `${held.runs.toLocaleString('en-US')}${held.is_more ? ' or more' : ''}`;
}

async function pauseCommand(workflow: string, options: Options<{ drop?: boolean }>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const { configuration, name } = environment;
  const about = { environment: name, what: `workflow ${workflow}`, state: 'paused' };
  if (options.drop) {
    const switched = await switchWorkflow(configuration, { workflow, active: false, ...askedNow(options) });
    if (switched.kind === 'unknown') throw unknownName(switched, name);
    printSwitched(terminal, options, switched, { ...about, row: { workflow, active: false, drop: true } });
    return;
  }
  const held = await holdWorkflow(environment, { workflow, ...askedNow(options) });
  if (held.kind === 'unknown') throw unknownName(held, name);
  const row = { workflow, active: false, drop: false, since: held.hold.since, held: held.held.runs };
  printSwitched(terminal, options, held, { ...about, row });
  if (held.stoppedJob !== undefined) terminal.note(`the release was stopped: job ${held.stoppedJob}`);
  const { oldest } = held.held;
  const nowMs = Date.now();
  const days = environment.outputs.LogRetentionDays;
  terminal.note(
    oldest === undefined
      ? `its runs are held from now on, ${plural(days, 'day')} at most: then their rows age out`
      : `${heldText(held.held)} ${held.held.runs === 1 ? 'is' : 'are'} held; the oldest ages out ${formatWhen(oldest.expiresAtMs, nowMs)}`,
  );
  terminal.note(
    `release them with: npx signalbox workflow resume ${workflow}${name === 'development' ? '' : ` -e ${name}`}`,
  );
}

async function resumeCommand(workflow: string, options: Options<{ rate?: number }>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const { name } = environment;
  const resumed = await resumeWorkflow(environment, { workflow, perSecond: options.rate, ...askedNow(options) });
  switch (resumed.kind) {
    case 'unknown':
      throw unknownName(resumed, name);
    case 'running':
      throw failure(
        `the runs of workflow ${workflow} are being released already, by ${resumed.job.author}: job ${resumed.job.id}`,
        `npx signalbox jobs show ${resumed.job.id}`,
        `if its process is dead, npx signalbox jobs resume ${resumed.job.id} goes on`,
      );
    case 'releasing': {
      const { job } = resumed;
      await followJob(terminal, environment, job, options, (how) => carryOnRelease(environment, job.id, how));
      return;
    }
    default: {
      const row = { workflow, active: true };
      printSwitched(terminal, options, resumed, {
        environment: name,
        what: `workflow ${workflow}`,
        state: 'active',
        row,
      });
      if (resumed.kind === 'changed')
        terminal.note('What failed meanwhile: npx signalbox actions --status failed, then npx signalbox replay ID…');
    }
  }
}
