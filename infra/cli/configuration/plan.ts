import type { Command } from 'commander';
import {
  problemText,
  readConfigurationFiles,
} from '../../../shared/operations/configuration/files/configuration-files.ts';
import { type ConfigurationPlan, planConfiguration } from '../../../shared/operations/configuration/plan.ts';
import { filesWithErrors, planMarkdown } from '../../../shared/operations/configuration/plan-markdown.ts';
import { failure } from '../../../shared/operations/refusal.ts';
import { searchRange } from '../../../shared/operations/tables/search-range.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { examples, optionsOf, positiveInteger, time } from '../command.ts';
import { connect } from '../environment.ts';
import { printComparison } from '../mappings/comparison.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';
import { printDifferences } from './differences.ts';
import { type DirectoryOption, errorsOf, folderNamed, withDirectory } from './files.ts';

export function addPlan(config: Command): void {
  const plan = withDirectory(config.command('plan'))
    .description('what a push and commit of the files would change: fields, outcomes of stored events, refusals')
    .option('--last <n>', 'compares so many stored events of each source', positiveInteger, 100)
    .option('--since <time>', 'how far back to look for stored events: 3 days by default', time)
    .option('--markdown', 'as a comment for a pull request')
    .action((_options, command: Command) => run(optionsOf(command)));
  plan.addHelpText(
    'after',
    '\nIt only reads. Exit code 1: the files have errors, or a commit would be refused; the plan is printed all the same.',
  );
  examples(
    plan,
    ['config plan', 'before a push'],
    ['config plan --last 500 -e staging', 'what the files would change in staging'],
    ['config plan --markdown > plan.md', 'for a pull request; docs/continuous-deployment.md'],
  );
}

type PlanOptions = DirectoryOption & { last: number; since?: number; markdown?: boolean };

async function run(options: PlanOptions): Promise<void> {
  const terminal = processTerminal();
  const files = readConfigurationFiles(folderNamed(options.dir));
  const errors = errorsOf(files);
  if (errors.length > 0) {
    if (options.markdown) terminal.out(filesWithErrors(options.environment, errors.map(problemText)).trimEnd());
    for (const problem of files.problems) terminal.note(problemText(problem));
    throw failure(`${plural(errors.length, 'error')} in the configuration; nothing can be planned`);
  }
  const environment = await connect(options);
  const nowMs = Date.now();
  const { sinceMs, untilMs } = searchRange(options, nowMs, { retentionDays: environment.outputs.LogRetentionDays });
  const plan = await planConfiguration(environment, {
    files,
    last: options.last,
    sinceMs,
    untilMs,
    nowMs,
    onSource: (source) => terminal.note(`comparing events of ${source}`),
  });
  if (plan.objections.length > 0) process.exitCode = 1;
  if (options.markdown) return terminal.out(planMarkdown(plan).trimEnd());
  if (options.json) return printJson(terminal, plan);
  printPlan(terminal, plan);
}

function printPlan(
  terminal: Terminal,
  { environment, version, changes, objections, outcomes }: ConfigurationPlan,
): void {
  if (changes.length === 0)
    terminal.note(`the files have the content that is live in ${environment}, version ${version}`);
  printDifferences(terminal, changes);
  for (const outcome of outcomes) {
    terminal.out('');
    printComparison(terminal, outcome, 'the files', '--draft files');
  }
  for (const { what, remedies } of objections) {
    terminal.note(`A commit would be refused: ${what}`);
    for (const remedy of remedies) terminal.note(`  ${remedy}`);
  }
}
