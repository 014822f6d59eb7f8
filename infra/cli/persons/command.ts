import { createInterface } from 'node:readline/promises';
import { type Command, Option } from 'commander';
import { erasedKinds } from '../../../shared/operations/persons/changes.ts';
import {
  carryOnErasure,
  type ErasurePreview,
  previewErasure,
  startErasure,
} from '../../../shared/operations/persons/erase-person.ts';
import { allowPerson, type ErasureRow, readErasures } from '../../../shared/operations/persons/erasures.ts';
import { failure, usageError } from '../../../shared/operations/refusal.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { formatAgo, formatTime } from '../../../shared/operations/words/times.ts';
import { currentAuthor } from '../../author.ts';
import { examples, optionsOf, time } from '../command.ts';
import { connect } from '../environment.ts';
import { followJob } from '../jobs/follow.ts';
import { canAsk } from '../terminal/confirm.ts';
import { printFields } from '../terminal/fields.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { besideJson, printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';
import { exportCommand } from './export.ts';

type EraseFlags = {
  also?: string[];
  searchSince?: number;
  dryRun?: boolean;
  yes?: boolean;
} & WhyFlags;

type WhyFlags = { message?: string; reason?: string };

const alsoText = 'a further id of the same person, as their sender knows it; may be given several times';
const collect = (value: string, before: string[] = []) => [...before, value];

export function register(program: Command): void {
  const person = program.command('person').description('what is kept of one person: export it, erase it');
  const exported = person
    .command('export <id>')
    .description('everything that is kept of a person, as NDJSON: directory, events, requests, actions, runs')
    .option('--also <id>', alsoText, collect)
    .option('--output <file>', 'write to this file, which only you may read; default: standard output')
    .action((id: string, _options, command: Command) => exportCommand(id, optionsOf(command)));
  examples(exported, ['person export usr_8841 --output usr_8841.ndjson', 'for a request of access']);

  const erase = person
    .command('erase <id>')
    .description('erases what is kept of a person, and refuses what comes later')
    .option('-m, --message <text>', 'why, required: kept with who and when, so it must not name the person')
    .addOption(new Option('--reason <text>', 'the same as --message').hideHelp())
    .option('--also <id>', alsoText, collect)
    .option('--search-since <time>', 'also look through all events since then for ones that name the person', time)
    .option('--dry-run', 'say what would be erased, and erase nothing')
    .option('--yes', 'do not ask for the id; needed without a terminal')
    .action((id: string, _options, command: Command) => eraseCommand(id, optionsOf<EraseFlags>(command)));
  examples(
    erase,
    ['person erase usr_8841 --dry-run', 'how many rows of each kind'],
    ["person erase usr_8841 -m 'ticket 4711'", 'asks for the id, then erases; Ctrl-C loses nothing'],
    ["person erase usr_8841 -m 'ticket 4711' --search-since 90d", 'also where others name the person'],
  );

  const erasures = person
    .command('erasures [id]')
    .description('who was erased, by whom and why; by the hash of the id, since the id itself is not kept')
    .action((id: string | undefined, _options, command: Command) => erasuresCommand(id, optionsOf(command)));
  examples(erasures, ['person erasures usr_8841', 'whether this person was erased']);

  const allow = person
    .command('allow <id>')
    .description('lets a person who was erased come in again, from nothing')
    .option('-m, --message <text>', 'why, required: kept with who and when, so it must not name the person')
    .addOption(new Option('--reason <text>', 'the same as --message').hideHelp())
    .action((id: string, _options, command: Command) => allowCommand(id, optionsOf<WhyFlags>(command)));
  examples(allow, ["person allow usr_8841 -m 'signed up again'", 'their next events are processed']);
}

type Options<Flags> = ReturnType<typeof optionsOf<Flags>>;

async function eraseCommand(id: string, options: Options<EraseFlags>): Promise<void> {
  const terminal = processTerminal();
  const reason = options.message ?? options.reason;
  if (!options.dryRun && reason === undefined) throw needsReason('an erasure');
  const environment = await connect(options);
  const request = {
    id,
    also: options.also ?? [],
    ...(options.searchSince !== undefined && { searchSinceMs: options.searchSince }),
  };
  const preview = await previewErasure(environment, request, Date.now());
  const { secret: _secret, ...shown } = preview;
  if (options.dryRun && options.json) return printJson(terminal, shown);
  printPreview(besideJson(terminal, options), preview);
  if (options.dryRun) return;
  if (reason === undefined) throw needsReason('an erasure');
  const what = `erase ${id} in ${environment.name} (${environment.where}); there is no way back`;
  if (!options.yes) {
    if (!canAsk()) throw failure(`not asked: ${what}`, '--yes does it without a question');
    if ((await typed(`${what}. Type the id to go on: `)) !== id)
      throw failure('that is not the id; nothing was erased');
  }
  const by = { author: currentAuthor(), reason, nowMs: Date.now() };
  const job = await startErasure(environment, preview, by);
  if (!environment.local) terminal.note('first every function learns to refuse the person, which takes 30 s');
  await followJob(terminal, environment, job, options, (following) => carryOnErasure(environment, job.id, following));
  noteWhatStays(terminal, request.searchSinceMs !== undefined);
}

function needsReason(what: string) {
  return usageError(`${what} needs a reason`, "-m 'ticket 4711'");
}

async function typed(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(question)).trim();
  } finally {
    lines.close();
  }
}

type KindText = { one: string; many: string; effect: string };

const kindTexts: Record<(typeof erasedKinds)[number], KindText> = {
  events: {
    one: 'event or request of the person',
    many: 'events and requests of the person',
    effect: 'a row stays, and says when it was erased',
  },
  actions: { one: 'execution of these', many: 'executions of these', effect: 'parameters and results go' },
  runs: {
    one: 'run',
    many: 'runs',
    effect: "the person's own go; those that their events began for others lose their data",
  },
  directory: {
    one: 'row of the directory',
    many: 'rows of the directory',
    effect: 'the user, subscriptions and memberships, both ways',
  },
  claims: { one: 'idempotency key', many: 'idempotency keys', effect: 'of these events' },
  mentions: {
    one: 'row of others that names the person',
    many: 'rows of others that name the person',
    effect: 'the name goes, the rest stays',
  },
  jobs: { one: 'record of a replay', many: 'records of replays', effect: 'the name of the person goes' },
};

function kindText(kind: (typeof erasedKinds)[number], count: number): string {
  const { one, many, effect } = kindTexts[kind];
  return `${plural(count, one, many)}: ${effect}`;
}

function printPreview(terminal: Terminal, { ids, counts, erased_at }: ErasurePreview): void {
  printFields(terminal, 'Would erase', [
    ['ids', ids.join(', ')],
    ...erasedKinds.map((kind): [string, string] => [kind, kindText(kind, counts[kind])]),
  ]);
  if (erased_at !== null) terminal.note(`this person was erased before, ${formatTime(Date.parse(erased_at))}`);
}

/** What no key leads to. docs/persons.md has all of it. */
function noteWhatStays(terminal: Terminal, hasSearched: boolean): void {
  if (!hasSearched)
    terminal.note(
      'not searched: events of others that only name the person, and bulk requests; --search-since finds them',
    );
  terminal.note(
    'not reached: backups (35 days), logs of functions, dead-letter queues, targets, warehouses. See docs/persons.md',
  );
}

async function erasuresCommand(id: string | undefined, options: Options<object>): Promise<void> {
  const terminal = processTerminal();
  const rows = await readErasures(await connect(options), id);
  if (options.json) printJson(terminal, rows);
  else if (rows.length > 0) terminal.out(renderTable(columns(Date.now()), rows, terminal));
  else terminal.note(id === undefined ? 'no person was erased here' : 'no person with this id was erased here');
}

function columns(nowMs: number): Column<ErasureRow>[] {
  const ago = (at: string) => formatAgo(Date.parse(at), nowMs);
  return [
    { title: 'PERSON', value: ({ person }) => person, whole: true },
    { title: 'ERASED', value: ({ erased_at }) => ago(erased_at) },
    { title: 'BY', value: ({ author }) => author },
    { title: 'WHY', value: ({ reason }) => reason },
    { title: 'JOB', value: ({ job }) => job, whole: true },
    { title: 'ALLOWED AGAIN', value: ({ allowed_at }) => (allowed_at === null ? '-' : ago(allowed_at)) },
  ];
}

async function allowCommand(id: string, options: Options<WhyFlags>): Promise<void> {
  const terminal = processTerminal();
  const reason = options.message ?? options.reason;
  if (reason === undefined) throw needsReason('allowing a person again');
  const environment = await connect(options);
  await allowPerson(environment, id, { author: currentAuthor(), reason, nowMs: Date.now() });
  terminal.note('the person is allowed again; events count from now on');
}
