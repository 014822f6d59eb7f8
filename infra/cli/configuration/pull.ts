import { relative } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { refText } from '../../../shared/core/configuration/resources.ts';
import { placeOf } from '../../../shared/operations/configuration/checkout.ts';
import { readDraftContent } from '../../../shared/operations/configuration/drafts.ts';
import { applyChange } from '../../../shared/operations/configuration/files/apply-change.ts';
import { type FileChange, planPull } from '../../../shared/operations/configuration/files/plan-pull.ts';
import { readSeen } from '../../../shared/operations/configuration/live-content.ts';
import { baseOf } from '../../../shared/operations/configuration/stale-files.ts';
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
  const { configuration: table, name } = environment;
  const [{ current, snapshot }, { open }] = await Promise.all([readSeen(table), readDraftContent(table)]);
  if (current.version === 0) throw failure(`nothing was committed to ${name} yet; there is nothing to pull`);
  const changes = planPull(folderNamed(options.dir), snapshot);
  const unreadable = changes.flatMap((change) => (change.kind === 'unreadable' ? [change] : []));
  if (unreadable.length > 0) {
    throw failure(unreadable.map(unreadableText), 'correct it first; nothing was written');
  }
  const gone = changes.filter(({ kind }) => kind === 'remove');
  const isRemoving = gone.length === 0 || options.force === true || (await confirmed(terminal, gone));
  const done = changes.filter(({ kind }) => kind !== 'remove' || isRemoving);
  done.forEach(applyChange);
  // A folder that keeps files whose content is gone does not equal this commit, so it gets no base.
  if (isRemoving && current.head !== undefined)
    fileBases().write(options.dir, placeOf(environment), baseOf(current.head, snapshot, snapshot));
  if (options.json) {
    const rows = changes.map(({ kind, path }) => ({ file: path, change: kind, done: kind !== 'remove' || isRemoving }));
    printJson(terminal, rows);
  } else {
    for (const { kind, path } of done) terminal.out(`${past[kind].padEnd(9)} ${relative(process.cwd(), path)}`);
    if (changes.length === 0)
      terminal.out(`the files have the content of ${name}, version ${current.version}, already`);
  }
  if (open.length > 0)
    terminal.note(
      `Not in the files: the draft of ${open.map(refText).join(', ')} (npx signalbox config diff --to draft)`,
    );
  if (!isRemoving) {
    const files = gone.map(({ path }) => relative(process.cwd(), path)).join(', ');
    throw failure(`${plural(gone.length, 'file')} of what is no longer committed: ${files}`, 'remove with --force');
  }
}

function unreadableText({ path, line, column, problem }: Extract<FileChange, { kind: 'unreadable' }>): string {
  return `${relative(process.cwd(), path)}${line === undefined ? '' : `:${line}:${column}`} ${problem}`;
}

const past = { create: 'created', rewrite: 'changed', remove: 'removed', unreadable: '' } as const;

/** Asks at the terminal; without one the answer is no. */
async function confirmed({ interactive, note }: Terminal, gone: FileChange[]): Promise<boolean> {
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
