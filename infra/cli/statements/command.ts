import type { Command } from 'commander';
import { notFound } from '../../../shared/operations/refusal.ts';
import type { Statement } from '../../../shared/operations/verify/statement.ts';
import { listStoredStatements } from '../../../shared/operations/verify/stored-statements.ts';
import { defaultList, examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { addPaging, afterName, type PageOptions, printPages } from '../paging.ts';
import type { Column } from '../terminal/table.ts';
import { type Colours, printJson, processTerminal } from '../terminal/terminal.ts';
import { writeStatement } from '../verify/statement.ts';
import { statementText } from '../verify/statement-text.ts';

export function register(program: Command): void {
  const statements = program
    .command('statements')
    .description('statements of completeness that the environment made by itself, a day each');
  const list = addPaging(defaultList(statements))
    .description('the newest statement of each day, newest first')
    .action((_options, command: Command) => listCommand(optionsOf<PageOptions>(command), command));
  examples(list, ['statements', 'was every day complete?']);
  const show = statements
    .command('show <day>')
    .description('one day: the newest statement, or the one that was made at a time')
    .option('--made-at <time>', 'the one that was made then, as --json and the text name it')
    .option('--output <file>', 'writes it into FILE.json and FILE.txt')
    .action((day: string, _options, command: Command) => showCommand(day, optionsOf(command)));
  examples(
    show,
    ['statements show 2026-11-28', 'as text'],
    ['statements show 2026-11-28 --output completeness-2026-11-28', 'for an auditor'],
  );
}

const dayOf = ({ window }: Statement) => window.since.slice(0, 10);

async function listCommand(options: ReturnType<typeof optionsOf<PageOptions>>, command: Command): Promise<void> {
  const terminal = processTerminal();
  const { configuration, name } = await connect(options);
  const all = await listStoredStatements(configuration);
  const after = afterName(options);
  const newest = [...Map.groupBy(all, dayOf).values()].flatMap((ofDay) => ofDay.slice(0, 1));
  const rows = newest.filter((statement) => after === undefined || dayOf(statement) < after);
  await printPages(
    terminal,
    { rows: inTurn(rows), cursorOf: dayOf },
    {
      columns: columns(terminal.colours),
      noun: 'statement',
      none: () => `no statement was made in ${name}: dailyStatement in infra/environments.ts makes one each day`,
    },
    options,
    command,
  );
}

async function* inTurn<Row>(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows;
}

function columns({ green, yellow, red }: Colours): Column<Statement>[] {
  const paints = { complete: green, not_yet_complete: yellow, differs: red };
  return [
    { title: 'DAY', value: dayOf, whole: true },
    { title: 'VERDICT', value: ({ verdict }) => verdict, paint: (text, { verdict }) => paints[verdict](text) },
    { title: 'MADE', value: ({ made_at }) => made_at, whole: true },
    { title: 'SUMMARY', value: ({ summary }) => summary },
  ];
}

type ShowOptions = { madeAt?: string; output?: string };

async function showCommand(day: string, options: ReturnType<typeof optionsOf<ShowOptions>>): Promise<void> {
  const terminal = processTerminal();
  const { configuration, name } = await connect(options);
  const ofDay = (await listStoredStatements(configuration)).filter((statement) => dayOf(statement) === day);
  const [newest] = ofDay;
  const statement = options.madeAt === undefined ? newest : ofDay.find(({ made_at }) => made_at === options.madeAt);
  if (statement === undefined)
    throw notFound(
      newest === undefined
        ? `no statement of ${day} was made in ${name}`
        : `the statements of ${day} were made at ${ofDay.map(({ made_at }) => made_at).join(', ')}`,
      newest === undefined ? 'npx signalbox statements lists them' : 'name one of these with --made-at',
    );
  if (options.json) printJson(terminal, statement);
  else terminal.print(statementText(statement));
  if (options.output !== undefined) await writeStatement(terminal, statement, options.output);
  if (ofDay.length > 1)
    terminal.note(
      `made ${ofDay.length} times, as it was not complete at first: ${ofDay.map(({ made_at }) => made_at).join(', ')}`,
    );
}
