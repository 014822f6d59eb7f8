import type { Command } from 'commander';
import {
  changeRefusal,
  othersDraftObjection,
  refusedByConflict,
} from '../../../shared/operations/configuration/change-objections.ts';
import { commitCheckout, pushCheckout } from '../../../shared/operations/configuration/checkout.ts';
import {
  type ConfigurationFiles,
  problemText,
} from '../../../shared/operations/configuration/files/configuration-files.ts';
import { differenceRow } from '../../../shared/operations/configuration/history.ts';
import { lackingSecrets } from '../../../shared/operations/configuration/lacking-secrets.ts';
import { refusalOf } from '../../../shared/operations/configuration/objections.ts';
import { requireCommitsIn } from '../../../shared/operations/configuration/promotion-order.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { failure, usageError } from '../../../shared/operations/refusal.ts';
import { currentAuthor } from '../../author.ts';
import { environments } from '../../environments.ts';
import { examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';
import { printChanges } from './differences.ts';
import { type DirectoryOption, readFaultlessFiles, summaryOf, withDirectory } from './files.ts';
import { commitOnTerms, fileBases, liveText, waited } from './objections.ts';

export function addPush(config: Command): void {
  const push = withDirectory(config.command('push'))
    .description('check the files and save their content as the draft; --commit makes it live at once')
    .option('--commit', 'make it live, all of it')
    .option('-m, --message <text>', 'with --commit: what the change is for (config push)')
    .option('--wait', 'with --commit: return when every event runs by it')
    .option(
      '--force',
      "replace another person's draft; remove what is live, undo what was committed since, commit without secrets",
    )
    .action((_options, command: Command) => run(optionsOf(command)));
  push.addHelpText(
    'after',
    '\nRefused without --force: what would remove a live source or workflow (on a terminal you are asked), undo what was committed\nafter your files were made, or leave a source without the secret it is verified with. Files remember in .signalbox which commit\nthey came from, at each push and pull.',
  );
  examples(
    push,
    ['config push', 'a draft: nothing is live'],
    ['config push --commit -m "Trigger on refunds"', 'draft and commit in one'],
    ['config push --commit --wait', 'and return when it is live everywhere'],
  );
}

type PushOptions = DirectoryOption & { commit?: boolean; message?: string; force?: boolean; wait?: boolean };

async function run(options: PushOptions): Promise<void> {
  const terminal = processTerminal();
  if (options.message !== undefined && !options.commit)
    throw usageError(
      'a draft has no message',
      'npx signalbox config push --commit -m …',
      'npx signalbox config commit -m …',
    );
  if (options.wait && !options.commit)
    throw usageError('a draft is never live', 'npx signalbox config push --commit --wait');
  const files = readFaultlessFiles(terminal, options.dir, 'nothing was pushed');
  requireCommitsIn(environments, options.environment);
  const environment = await connect(options);
  if (options.commit) await pushLive(terminal, environment, files, options);
  else await saveDraft(terminal, environment, files, options);
}

/** The push stays, even if this check of its secrets fails. */
async function noteLackingSecrets(terminal: Terminal, environment: Environment, files: ConfigurationFiles) {
  try {
    for (const problem of await lackingSecrets(environment, files))
      terminal.note(problemText({ ...problem, severity: 'warning' }));
  } catch {
    terminal.note(
      `Secrets of ${environment.name} could not be looked at: npx signalbox config validate -e ${environment.name}`,
    );
  }
}

async function saveDraft(
  terminal: Terminal,
  environment: Environment,
  files: ConfigurationFiles,
  { json, force = false }: PushOptions,
): Promise<void> {
  const { name } = environment;
  const nowMs = Date.now();
  const about = { author: currentAuthor(), nowMs, force };
  const saved = await pushCheckout(environment, { bases: fileBases() }, files, about).catch(
    refusedByConflict('npx signalbox config diff --from live --to draft'),
  );
  if (saved.kind === 'refused')
    throw refusalOf(saved.objections, name, { consequence: 'nothing was pushed', made: 'draft' });
  const { result, differences } = saved;
  if (result.kind === 'others_draft') throw changeRefusal([othersDraftObjection(result, nowMs)]);
  const changed = result.kind === 'saved' ? differences : [];
  const version = result.kind === 'saved' ? result.baseVersion : result.version;
  if (json)
    printJson(terminal, { environment: name, version, draft: changed.length > 0, changes: changed.map(differenceRow) });
  else if (result.kind === 'nothing_to_save') {
    const gone = result.dropped.length === 0 ? '' : '; the draft is gone, since the files no longer have its changes';
    terminal.out(`${name} has this content already (version ${version})${gone}`);
  } else {
    printChanges(terminal, changed);
    terminal.note(`\nSaved as the draft of ${name}, on version ${version}. Nothing of it is live.`);
    terminal.note('Make it live: npx signalbox config commit -m "what for"');
  }
  await noteLackingSecrets(terminal, environment, files);
}

async function pushLive(
  terminal: Terminal,
  environment: Environment,
  files: ConfigurationFiles,
  { json, message = 'config push', force = false, wait = false }: PushOptions,
): Promise<void> {
  const about = { author: currentAuthor(), message, nowMs: Date.now() };
  const done = await commitOnTerms(
    environment,
    { force, consequence: 'nothing was committed', directory: files.directory },
    (terms) =>
      commitCheckout(environment, { bases: fileBases() }, files, { ...about, terms }).catch(
        refusedByConflict('look at it, then push again: npx signalbox config diff'),
      ),
  );
  // Only a change that was planned before it can be.
  if (done.kind === 'changed_meanwhile') throw failure('something was committed meanwhile', 'push again');
  const { result, differences } = done;
  if (json) printJson(terminal, { environment: environment.name, ...result });
  else if (!result.changed) terminal.out(`${environment.name} has this content already (version ${result.version})`);
  else {
    printChanges(terminal, differences);
    terminal.out(
      `${environment.name} is at version ${result.version} (commit ${result.id}): ${summaryOf(files)}. ${liveText(environment, wait)}`,
    );
    printNewSources(terminal, result.newSources);
  }
  await noteLackingSecrets(terminal, environment, files);
  if (wait) await waited(terminal, environment, about.nowMs);
}

export function printNewSources(terminal: Terminal, newSources: string[], environment = ''): void {
  for (const source of newSources)
    terminal.out(`new source ${source}: npx signalbox sources ${source}${environment} shows its URL`);
}
