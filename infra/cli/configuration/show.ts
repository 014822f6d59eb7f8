import type { Command } from 'commander';
import { readLive } from '../../../shared/adapters/dynamodb-configuration.ts';
import { readHistory } from '../../../shared/adapters/dynamodb-configuration-history.ts';
import { readCurrent } from '../../../shared/adapters/dynamodb-configuration-table.ts';
import { targetDefinition } from '../../../shared/core/configuration/targets/index.ts';
import { mappingsOf } from '../../../shared/core/configuration/triggers.ts';
import { own } from '../../../shared/core/json/values.ts';
import { sourceState } from '../../../shared/core/live/source-state.ts';
import { entryNamed } from '../../../shared/operations/configuration/entry-named.ts';
import { describeEntry, differenceRow } from '../../../shared/operations/configuration/history.ts';
import { historyRow } from '../../../shared/operations/configuration/history-row.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import type { LiveConfiguration } from '../../../shared/ports/configuration.ts';
import { examples, type GlobalOptions, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { printFields } from '../terminal/fields.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';
import { printDifferences, printFieldChanges } from './differences.ts';

export function addShow(config: Command): void {
  const show = config
    .command('show [commit]')
    .description(
      'what is live: version, who made it, every mapping and whether it is active; or what one commit changed',
    )
    .action((commit: string | undefined, _options, command: Command) =>
      commit === undefined ? showLive(optionsOf(command)) : showEntry(commit, optionsOf(command)),
    );
  examples(
    show,
    ['config show', 'the environment at a glance'],
    ['config show 12', 'what version 12 changed, field by field'],
    ['config show --json', 'all of it, as the functions see it'],
  );
}

async function showEntry(text: string, options: GlobalOptions): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const entry = await entryNamed(environment, text);
  const described = await describeEntry(environment.configuration, entry);
  if (options.json) {
    const row = historyRow(described);
    return printJson(terminal, {
      environment: environment.name,
      ...row,
      changes: described.differences.map(differenceRow),
    });
  }
  printEntry(terminal, environment, described);
}

function printEntry(
  terminal: Terminal,
  { name }: Environment,
  { entry, differences, settings }: Awaited<ReturnType<typeof describeEntry>>,
): void {
  const { promotedFrom, reverts } = entry;
  printFields(terminal, `${entry.kind === 'commit' ? 'Commit' : 'Settings'} ${entry.id} of ${name}`, [
    ['author', entry.author],
    ['when', formatWhen(entry.createdAtMs, Date.now())],
    ['message', entry.message],
    ...(promotedFrom
      ? [['promoted from', `${promotedFrom.environment} ${promotedFrom.commits.join(' ')}`] as [string, string]]
      : []),
    ...(reverts === undefined ? [] : [['reverts', reverts] as [string, string]]),
  ]);
  terminal.out('');
  printDifferences(terminal, differences);
  printFieldChanges(terminal, settings);
}

async function showLive(options: GlobalOptions): Promise<void> {
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
  const lines = Object.keys(live.snapshot.sources).flatMap((source) => {
    const { inactive_mappings: inactive, enabled, identify } = sourceState(live, source);
    return mappingsOf(live.snapshot, source).map(({ id, event, action }): MappingLine => {
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
        { title: 'TARGET HERE', value: ([, { target }]) => describeTarget(own(target, environment)) },
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
  return [target.type, targetDefinition(target).addressOf?.(target) ?? ''].join(' ').trimEnd();
}
