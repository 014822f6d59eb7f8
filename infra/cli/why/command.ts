import type { Command } from 'commander';
import { actionLogOf, readActionLogs } from '../../../shared/operations/actions/actions.ts';
import { type UserRow, userRow } from '../../../shared/operations/directory/user-row.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import type { ClaimOfKey } from '../../../shared/operations/events/claims.ts';
import { type EventRow, eventRow } from '../../../shared/operations/events/event-row.ts';
import { notFound, usageError } from '../../../shared/operations/refusal.ts';
import { type RunRow, runRow } from '../../../shared/operations/runs/run-row.ts';
import { type KnownSource, readSources } from '../../../shared/operations/sources/known-sources.ts';
import { newestShown, type Resolved, resolveId } from '../../../shared/operations/why/resolve-id.ts';
import { tellEvent } from '../../../shared/operations/why/why.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
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

/** The `--json` output for an id of several events. */
export type WhyChoice =
  | { found_as: 'user'; id: string; user: UserRow | null; events: EventRow[]; runs: RunRow[] }
  | { found_as: 'messages'; claims: { event_id: string; source: string; event_type: string; expires_at: string }[] };

async function whyCommand(asked: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  if (asked.trim() === '') throw usageError('why what? give an event id, a message id, a user id or a run id');
  const terminal = processTerminal();
  const environment = await connect(options);
  const { known } = await readSources(environment);
  const resolved = await resolveId(environment, asked, known);
  if (resolved.as === 'nothing')
    throw notFound(
      `nothing in ${environment.name} is called "${asked}"`,
      'looked for an event, a message id within its window, a user, a run, and a failed action',
      'message ids of events without actions are not kept by key: npx signalbox events --user ID finds those of one user',
    );
  if (resolved.as === 'user') return showUser(environment, resolved, terminal, options.json === true);
  if (resolved.as === 'messages') return showClaims(resolved.claims, terminal, options.json === true);
  return showEvent(environment, asked, resolved, known, terminal, options.json === true);
}

async function showEvent(
  environment: Environment,
  asked: string,
  resolved: Extract<Resolved, { eventId: string }>,
  known: KnownSource[],
  terminal: Terminal,
  json: boolean,
): Promise<void> {
  const nowMs = Date.now();
  const story = await tellEvent(environment, resolved.eventId, known, nowMs);
  if (story === undefined)
    throw notFound(
      `${resolved.eventId} has the form of an event id, but no source of ${environment.name} can have made it`,
      'is it of another environment? -e NAME',
    );
  if (json) printJson(terminal, { found_as: resolved.as, asked, ...story });
  else {
    if (resolved.as !== 'event') terminal.note(`${printable(asked)} is ${article[resolved.as]}; this is its event.\n`);
    printStory(terminal, story, nowMs);
  }
  // It prints the story of an unknown id, but the exit code says that it was not found.
  if (story.now.state === 'unknown') process.exitCode = 3;
}

const article = {
  message: 'a message id',
  run: 'a run',
  trigger: 'the run id of a trigger',
  operation: 'the id of a bulk operation',
  action: 'an action',
} as const;

async function showUser(
  environment: Environment,
  { id, user, events, runs }: Extract<Resolved, { as: 'user' }>,
  terminal: Terminal,
  json: boolean,
): Promise<void> {
  const logs = await readActionLogs(actionLogOf(environment), events);
  const eventRows = events.map((entry) => eventRow(entry, logs.get(entry.execution ?? '')));
  const runRows = runs.map(runRow);
  if (json) {
    printJson(terminal, {
      found_as: 'user',
      id,
      user: user ? userRow(user) : null,
      events: eventRows,
      runs: runRows,
    } satisfies WhyChoice);
    return;
  }
  const nowMs = Date.now();
  const { colours } = terminal;
  terminal.out(colours.bold(`User ${printable(id)}`));
  terminal.out(
    user === undefined
      ? '  is not in the directory: no identify event or inline recipient made them known, so workflows that name them start no run'
      : `  in the directory since ${formatWhen(user.insertedAtMs, nowMs)}, changed ${formatWhen(user.updatedAtMs, nowMs)}`,
  );
  terminal.out(`\n${colours.bold('Newest events')}`);
  terminal.out(eventRows.length > 0 ? renderTable(eventColumns(colours, nowMs), eventRows, terminal) : '  none');
  terminal.out(`\n${colours.bold('Newest runs')}`);
  terminal.out(runRows.length > 0 ? renderTable(runColumns(colours, nowMs), runRows, terminal) : '  none');
  for (const [rows, what, command] of [
    [eventRows, 'events', `events --user ${quoted(id)}`],
    [runRows, 'runs', `runs --recipient ${quoted(id)}`],
  ] as const)
    if (rows.length === newestShown)
      terminal.note(`the newest ${newestShown} ${what}; all of them: npx signalbox ${command} --all`);
  const [newest] = eventRows;
  if (newest) terminal.note(`\nThe story of one: npx signalbox why ${newest.id}`);
}

function showClaims(claims: ClaimOfKey[], terminal: Terminal, json: boolean): void {
  const rows = claims.map(({ claim, source, eventType }) => ({
    event_id: claim.owner,
    source,
    event_type: eventType,
    expires_at: iso(claim.expiresAtMs),
  }));
  if (json) {
    printJson(terminal, { found_as: 'messages', claims: rows } satisfies WhyChoice);
    return;
  }
  terminal.out('Several events had this message id, which is not a copy when the source or the type differs:');
  terminal.out(
    renderTable(
      [
        { title: 'EVENT', value: ({ event_id }) => event_id, whole: true },
        { title: 'SOURCE', value: ({ source }) => source },
        { title: 'TYPE', value: ({ event_type }) => event_type },
      ],
      rows,
      terminal,
    ),
  );
  terminal.note('\nThe story of one: npx signalbox why EVENT');
}
