import { open, readFile } from 'node:fs/promises';
import packageJson from '../../../package.json' with { type: 'json' };
import type { Environment } from '../../../shared/operations/environment.ts';
import { failure } from '../../../shared/operations/refusal.ts';
import { pickSources, readSources } from '../../../shared/operations/sources/known-sources.ts';
import { makeAcceptedCounts } from '../../../shared/operations/verify/accepted-counts.ts';
import {
  checkStatement,
  readStatement,
  type StatementCheck,
} from '../../../shared/operations/verify/check-statement.ts';
import { makeStatement, type Statement } from '../../../shared/operations/verify/statement.ts';
import type { VerifyRange } from '../../../shared/operations/verify/verify-range.ts';
import { formatCount } from '../../../shared/operations/words/text.ts';
import { currentAuthor } from '../../author.ts';
import { jsonText, printJson, type Terminal } from '../terminal/terminal.ts';
import { statementText } from './statement-text.ts';

type Options = { source?: string; output?: string; json?: boolean };

/** Makes a statement, prints it, and writes it as JSON and as text beside it. */
export async function statementCommand(
  terminal: Terminal,
  environment: Environment,
  range: VerifyRange,
  { source, output, json }: Options,
): Promise<void> {
  const directory = await readSources(environment);
  const { statement } = await makeStatement(
    environment,
    makeAcceptedCounts(await environment.metrics(), environment.name),
    {
      directory,
      known: pickSources(directory.known, source),
      range,
      all: source === undefined,
      ...madeHere(),
    },
  );
  if (json) printJson(terminal, statement);
  else terminal.print(statementText(statement));
  if (output !== undefined) await writeStatement(terminal, statement, output);
  if (statement.verdict === 'differs') process.exitCode = 1;
}

const madeHere = () => ({ madeBy: currentAuthor(), version: packageJson.version, nowMs: Date.now() });

/** @param output with or without `.json` */
export async function writeStatement(terminal: Terminal, statement: Statement, output: string): Promise<void> {
  const base = output.replace(/\.(json|txt)$/, '');
  for (const [path, text] of [
    [`${base}.json`, `${jsonText(statement)}\n`],
    [`${base}.txt`, statementText(statement)],
  ] as const) {
    const file = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw failure(`${path} exists already`, 'name another file, or remove this one');
      throw failure(`${path} cannot be written: ${error.code ?? error.message}`);
    });
    await file.writeFile(text);
    await file.close();
  }
  terminal.note(
    `written: ${base}.json and ${base}.txt; npx signalbox verify --statement --check ${base}.json checks it`,
  );
}

/** Says whether a statement is as it was made, and whether the environment still says the same. */
export async function checkCommand(
  terminal: Terminal,
  environment: Environment,
  path: string,
  { json }: Options,
): Promise<void> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw failure(`${path} cannot be read: ${error.code ?? error.message}`);
  });
  const statement = readStatement(text);
  const counts = makeAcceptedCounts(await environment.metrics(), environment.name);
  const directory = await readSources(environment);
  const check = await checkStatement(environment, counts, statement, { directory, ...madeHere() });
  if (json) printJson(terminal, checkRow(check));
  else printCheck(terminal, check);
  if (!check.isUnchanged || check.stored === 'different' || check.contradictions.length > 0) process.exitCode = 1;
}

/* Fields are added, never renamed or removed. docs/cli.md, "For programs". */
function checkRow({ isUnchanged, stored, now, changes, contradictions }: StatementCheck) {
  return {
    unchanged: isUnchanged,
    stored,
    rows_compared: now !== undefined,
    changes,
    contradictions,
    now: now ?? null,
  };
}

function printCheck(
  terminal: Terminal,
  { statement, isUnchanged, stored, now, changes, contradictions }: StatementCheck,
): void {
  const { green, red, yellow } = terminal.colours;
  const line = (isGood: boolean, words: string) => terminal.out(`${isGood ? green('✓') : red('✗')} ${words}`);
  line(
    isUnchanged,
    isUnchanged ? `its hash is right: ${statement.sha256}` : 'its hash is wrong: the document is not as it was made',
  );
  if (stored !== 'none')
    line(
      stored === 'same',
      stored === 'same'
        ? 'the copy that the environment keeps is the same'
        : 'the copy that the environment keeps is another one',
    );
  if (!isUnchanged) return;
  if (now === undefined) {
    terminal.out(`${yellow('–')} rows of that window may be gone, so the counts cannot be compared any more`);
    return;
  }
  line(
    contradictions.length === 0,
    contradictions.length === 0 ? 'the environment confirms it' : contradictions.join('; '),
  );
  for (const { source, what, stated, now: is } of changes)
    terminal.out(`    ${source} ${what}: ${formatCount(stated)} then, ${formatCount(is)} now`);
  if (contradictions.length === 0 && changes.length > 0)
    terminal.note('what waited has ended, or was replayed; no event is missing');
}
