import type { Command } from 'commander';
import { addCommit } from '../config/commit.ts';
import { addDiff } from '../config/diff.ts';
import { addLog } from '../config/log.ts';
import { addPromote } from '../config/promote.ts';
import { addPull } from '../config/pull.ts';
import { addPush } from '../config/push.ts';
import { addRevert } from '../config/revert.ts';
import { addShow } from '../config/show.ts';
import { addValidate } from '../config/validate.ts';

export function register(program: Command): void {
  const config = program
    .command('config')
    .description('the configuration: check files, save drafts, commit, compare, promote, go back');
  for (const add of [addValidate, addPush, addDiff, addCommit, addLog, addShow, addRevert, addPromote, addPull])
    add(config);
  config.addHelpText(
    'after',
    '\nFiles → push → draft → commit → live here → promote → the next environment. docs/configuration.md tells the story.',
  );
}
