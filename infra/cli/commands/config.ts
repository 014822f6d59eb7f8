import type { Command } from 'commander';
import {
  ConfigurationConflict,
  readCurrent,
  readHistory,
  readLive,
} from '../../../shared/adapters/dynamodb-configuration.ts';
import { sourceState } from '../../../shared/core/configuration/prepared.ts';
import type { LiveConfiguration } from '../../../shared/ports/configuration.ts';
import { examples, type GlobalOptions, optionsOf } from '../command.ts';
import { currentAuthor, pushAndCommit } from '../configuration.ts';
import {
  type ConfigurationFiles,
  type ConfigurationProblem,
  problemText,
  readConfigurationFiles,
  shippedDirectory,
} from '../configuration-files.ts';
import { connect } from '../environment.ts';
import { failure, usageError } from '../errors.ts';
import { renderTable } from '../output/table.ts';
import { printJson, processTerminal, type Terminal } from '../output/terminal.ts';
import { plural } from '../output/text.ts';
import { formatWhen } from '../output/times.ts';

export function register(program: Command): void {
  const config = program
    .command('config')
    .description('the configuration: check files, make them live, show what is live');
  const directory = ['--dir <path>', 'folder of the configuration files', shippedDirectory] as const;

  const validate = config
    .command('validate')
    .description('check every configuration file; exit code 1 when one has an error')
    .option(...directory)
    .action((_options, command: Command) => validateCommand(optionsOf(command)));
  examples(
    validate,
    ['config validate', 'file:line:column for every problem'],
    ['config validate --json', 'for editors and CI'],
  );

  const push = config
    .command('push')
    .description('check the files and make their content live in the environment')
    .option(...directory)
    .option('--commit', 'make it live; needed, since there is nothing else a push could do')
    .option('-m, --message <text>', 'what the change is for', 'config push')
    .action((_options, command: Command) => pushCommand(optionsOf(command)));
  examples(
    push,
    ['config push --commit', 'what changed, live within 30 s'],
    ['config push --commit -e production -m "Trigger on refunds"', 'elsewhere, with a reason'],
  );

  const show = config
    .command('show')
    .description('what is live: version, who made it, every mapping and whether it is active')
    .action((_options, command: Command) => showCommand(optionsOf(command)));
  examples(
    show,
    ['config show', 'the environment at a glance'],
    ['config show --json', 'all of it, as the functions see it'],
  );
}

type DirectoryOption = GlobalOptions & { dir: string };

function validateCommand(options: DirectoryOption): void {
  const terminal = processTerminal();
  const files = readConfigurationFiles(options.dir);
  const errors = files.problems.filter(({ severity }) => severity === 'error');
  if (options.json) printJson(terminal, files.problems);
  else printProblems(terminal, files.problems);
  if (errors.length > 0) process.exitCode = 1;
  else if (!options.json) terminal.out(`${summary(files)}: no errors`);
}

function summary({ snapshot }: ConfigurationFiles): string {
  const sources = Object.values(snapshot.sources);
  const mappings = sources.reduce((count, source) => count + source.mappings.length, 0);
  return `${plural(sources.length, 'source')}, ${plural(mappings, 'mapping')}, ${plural(Object.keys(snapshot.workflows).length, 'workflow')}`;
}

function printProblems({ out, colours }: Terminal, problems: ConfigurationProblem[]): void {
  for (const problem of problems)
    out((problem.severity === 'error' ? colours.red : colours.yellow)(problemText(problem)));
}

async function pushCommand(options: DirectoryOption & { commit?: boolean; message: string }): Promise<void> {
  const terminal = processTerminal();
  if (!options.commit)
    throw usageError('a push makes the files live; say so with --commit', 'npx signalbox config push --commit');
  const files = readConfigurationFiles(options.dir);
  const errors = files.problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    for (const problem of files.problems) terminal.note(problemText(problem));
    throw failure(`${plural(errors.length, 'error')} in the configuration; nothing was pushed`);
  }
  const environment = await connect(options);
  const result = await pushAndCommit(environment.configuration, {
    snapshot: files.snapshot,
    seed: files.environments[environment.name],
    author: currentAuthor(),
    message: options.message,
    nowMs: Date.now(),
  }).catch((error) => {
    throw error instanceof ConfigurationConflict ? failure(error.message, 'npx signalbox config show') : error;
  });
  if (options.json) return printJson(terminal, { environment: environment.name, ...result });
  if (!result.changed) return terminal.out(`${environment.name} has this content already (version ${result.version})`);
  terminal.out(`${environment.name} is at version ${result.version}: ${summary(files)}. Live within 30 s.`);
  for (const source of result.newSources)
    terminal.out(`new source ${source}: npx signalbox sources ${source} shows its URL`);
}

async function showCommand(options: GlobalOptions): Promise<void> {
  const terminal = processTerminal();
  const { configuration: table, name } = await connect(options);
  const [live, { head }] = await Promise.all([readLive(table), readCurrent(table)]);
  const made = head === undefined ? undefined : await readHistory(table, live.version);
  if (options.json) {
    return printJson(terminal, {
      environment: name,
      version: live.version,
      author: made?.author ?? null,
      message: made?.message ?? null,
      created_at: made ? new Date(made.createdAtMs).toISOString() : null,
      ...live.snapshot,
      state: live.state,
    });
  }
  if (made === undefined)
    return terminal.out(`nothing was committed to ${name} yet: npx signalbox config push --commit`);
  terminal.out(
    `${name} version ${live.version}, ${formatWhen(made.createdAtMs, Date.now())}, by ${made.author}: ${made.message}\n`,
  );
  printMappings(terminal, live);
  printWorkflows(terminal, live, name);
}

type MappingLine = { source: string; id: string; event: string; action: string; active: string };

function printMappings(terminal: Terminal, live: LiveConfiguration): void {
  const lines = Object.entries(live.snapshot.sources).flatMap(([source, { mappings }]) => {
    const { inactive_mappings: inactive, enabled, identify } = sourceState(live, source);
    return mappings.map(({ id, event, action }): MappingLine => {
      const off = !enabled
        ? 'source is off'
        : event === 'identify' && !identify
          ? 'identify is off'
          : inactive.includes(id)
            ? 'no'
            : undefined;
      return { source, id, event, action, active: off ?? 'yes' };
    });
  });
  terminal.out(
    renderTable<MappingLine>(
      [
        { title: 'SOURCE', value: ({ source }) => source },
        { title: 'MAPPING', value: ({ id }) => id, whole: true },
        { title: 'EVENT TYPE', value: ({ event }) => event },
        { title: 'ACTION', value: ({ action }) => action },
        {
          title: 'ACTIVE',
          value: ({ active }) => active,
          paint: (text, { active }) =>
            active === 'yes' ? terminal.colours.green(text) : terminal.colours.yellow(text),
        },
      ],
      lines,
      terminal,
    ),
  );
}

function printWorkflows(terminal: Terminal, live: LiveConfiguration, environment: string): void {
  const workflows = Object.entries(live.snapshot.workflows);
  if (workflows.length === 0) return;
  terminal.out('');
  terminal.out(
    renderTable(
      [
        { title: 'WORKFLOW', value: ([key]) => key, whole: true },
        { title: 'NAME', value: ([, { name }]) => name },
        { title: 'TARGET HERE', value: ([, { target }]) => describeTarget(target[environment]) },
        { title: 'ACTIVE', value: ([key]) => (live.state.inactive_workflows.includes(key) ? 'no' : 'yes') },
      ],
      workflows,
      terminal,
    ),
  );
}

function describeTarget(
  target: LiveConfiguration['snapshot']['workflows'][string]['target'][string] | undefined,
): string {
  if (target === undefined) return 'none: it cannot start here';
  return target.type === 'http' ? `http ${target.url}` : target.type;
}
