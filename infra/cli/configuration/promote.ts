import type { Command } from 'commander';
import { refText } from '../../../shared/core/configuration/resources.ts';
import { own } from '../../../shared/core/json/values.ts';
import { refusedByConflict } from '../../../shared/operations/configuration/change-objections.ts';
import { entryNamed } from '../../../shared/operations/configuration/entry-named.ts';
import { differenceRow, differences } from '../../../shared/operations/configuration/history.ts';
import { isStopped, type PromotionProblem } from '../../../shared/operations/configuration/preflight.ts';
import { type PromotionPlan, promote, promotionMessage } from '../../../shared/operations/configuration/promote.ts';
import { checkPromotion } from '../../../shared/operations/configuration/promotion.ts';
import { type PromotionEnds, promotionEnds } from '../../../shared/operations/configuration/promotion-order.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { failure, usageError } from '../../../shared/operations/refusal.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { currentAuthor } from '../../author.ts';
import { environments } from '../../environments.ts';
import { examples, isEnvironmentNamed, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { canAsk, confirm } from '../terminal/confirm.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';
import { printDifferences } from './differences.ts';
import { type DirectoryOption, readFaultlessFiles, withDirectory } from './files.ts';
import { liveText, waited } from './objections.ts';
import { printNewSources } from './push.ts';

export function addPromote(config: Command): void {
  const command = withDirectory(config.command('promote'))
    .description('bring what is committed in one environment into the next; content only, no settings, URLs or secrets')
    .option('--to <environment>', 'everything committed in the environment directly below it')
    .option('--only <commit>', 'one commit of the environment below: its resources, as they were in it')
    .option('-m, --message <text>', 'what for (Promote …)')
    .option('--dry-run', 'show what would change and what would not work, and change nothing')
    .option('--wait', 'return when every event there runs by it')
    .option('--force', 'although something would not work there, or be removed or undone')
    .option('--to-profile <name>', 'AWS profile of the environment that is written; --profile is the one that is read')
    .option('--to-region <name>', 'AWS region of the environment that is written; --region is of the one that is read')
    .action((_options, self: Command) => run(optionsOf(self), isEnvironmentNamed(self)));
  command.addHelpText(
    'after',
    '\nOne step at a time, in the order of infra/environments.ts. First it is checked that everything would work there: workflows,\naudiences, targets with their permissions and secrets. --dir is read for environments/<env>.yaml alone: the first settings\nof sources that are new there.',
  );
  examples(
    command,
    ['config promote --to staging --dry-run', 'what would come, and what stands in the way'],
    ['config promote --to staging', 'everything committed in development'],
    ['config promote --only 12', 'commit 12 of development, to staging'],
    ['config promote --to production --profile stage --to-profile prod', 'between two AWS accounts'],
  );
}

type PromoteOptions = DirectoryOption & {
  to?: string;
  only?: string;
  message?: string;
  dryRun?: boolean;
  force?: boolean;
  wait?: boolean;
  toProfile?: string;
  toRegion?: string;
};

async function run(options: PromoteOptions, isLowerNamed: boolean): Promise<void> {
  const terminal = processTerminal();
  const names = promotionEnds(environments, endsAsked(options, isLowerNamed));
  const files = readFaultlessFiles(terminal, options.dir, 'nothing was promoted');
  const { toProfile = options.profile, toRegion = options.region } = options;
  const [lower, upper] = await Promise.all([
    connect({ ...options, environment: names.lower }),
    connect({
      environment: names.upper,
      ...(toProfile !== undefined && { profile: toProfile }),
      ...(toRegion !== undefined && { region: toRegion }),
    }),
  ]);
  const only = options.only === undefined ? undefined : await entryNamed(lower, options.only);
  const seed = own(files.environments, upper.name);
  const { ends, plan, problems } = await checkPromotion({ lower, upper }, { only, seed });
  if (plan.changes.length === 0) {
    if (options.json) printJson(terminal, { ...resultOf(names, plan), problems: [], version: null });
    else
      terminal.out(
        `${upper.name} has ${only ? `what ${only.id} changed` : `everything that ${lower.name} has`} already`,
      );
    return;
  }
  if (!options.json) printPlan(terminal, plan, problems);
  const isRefused = isStopped(problems, options.force ?? false) && !(await isRemovalMeant(problems, upper, options));
  if (options.dryRun || isRefused) {
    if (options.json) printJson(terminal, { ...resultOf(names, plan), problems, version: null });
    if (isRefused && !options.dryRun)
      throw failure(
        `${plural(problems.length, 'problem')} in ${upper.name}; nothing was promoted`,
        'solve them, or promote all the same: --force',
      );
    if (isRefused) process.exitCode = 1;
    return;
  }
  const nowMs = Date.now();
  const { version, id, newSources } = await promote(ends, plan, {
    author: currentAuthor(),
    message: options.message ?? promotionMessage(plan, lower.name),
    nowMs,
    seed,
  }).catch(refusedByConflict(`look at it, then promote again: npx signalbox config log -e ${upper.name}`));
  if (options.wait) await waited(terminal, upper, nowMs);
  if (options.json)
    return printJson(terminal, { ...resultOf(names, plan), problems, version, id, new_sources: newSources });
  terminal.out(
    `${upper.name} is at version ${version} (commit ${id}), from ${lower.name} ${plan.commits.map((commit) => commit.id).join(' ')}. ${liveText(upper, false)}`,
  );
  printNewSources(terminal, newSources, ` -e ${upper.name}`);
}

/** @throws Refusal when neither option says what to promote */
function endsAsked({ to, only, environment }: PromoteOptions, isLowerNamed: boolean) {
  if (to !== undefined) return { to, ...(isLowerNamed && { from: environment }) };
  if (only !== undefined) return { from: environment };
  throw usageError('say what to promote', 'everything: --to ENVIRONMENT', 'one commit: --only COMMIT');
}

/**
 * A yes at the terminal is enough if the only objection is that a live resource would be removed.
 */
async function isRemovalMeant(
  problems: readonly PromotionProblem[],
  { name }: Environment,
  { dryRun, json }: PromoteOptions,
): Promise<boolean> {
  const removed = problems.flatMap(({ problem, ...ref }) => (problem === 'removes_live' ? refText(ref) : []));
  if (dryRun || json || removed.length < problems.length || !canAsk()) return false;
  return confirm(`Remove ${removed.join(', ')}, live in ${name}?`);
}

function printPlan(terminal: Terminal, plan: PromotionPlan, problems: PromotionProblem[]): void {
  printDifferences(terminal, differences(plan.seen.snapshot, plan.content));
  for (const { problem, detail, remedy, ...ref } of problems) {
    terminal.note(terminal.colours.yellow(`${refText(ref)} ${problem}: ${detail}`));
    terminal.note(`  ${remedy}`);
  }
}

function resultOf(names: PromotionEnds, { seen, content, commits }: PromotionPlan) {
  return {
    from: names.lower,
    to: names.upper,
    commits: commits.map(({ id }) => id),
    changes: differences(seen.snapshot, content).map(differenceRow),
  };
}
