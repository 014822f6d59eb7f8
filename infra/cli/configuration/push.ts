import type { Command } from 'commander';
import { refText } from '../../../shared/core/configuration/resources.ts';
import { own } from '../../../shared/core/json/values.ts';
import { pushAndCommit } from '../../../shared/operations/configuration/commit.ts';
import { pushDraft } from '../../../shared/operations/configuration/drafts.ts';
import {
  type ConfigurationFiles,
  problemText,
} from '../../../shared/operations/configuration/files/configuration-files.ts';
import { differences } from '../../../shared/operations/configuration/history.ts';
import { lackingSecrets } from '../../../shared/operations/configuration/lacking-secrets.ts';
import { readSeen } from '../../../shared/operations/configuration/live-content.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { failure, usageError } from '../../../shared/operations/refusal.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import { currentAuthor } from '../../author.ts';
import { examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';
import { differenceRow, printDifferences } from './differences.ts';
import { type DirectoryOption, readFaultlessFiles, summaryOf, withDirectory } from './files.ts';
import { refusedByConflict, requireCommitsIn } from './refusals.ts';

export function addPush(config: Command): void {
  const push = withDirectory(config.command('push'))
    .description('check the files and save their content as the draft; --commit makes it live at once')
    .option('--commit', 'make it live, all of it')
    .option('-m, --message <text>', 'with --commit: what the change is for (config push)')
    .option('--force', 'replace a draft that somebody else pushed')
    .action((_options, command: Command) => run(optionsOf(command)));
  examples(
    push,
    ['config push', 'a draft: nothing is live'],
    ['config push --commit -m "Trigger on refunds"', 'draft and commit in one'],
  );
}

type PushOptions = DirectoryOption & { commit?: boolean; message?: string; force?: boolean };

async function run(options: PushOptions): Promise<void> {
  const terminal = processTerminal();
  if (options.message !== undefined && !options.commit)
    throw usageError(
      'a draft has no message',
      'npx signalbox config push --commit -m …',
      'npx signalbox config commit -m …',
    );
  const files = readFaultlessFiles(terminal, options.dir, 'nothing was pushed');
  requireCommitsIn(options.environment);
  const environment = await connect(options);
  if (options.commit) await pushLive(terminal, environment, files, options);
  else await saveDraft(terminal, environment, files, options);
  await noteLackingSecrets(terminal, environment, files);
}

/** What was pushed stays pushed, whether or not somebody can say what it lacks. */
async function noteLackingSecrets(terminal: Terminal, environment: Environment, files: ConfigurationFiles) {
  try {
    for (const problem of await lackingSecrets(environment, files)) terminal.note(problemText(problem));
  } catch {
    terminal.note(
      `Secrets of ${environment.name} could not be looked at: npx signalbox config validate -e ${environment.name}`,
    );
  }
}

const seedOf = (files: ConfigurationFiles, { name }: Environment) => own(files.environments, name);

async function saveDraft(
  terminal: Terminal,
  environment: Environment,
  files: ConfigurationFiles,
  { json, force = false }: PushOptions,
): Promise<void> {
  const { configuration: table, name } = environment;
  const { snapshot: committed } = await readSeen(table);
  const result = await pushDraft(table, {
    snapshot: files.snapshot,
    seed: seedOf(files, environment),
    author: currentAuthor(),
    nowMs: Date.now(),
    force,
  }).catch(refusedByConflict('npx signalbox config diff --from live --to draft'));
  if (result.kind === 'others_draft') {
    throw failure(
      `${result.author} pushed ${result.lost.map(refText).join(', ')} ${formatWhen(result.updatedAtMs, Date.now())} and has not committed; this push would drop that`,
      'see it: npx signalbox config diff --from live --to draft',
      'replace it: npx signalbox config push --force',
    );
  }
  const changed = result.kind === 'saved' ? differences(committed, files.snapshot) : [];
  const version = result.kind === 'saved' ? result.baseVersion : result.version;
  if (json)
    return printJson(terminal, {
      environment: name,
      version,
      draft: changed.length > 0,
      changes: changed.map(differenceRow),
    });
  if (result.kind === 'nothing_to_save') {
    const gone = result.dropped.length === 0 ? '' : '; the draft is gone, since the files no longer have its changes';
    return terminal.out(`${name} has this content already (version ${version})${gone}`);
  }
  printDifferences(terminal, changed);
  terminal.note(`\nSaved as the draft of ${name}, on version ${version}. Nothing of it is live.`);
  terminal.note('Make it live: npx signalbox config commit -m "what for"');
}

async function pushLive(
  terminal: Terminal,
  environment: Environment,
  files: ConfigurationFiles,
  { json, message = 'config push' }: PushOptions,
): Promise<void> {
  const result = await pushAndCommit(environment.configuration, {
    snapshot: files.snapshot,
    seed: seedOf(files, environment),
    author: currentAuthor(),
    message,
    nowMs: Date.now(),
  }).catch(refusedByConflict('look at it, then push again: npx signalbox config diff'));
  if (json) return printJson(terminal, { environment: environment.name, ...result });
  if (!result.changed) return terminal.out(`${environment.name} has this content already (version ${result.version})`);
  terminal.out(
    `${environment.name} is at version ${result.version} (commit ${result.id}): ${summaryOf(files)}. Live within 30 s.`,
  );
  printNewSources(terminal, result.newSources);
}

export function printNewSources(terminal: Terminal, newSources: string[], environment = ''): void {
  for (const source of newSources)
    terminal.out(`new source ${source}: npx signalbox sources ${source}${environment} shows its URL`);
}
