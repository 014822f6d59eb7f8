import type { Command } from 'commander';
import { addCommit } from './commit.ts';
import { addDiff } from './diff.ts';
import { addLog } from './log.ts';
import { addPlan } from './plan.ts';
import { addPromote } from './promote.ts';
import { addPull } from './pull.ts';
import { addPush } from './push.ts';
import { addRevert } from './revert.ts';
import { addShow } from './show.ts';
import { addValidate } from './validate.ts';

export function register(program: Command): void {
  const config = program
    .command('config')
    .description('the configuration: check files, save drafts, commit, compare, promote, go back');
  for (const add of [
    addValidate,
    addPush,
    addDiff,
    addPlan,
    addCommit,
    addLog,
    addShow,
    addRevert,
    addPromote,
    addPull,
  ])
    add(config);
  config.addHelpText(
    'after',
    '\nFiles → push → draft → commit → live here → promote → the next environment. docs/configuration.md tells the story.',
  );
}
