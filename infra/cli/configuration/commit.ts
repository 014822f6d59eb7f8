import type { Command } from 'commander';
import { refText } from '../../../shared/core/configuration/resources.ts';
import {
  changeRefusal,
  commitObjections,
  refusedByConflict,
} from '../../../shared/operations/configuration/change-objections.ts';
import { commitDraft } from '../../../shared/operations/configuration/commit.ts';
import { targetsLackingSecrets } from '../../../shared/operations/configuration/lacking-secrets.ts';
import { requireCommitsIn } from '../../../shared/operations/configuration/promotion-order.ts';
import { failure, notFound, usageError } from '../../../shared/operations/refusal.ts';
import { currentAuthor } from '../../author.ts';
import { environments } from '../../environments.ts';
import { examples, type GlobalOptions, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { changeLine } from './differences.ts';
import { commitOnTerms, liveText, waited } from './objections.ts';
import { printNewSources } from './push.ts';
import { type ResourceOptions, resourcesOf, withResources } from './resource-options.ts';

export function addCommit(config: Command): void {
  const commit = withResources(config.command('commit'), 'only')
    .description('make the draft live, all of it or what is named; the rest stays a draft')
    .requiredOption('-m, --message <text>', 'what the change is for')
    .option('--allow-empty', 'a new version of the one resource that is named, although nothing in it differs')
    .option('--wait', 'return when every event runs by it')
    .option(
      '--force',
      'also over what others committed meanwhile, without workflows that mappings name, without what is live, without secrets',
    )
    .action((_options, command: Command) => run(optionsOf(command)));
  examples(
    commit,
    ['config commit -m "Trigger on refunds"', 'all of the draft'],
    ['config commit -m "Trigger on refunds" --source rudderstack', 'one resource of it'],
    ['config commit -m "Again" --workflow order-completed --allow-empty', 'a version without a change'],
  );
}

type CommitOptions = GlobalOptions &
  ResourceOptions & { message: string; allowEmpty?: boolean; force?: boolean; wait?: boolean };

const none = { conflicts: [], missing: [], objections: [] };

async function run(options: CommitOptions): Promise<void> {
  const terminal = processTerminal();
  const { message, allowEmpty = false, force = false, wait = false } = options;
  const only = resourcesOf(options);
  if (message.trim() === '') throw usageError('the message is empty', '-m "what the change is for"');
  if (allowEmpty && only?.length !== 1)
    throw usageError('an empty commit is of one resource', 'name it: --source KEY, --workflow KEY or --audience KEY');
  requireCommitsIn(environments, options.environment);
  const environment = await connect(options);
  const { configuration: table, name } = environment;
  const request = { ...(only && { only }), allowEmpty, force, author: currentAuthor(), message, nowMs: Date.now() };
  const result = await commitOnTerms(environment, { force, consequence: 'nothing was committed' }, (terms) =>
    commitDraft(table, { ...request, terms }).catch(
      refusedByConflict('look at it, then commit again: npx signalbox config diff --from live --to draft'),
    ),
  );
  switch (result.kind) {
    case 'nothing_to_commit':
      throw failure(`${name} has no draft`, 'save one: npx signalbox config push');
    case 'unknown_resource':
      throw notFound(`${name} has no ${refText(result.ref)}`, 'npx signalbox config show lists what it has');
    case 'not_in_draft':
      throw notFound(
        `the draft of ${name} does not change ${result.refs.map(refText).join(', ')}`,
        `it changes ${result.draft.map(refText).join(', ') || 'nothing'}`,
      );
    case 'conflict':
      throw changeRefusal(commitObjections({ ...none, conflicts: result.conflicts }, name));
    case 'missing_references':
      throw changeRefusal(commitObjections({ ...none, missing: result.missing }, name));
    case 'committed': {
      const { version, id, changes, left, newSources } = result;
      if (options.json) printJson(terminal, { environment: name, version, id, changes, left, new_sources: newSources });
      else {
        for (const change of changes) terminal.out(changeLine(terminal, change));
        terminal.out(`${name} is at version ${version} (commit ${id}). ${liveText(environment, wait)}`);
        printNewSources(terminal, newSources);
        if (left.length > 0) terminal.note(`Still in the draft: ${left.map(refText).join(', ')}`);
        for (const text of await targetsLackingSecrets(environment, changes)) terminal.note(text);
      }
      if (wait) await waited(terminal, environment, request.nowMs);
    }
  }
}
