import type { Command } from 'commander';
import {
  answerWhy,
  type WhyAnswer,
  type WhyMessages,
  type WhyUser,
} from '../../../shared/operations/why/answer-why.ts';
import { newestShown } from '../../../shared/operations/why/resolve-id.ts';
import { printable } from '../../../shared/operations/words/text.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import { runColumns } from '../actions/table.ts';
import { examples, optionsOf } from '../command.ts';
import { connect } from '../environment.ts';
import { eventColumns } from '../events/table.ts';
import { quoted } from '../terminal/shell.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';
import { printStory } from './story.ts';

export function register(program: Command): void {
  const why = program
    .command('why <id>')
    .description("the whole story of an event, from its id, a vendor's message id, a user id or a run id")
    .action((id: string, _options, command: Command) => whyCommand(id, optionsOf(command)));
  examples(
    why,
    ['why 01K…', 'request, claim, mappings, actions, runs, and where it is now'],
    ['why 8f14e45f-ceea-467f-a8c6-1b6a0c2f4e7d', "by the vendor's message id"],
    ['why user_42', "a user's newest events and runs, to choose from"],
  );
}

async function whyCommand(asked: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const nowMs = Date.now();
  const answer = await answerWhy(environment, asked, nowMs);
  if (options.json) printJson(terminal, answer);
  else printAnswer(terminal, answer, nowMs);
  // It prints the story of an unknown id, but the exit code says that it was not found.
  if ('now' in answer && answer.now.state === 'unknown') process.exitCode = 3;
}

function printAnswer(terminal: Terminal, answer: WhyAnswer, nowMs: number): void {
  if (answer.found_as === 'user') showUser(terminal, answer, nowMs);
  else if (answer.found_as === 'messages') showClaims(terminal, answer);
  else {
    if (answer.found_as !== 'event')
      terminal.note(`${printable(answer.asked)} is ${article[answer.found_as]}; this is its event.\n`);
    printStory(terminal, answer, nowMs);
  }
}

const article = {
  message: 'a message id',
  run: 'a run',
  trigger: 'the run id of a trigger',
  operation: 'the id of a bulk operation',
  action: 'an action',
} as const;

function showUser(terminal: Terminal, { id, user, events, runs }: WhyUser, nowMs: number): void {
  const { colours } = terminal;
  const when = (time: string) => formatWhen(Date.parse(time), nowMs);
  terminal.out(colours.bold(`User ${printable(id)}`));
  terminal.out(
    user === null
      ? '  is not in the directory: no identify event or inline recipient made them known, so workflows that name them start no run'
      : `  in the directory since ${when(user.inserted_at)}, changed ${when(user.updated_at)}`,
  );
  terminal.out(`\n${colours.bold('Newest events')}`);
  terminal.out(events.length > 0 ? renderTable(eventColumns(colours, nowMs), events, terminal) : '  none');
  terminal.out(`\n${colours.bold('Newest runs')}`);
  terminal.out(runs.length > 0 ? renderTable(runColumns(colours, nowMs), runs, terminal) : '  none');
  for (const [rows, what, command] of [
    [events, 'events', `events --user ${quoted(id)}`],
    [runs, 'runs', `runs --recipient ${quoted(id)}`],
  ] as const)
    if (rows.length === newestShown)
      terminal.note(`the newest ${newestShown} ${what}; all of them: npx signalbox ${command} --all`);
  const [newest] = events;
  if (newest) terminal.note(`\nThe story of one: npx signalbox why ${newest.id}`);
}

function showClaims(terminal: Terminal, { claims }: WhyMessages): void {
  terminal.out('Several events had this message id, which is not a copy when the source or the type differs:');
  terminal.out(
    renderTable(
      [
        { title: 'EVENT', value: ({ event_id }) => event_id, whole: true },
        { title: 'SOURCE', value: ({ source }) => source },
        { title: 'TYPE', value: ({ event_type }) => event_type },
      ],
      claims,
      terminal,
    ),
  );
  terminal.note('\nThe story of one: npx signalbox why EVENT');
}
