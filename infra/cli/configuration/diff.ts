import type { Command } from 'commander';
import type { FieldChange } from '../../../shared/core/configuration/field-changes.ts';
import { refText } from '../../../shared/core/configuration/resources.ts';
import { EnvironmentFile } from '../../../shared/core/configuration/schema.ts';
import { own } from '../../../shared/core/json/values.ts';
import { readDraftContent } from '../../../shared/operations/configuration/drafts.ts';
import { driftOf } from '../../../shared/operations/configuration/drift.ts';
import { differenceRow, differences } from '../../../shared/operations/configuration/history.ts';
import { readSeen } from '../../../shared/operations/configuration/live-content.ts';
import { contentNamed } from '../../../shared/operations/configuration/sides.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import { environments } from '../../environments.ts';
import { examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';
import { printDifferences, printFieldChanges } from './differences.ts';
import { type DirectoryOption, readFaultlessFiles, withDirectory } from './files.ts';

export function addDiff(config: Command): void {
  const diff = withDirectory(config.command('diff'))
    .description('what differs, field by field; exit code 1 when something does, 0 when nothing')
    .option('--from <what>', 'files, draft, live, an environment, or a commit', 'live')
    .option('--to <what>', 'the same; what is only there is shown as added', 'files')
    .option('--to-profile <name>', 'AWS profile of the environment in --to, when it is another one')
    .option('--to-region <name>', 'AWS region of the environment in --to, when it is another one')
    .action((_options, command: Command) => run(optionsOf(command)));
  diff.addHelpText(
    'after',
    '\nWithout --from and --to: what a push and commit of the files would change. Then it also shows where the settings that run\ndiffer from environments/<env>.yaml, which is only what a new environment starts with: that is not a difference to the exit code.',
  );
  examples(
    diff,
    ['config diff', 'live here → files'],
    ['config diff --to draft', 'live here → draft'],
    ['config diff --from staging --to live', 'what a promotion to staging would change'],
    ['config diff --from 7 --to 12', 'between two versions'],
  );
}

type DiffOptions = DirectoryOption & { from: string; to: string; toProfile?: string; toRegion?: string };

async function run(options: DiffOptions): Promise<void> {
  const terminal = processTerminal();
  let here: Promise<Environment> | undefined;
  const environment = () => {
    here ??= connect(options);
    return here;
  };
  const files = () => readFaultlessFiles(terminal, options.dir, 'nothing can be compared with them').snapshot;
  const sides = (elsewhere: { profile?: string; region?: string }) => ({
    environment,
    files,
    other: (name: string) =>
      environments.some((one) => one.name === name)
        ? connect({ ...options, ...elsewhere, environment: name })
        : undefined,
  });
  const { toProfile: profile, toRegion: region } = options;
  const [from, to] = [
    await contentNamed(options.from, sides({})),
    await contentNamed(options.to, sides({ ...(profile && { profile }), ...(region && { region }) })),
  ];
  const found = differences(from, to);
  const isDefault = options.from === 'live' && options.to === 'files';
  const hints = isDefault ? await besides(options, terminal, await environment()) : undefined;
  if (found.length > 0) process.exitCode = 1;
  if (options.json) {
    return printJson(terminal, {
      from: options.from,
      to: options.to,
      different: found.length > 0,
      changes: found.map(differenceRow),
      ...(hints && { settings: hints.drift, draft: hints.draft ?? null }),
    });
  }
  printDifferences(terminal, found);
  if (found.length === 0) terminal.note(`${options.from} and ${options.to} have the same content`);
  if (hints) printHints(terminal, await environment(), hints);
}

type Hints = {
  /** Differences between the settings in force and `environments/<env>.yaml`. */
  drift: FieldChange[];
  draft?: { author: string; updated_at: string; changes: string[] };
};

async function besides(
  options: DiffOptions,
  terminal: Terminal,
  { configuration: table, name }: Environment,
): Promise<Hints> {
  const files = readFaultlessFiles(terminal, options.dir, 'nothing can be compared with them');
  const [{ current, snapshot }, { draft, open }] = await Promise.all([readSeen(table), readDraftContent(table)]);
  const drift = driftOf(own(files.environments, name) ?? EnvironmentFile.parse({}), current.state, snapshot);
  if (draft === undefined || open.length === 0) return { drift };
  const changes = open.map(refText);
  return { drift, draft: { author: draft.author, updated_at: new Date(draft.updatedAtMs).toISOString(), changes } };
}

function printHints(terminal: Terminal, { name }: Environment, { drift, draft }: Hints): void {
  if (drift.length > 0) {
    terminal.out(`\nSettings of ${name}, from environments/${name}.yaml to what runs (kept by every push):`);
    printFieldChanges(terminal, drift);
  }
  if (draft)
    terminal.note(
      `\nThere is a draft besides, by ${draft.author}, ${formatWhen(Date.parse(draft.updated_at), Date.now())}: ${draft.changes.join(', ')}\n  npx signalbox config diff --to draft`,
    );
}
