import { relative } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { refText } from '../../../shared/core/configuration/resources.ts';
import { carryOutPull, planPullOf } from '../../../shared/operations/configuration/pull.ts';
import { failure } from '../../../shared/operations/refusal.ts';
import { plural, printable } from '../../../shared/operations/words/text.ts';
import { examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';
import { type DirectoryOption, folderNamed, withDirectory } from './files.ts';
import { fileBases } from './objections.ts';

export function addPull(config: Command): void {
  const pull = withDirectory(config.command('pull'))
    .description('write what is committed into the files, keeping comments and format of what stays the same')
    .option('--force', 'remove files of what is no longer committed without asking')
    .action((_options, command: Command) => run(optionsOf(command)));
  pull.addHelpText(
    'after',
    '\nSources, workflows and audiences; environments/<env>.yaml is left alone. Files of what is gone are removed after a question, or\nwith --force. Afterwards `config diff` finds no difference.',
  );
  examples(
    pull,
    ['config pull', 'what is committed in development, into infra/config'],
    ['config pull -e production --dir /tmp/production', 'to look at'],
  );
}

async function run(options: DirectoryOption & { force?: boolean }): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const { name } = environment;
  const directory = folderNamed(options.dir);
  const plan = await planPullOf(environment, directory);
  const { changes, seen, draft } = plan;
  const gone = changes.filter(({ kind }) => kind === 'remove');
  const isRemoving = gone.length === 0 || options.force === true || (await confirmed(terminal, gone));
  const done = carryOutPull(environment, { directory, bases: fileBases() }, plan, isRemoving);
  if (options.json) {
    const rows = changes.map(({ kind, path }) => ({ file: path, change: kind, done: kind !== 'remove' || isRemoving }));
    printJson(terminal, rows);
  } else {
    for (const { kind, path } of done) terminal.out(`${past[kind].padEnd(9)} ${relative(process.cwd(), path)}`);
    if (changes.length === 0)
      terminal.out(`the files have the content of ${name}, version ${seen.current.version}, already`);
  }
  if (draft.length > 0)
    terminal.note(
      `Not in the files: the draft of ${draft.map(refText).join(', ')} (npx signalbox config diff --to draft)`,
    );
  if (!isRemoving) {
    const files = gone.map(({ path }) => relative(process.cwd(), path)).join(', ');
    throw failure(`${plural(gone.length, 'file')} of what is no longer committed: ${files}`, 'remove with --force');
  }
}

const past = { create: 'created', rewrite: 'changed', remove: 'removed' } as const;

/** Asks at the terminal; without one the answer is no. */
async function confirmed({ interactive, note }: Terminal, gone: readonly { path: string }[]): Promise<boolean> {
  if (!interactive || process.stdin.isTTY !== true) return false;
  for (const { path } of gone) note(printable(relative(process.cwd(), path)));
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`Remove ${plural(gone.length, 'file')} of what is no longer committed? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
