import { relative } from 'node:path';
import { type Command, Option } from 'commander';
import {
  type ImportFromKnock,
  type ImportRequest,
  importFromKnock,
  writeImport,
} from '../../../shared/operations/knock/import-account.ts';
import type { ImportedFile } from '../../../shared/operations/knock/plan-import.ts';
import type { ReportEntry, ReportKind } from '../../../shared/operations/knock/report.ts';
import { usageError } from '../../../shared/operations/refusal.ts';
import { plural, printable } from '../../../shared/operations/words/text.ts';
import { environments } from '../../environments.ts';
import { examples, isEnvironmentNamed, optionsOf, positiveInteger } from '../command.ts';
import { printFieldChanges } from '../configuration/differences.ts';
import { type DirectoryOption, folderNamed, withDirectory } from '../configuration/files.ts';
import { readHidden } from '../terminal/hidden-input.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';
import type { CompareOptions } from './compare.ts';

type ImportOptions = DirectoryOption &
  Omit<CompareOptions, 'compare'> & {
    compare?: string;
    as: string[];
    kind: string[];
    target?: 'log' | 'knock';
    overwrite?: boolean;
    dryRun?: boolean;
  };

export function addKnock(group: Command): void {
  const knock = withDirectory(group.command('knock [file...]'))
    .description('reads an account of Knock and writes its sources, mappings, workflows and audiences as files')
    .option('--as <slug=name>', 'the environment here that takes the place of one of Knock; repeatable', collect, [])
    .option('--kind <key=kind>', 'the kind of a source whose key and name do not tell it; repeatable', collect, [])
    .addOption(
      new Option(
        '--target <type>',
        'where runs of all workflows go: only recorded, or to the workflows of Knock',
      ).choices(['log', 'knock']),
    )
    .option('--overwrite', 'change files that differ from Knock; their comments stay')
    .option('--dry-run', 'show what would be written, and write nothing')
    .option('--base-url <url>', "the management API, if it is not Knock's own address")
    .option(
      '--compare <source>',
      'imports nothing: sends the events in the files to both sides, and lists how their effects differ',
    )
    .option('--last <n>', 'with --compare: the newest recorded events of the source in place of files', positiveInteger)
    .option('--new-ids', 'with --compare: give events of files new ids, as recorded ones get')
    .option(
      '--header <header>',
      'with --compare: sent as it is, in place of a signature made here; repeatable',
      collect,
      [],
    )
    .option('--log-wait <seconds>', "with --compare: how long to wait for Knock's log", positiveInteger)
    .option('--api-url <url>', "with --compare: Knock's API, if it is not its own address")
    .option('--yes', 'with --compare: send without asking')
    .action((files: string[], _options, command: Command) =>
      run(files, optionsOf(command), isEnvironmentNamed(command)),
    );
  knock.addHelpText(
    'after',
    '\nThe service token (Knock dashboard, Settings → Service tokens) is read from KNOCK_SERVICE_TOKEN, else asked for. Without -e all\nenvironments are read; with it, only the one that takes its place. An import changes nothing at Knock; --compare has effects there.\ndocs/moving-from-knock.md',
  );
  examples(
    knock,
    ['import knock --dry-run', 'what would be written, and what has no counterpart'],
    ['import knock', 'writes new files, changes none'],
    ['import knock --as prod=production --kind orders=stripe', 'other names, and a sender that no name tells'],
    ['import knock --target knock --overwrite', 'later: runs start the workflows of Knock'],
    ['import knock --compare stripe invoice.json', 'the same event on both sides, and how its effects differ'],
  );
}

const collect = (text: string, before: string[]): string[] => [...before, text];

/** Before the token is asked for: a command that is wrong needs none. */
function refuseCompareOptions(files: string[], { compare, last }: Pick<ImportOptions, 'compare' | 'last'>): void {
  if (compare !== undefined) return;
  if (files.length > 0) throw usageError('files are for --compare SOURCE; an import reads the account');
  if (last !== undefined) throw usageError('--last is for --compare SOURCE; an import reads the account');
}

async function run(files: string[], options: ImportOptions, isNamed: boolean): Promise<void> {
  const terminal = processTerminal();
  refuseCompareOptions(files, options);
  const serviceToken =
    process.env.KNOCK_SERVICE_TOKEN ?? (await readHidden('Service token of Knock (not shown): ')).trim();
  const names = pairsFrom(options.as, '--as', 'SLUG=NAME');
  const { compare } = options;
  if (compare !== undefined) {
    const { compareCommand } = await import('./compare.ts');
    const slug = [...names].find(([, name]) => name === options.environment)?.[0] ?? options.environment;
    return compareCommand(files, { ...options, compare, slug, serviceToken, apiKey: process.env.KNOCK_API_KEY });
  }
  const request: ImportRequest = {
    access: { serviceToken, ...(options.baseUrl !== undefined && { baseUrl: options.baseUrl }) },
    here: environments.map(({ name }) => name),
    names,
    kinds: pairsFrom(options.kind, '--kind', 'KEY=KIND'),
    directory: folderNamed(options.dir),
    overwrite: options.overwrite === true,
    ...(options.target !== undefined && { target: options.target }),
    ...(isNamed && { only: options.environment }),
  };
  const imported = await importFromKnock(request);
  if (options.dryRun !== true) writeImport(imported.plan);
  if (options.json) printJson(terminal, jsonOf(imported, options.dryRun !== true));
  else print(terminal, imported, options);
}

function pairsFrom(texts: readonly string[], option: string, form: string): Map<string, string> {
  return new Map(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1 || at === text.length - 1) throw usageError(`${option} takes ${form}, not "${text}"`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function jsonOf({ plan, converted }: ImportFromKnock, written: boolean) {
  const files = plan.files.map(({ path, change, fields, kept }) => ({ file: path, change, fields, kept }));
  const kinds = converted.kinds.map(({ source, kind, by }) => ({ source, kind, told_by: by }));
  return { written, files, kinds, report: converted.report };
}

function print(terminal: Terminal, { plan, converted }: ImportFromKnock, options: ImportOptions): void {
  const { out, note } = terminal;
  for (const file of plan.files) printFile(terminal, file, options.dryRun === true);
  if (plan.files.every(({ change }) => change === 'same')) out('the files say what Knock says already');
  const kinds = converted.kinds.map(({ source, kind, by }) => `${source} → ${kind}, ${told[by]}`);
  if (kinds.length > 0) note(`\nKinds, which Knock does not tell; check them: ${kinds.join('; ')}`);
  for (const kind of ['not_moved', 'differs', 'to_do'] as const) printReport(terminal, kind, converted.report);
  if (options.dryRun) note('\nNothing was written.');
  else if (plan.changes.length > 0)
    note('\nNext: npx signalbox config validate, then npx signalbox config push --commit -m "Moved from Knock"');
  if (plan.files.some(({ kept }) => kept.length > 0))
    note('What is kept differs from Knock: --dry-run --overwrite shows how, --overwrite changes it.');
}

const told = {
  asked: 'as you said',
  key: 'by its key',
  name: 'by its name',
  assumed: 'nothing names a sender',
} as const;

function printFile(terminal: Terminal, { path, change, fields, kept }: ImportedFile, isDry: boolean): void {
  const { out, colours } = terminal;
  if (change === 'same') return;
  const paint = { created: colours.green, changed: colours.yellow, kept: colours.dim }[change];
  const more = kept.length === 0 || change === 'kept' ? '' : ` (${plural(kept.length, 'field')} kept)`;
  out(`${paint(change.padEnd(8))} ${printable(relative(process.cwd(), path) || path)}${more}`);
  if (isDry) printFieldChanges(terminal, fields);
}

const titles: Record<ReportKind, string> = {
  not_moved: 'Did not move',
  differs: 'Moved, and differs',
  to_do: 'To do by hand',
};

function printReport({ out, colours }: Terminal, kind: ReportKind, report: readonly ReportEntry[]): void {
  const entries = report.filter((entry) => entry.kind === kind);
  if (entries.length === 0) return;
  out(`\n${colours.bold(`${titles[kind]} (${entries.length})`)}`);
  for (const [where, found] of Map.groupBy(entries, (entry) => entry.where)) {
    out(`  ${colours.bold(printable(where))}`);
    for (const { what, why, instead } of found) {
      out(`    ${printable(what)}`);
      out(`      ${printable(why)}`);
      out(`      ${colours.green('→')} ${printable(instead)}`);
    }
  }
}
