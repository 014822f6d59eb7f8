import type { Command } from 'commander';
import { refText } from '../../../shared/core/configuration/resources.ts';
import {
  changeRefusal,
  refusedByConflict,
  revertObjections,
} from '../../../shared/operations/configuration/change-objections.ts';
import { entryNamed } from '../../../shared/operations/configuration/entry-named.ts';
import { takesCommits } from '../../../shared/operations/configuration/promotion-order.ts';
import { revertCommit } from '../../../shared/operations/configuration/revert.ts';
import { failure, usageError } from '../../../shared/operations/refusal.ts';
import { currentAuthor } from '../../author.ts';
import { environments } from '../../environments.ts';
import { examples, type GlobalOptions, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';
import { changeLine } from './differences.ts';
import { commitOnTerms, liveText, waited } from './objections.ts';

export function addRevert(config: Command): void {
  const revert = config
    .command('revert <commit>')
    .description('take a commit back by a new one: each of its resources becomes what it was before')
    .option('-m, --message <text>', 'why (Revert COMMIT: its message)')
    .option('--wait', 'return when every event runs by it')
    .option('--force', 'also what later commits changed of these resources, and although it removes what is live')
    .action((commit: string, _options, command: Command) => run(commit, optionsOf(command)));
  examples(
    revert,
    ['config revert 12', 'by version'],
    ['config revert 12-9f3c61aa -m "Recipients were wrong"', 'by id, with a reason'],
    ['config revert 7 -e production', 'takes a promotion back, there alone'],
  );
}

const none = { conflicts: [], missing: [], objections: [] };

async function run(
  text: string,
  options: GlobalOptions & { message?: string; force?: boolean; wait?: boolean },
): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const { configuration: table, name } = environment;
  const commit = await entryNamed(environment, text);
  const { force = false, wait = false } = options;
  const request = {
    commit,
    force,
    author: currentAuthor(),
    message: options.message ?? `Revert ${commit.id}: ${commit.message}`,
    nowMs: Date.now(),
  };
  const result = await commitOnTerms(environment, { force, consequence: 'nothing was reverted' }, (terms) =>
    revertCommit(table, { ...request, terms }).catch(
      refusedByConflict(`look at it, then try again: npx signalbox config log -e ${name}`),
    ),
  );
  switch (result.kind) {
    case 'not_a_commit':
      throw usageError(
        `${commit.id} changed settings ("${commit.message}"), which have no versions to go back to`,
        'change them back: npx signalbox settings set …, mapping activate|deactivate …',
      );
    case 'nothing_to_revert':
      throw failure(`everything that ${commit.id} changed is as it was before it`);
    case 'conflict':
      throw changeRefusal(revertObjections({ ...none, conflicts: result.conflicts }, commit.id, name));
    case 'missing_references':
      throw changeRefusal(revertObjections({ ...none, missing: result.missing }, commit.id, name));
    case 'reverted': {
      const { version, id, changes, dropped } = result;
      if (wait) await waited(terminal, environment, request.nowMs);
      if (options.json)
        return printJson(terminal, {
          environment: name,
          version,
          id,
          reverts: commit.id,
          changes,
          dropped_from_draft: dropped,
        });
      for (const change of changes) terminal.out(changeLine(terminal, change));
      terminal.out(
        `${name} is at version ${version} (commit ${id}), without ${commit.id}. ${liveText(environment, false)}`,
      );
      if (dropped.length > 0) terminal.note(`Dropped from the draft: ${dropped.map(refText).join(', ')}`);
      terminal.note(
        takesCommits(environments, name)
          ? 'Your files still have what was taken back: npx signalbox config pull'
          : `The environments below still have it, and a promotion would bring it again: revert it there too.`,
      );
    }
  }
}
