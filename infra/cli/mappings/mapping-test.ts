import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { type Command, InvalidArgumentError } from 'commander';
import type { RawEvent } from '../../../shared/core/events/raw-event.ts';
import { problemOf } from '../../../shared/core/ingest/refusal.ts';
import { type PreparedSource, prepareSource } from '../../../shared/core/live/prepared.ts';
import { shippedDirectory } from '../../../shared/operations/configuration/files/configuration-files.ts';
import type { Environment } from '../../../shared/operations/environment.ts';
import { eventLogOf } from '../../../shared/operations/events/events.ts';
import { type Candidate, draftCandidate } from '../../../shared/operations/mappings/candidate.ts';
import { compareLast, rowsMax } from '../../../shared/operations/mappings/compare-last.ts';
import { mappingTestRow } from '../../../shared/operations/mappings/dry-run-rows.ts';
import { readPushedDraft } from '../../../shared/operations/mappings/pushed-draft.ts';
import { readPayload } from '../../../shared/operations/mappings/read-payload.ts';
import { storedEvent } from '../../../shared/operations/mappings/stored-event.ts';
import { testEvent } from '../../../shared/operations/mappings/test-event.ts';
import { failure, notFound, usageError } from '../../../shared/operations/refusal.ts';
import { type KnownSource, pickSources, readSources } from '../../../shared/operations/sources/known-sources.ts';
import { searchRange } from '../../../shared/operations/tables/search-range.ts';
import { idProblem } from '../../../shared/operations/why/what-is.ts';
import { formatCount, plural } from '../../../shared/operations/words/text.ts';
import { formatTime } from '../../../shared/operations/words/times.ts';
import type { LiveConfiguration } from '../../../shared/ports/configuration.ts';
import { examples, optionsOf, positiveInteger, time } from '../command.ts';
import { connect } from '../environment.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';
import { printComparison } from './comparison.ts';
import { printMappingTest } from './dry-run.ts';

type TestOptions = {
  event?: string;
  payload?: string;
  header: Record<string, string>;
  type?: string;
  last?: number;
  since?: number;
  draft?: true | 'files';
  dir: string;
};
type Options = ReturnType<typeof optionsOf<TestOptions>>;

export function addMappingTest(mapping: Command): void {
  const test = mapping
    .command('test <source>')
    .description('what would become of an event, without effects: live, or side by side with a draft')
    .option('--event <id>', 'of a stored event')
    .option('--payload <file>', "of the events in a request's body; - reads standard input")
    .option('--header <name:value>', 'a header that came with the payload; again for more', header, {})
    .option('--type <event-type>', 'of the newest stored event of this type; with --last, of several')
    .option(
      '--last <n>',
      'compares the last so many stored events with a draft and counts what changes',
      positiveInteger,
    )
    .option('--since <time>', 'how far back to look for stored events: 3 days by default', time)
    .option('--draft [what]', 'side by side with the draft; "files": with the files as they are now', draftOption)
    .option('--dir <path>', 'folder of the configuration files', shippedDirectory)
    .action((source: string, _options, command: Command) => testCommand(source, optionsOf<TestOptions>(command)));
  examples(
    test,
    ['mapping test rudderstack --event 01K…', 'what the live configuration makes of it now'],
    ['mapping test rudderstack --event 01K… --draft files', 'live and edited files, side by side'],
    ['mapping test rudderstack --payload order.json', 'an event that was never sent'],
    ['mapping test rudderstack --type track/order_completed --last 50 --draft files', 'how many outcomes would change'],
  );
}

function header(text: string, before: Record<string, string>): Record<string, string> {
  const colon = text.indexOf(':');
  if (colon < 1) throw new InvalidArgumentError('A header is written name:value.');
  return { ...before, [text.slice(0, colon).trim().toLowerCase()]: text.slice(colon + 1).trim() };
}

function draftOption(text: string): 'files' {
  if (text !== 'files') throw new InvalidArgumentError('It is "files", or nothing for the draft that was pushed.');
  return text;
}

async function testCommand(source: string, options: Options): Promise<void> {
  checkUsage(source, options);
  const terminal = processTerminal();
  const environment = await connect(options);
  const { live, known } = await readSources(environment);
  const draft = await candidateOf(environment, live, options);
  const isOnlyInDraft = draft !== undefined && Object.hasOwn(draft.configuration.snapshot.sources, source);
  if (!isOnlyInDraft) pickSources(known, source);
  if (options.last !== undefined && draft !== undefined)
    return compareCommand(
      { environment, live, draft, terminal, options, last: options.last },
      knownSource(known, source),
    );
  const raws =
    options.payload === undefined
      ? [await storedEvent(environment, known, source, { ...options, nowMs: Date.now() })]
      : await payloadEvents(options.payload, preparedFor(source, [draft?.configuration, live]), options);
  const tested = await Promise.all(
    raws.map((raw) =>
      testEvent(raw, { live, draft: draft?.configuration, environment: environment.name, nowMs: Date.now() }),
    ),
  );
  const rows = tested.map((one) => mappingTestRow(one, options.payload === undefined));
  if (options.json) printJson(terminal, rows);
  else
    for (const [i, row] of rows.entries()) {
      if (i > 0) terminal.out('');
      printMappingTest(terminal, row, draft?.name ?? '');
    }
  if (rows.some((row) => (row.draft ?? row.live).status === 'rejected')) process.exitCode = 1;
}

function checkUsage(source: string, { event, payload, type, last, header: headers, draft }: TestOptions): void {
  const command = `npx signalbox mapping test ${source}`;
  const chosen = [event, payload, type ?? last].filter((one) => one !== undefined);
  if (chosen.length !== 1)
    throw usageError(
      chosen.length === 0
        ? 'which event? name one'
        : 'an event, a payload and a type are three different questions; ask one',
      `${command} --event ID`,
      `${command} --payload FILE`,
      `${command} --type TYPE --last 50 --draft files`,
    );
  if (last !== undefined && draft === undefined)
    throw usageError(
      '--last compares with a draft; say which',
      `${command} --last ${last} --draft`,
      `${command} --last ${last} --draft files`,
    );
  if (payload === undefined && Object.keys(headers).length > 0)
    throw usageError('--header belongs to --payload: a stored event has the headers it came with');
  const problem = event === undefined ? undefined : idProblem(event);
  if (problem !== undefined)
    throw usageError(problem, `the newest of a type: ${command} --type TYPE`, 'their ids: npx signalbox events');
}

async function candidateOf(
  environment: Environment,
  live: LiveConfiguration,
  { draft, dir }: TestOptions,
): Promise<Candidate | undefined> {
  if (draft === undefined) return undefined;
  if (draft !== 'files') return draftCandidate(environment, live, readPushedDraft);
  // The code that checks files is large and only needed here.
  const { filesCandidate } = await import('../../../shared/operations/mappings/files-candidate.ts');
  return filesCandidate(environment, live, dir);
}

function preparedFor(source: string, configurations: (LiveConfiguration | undefined)[]): PreparedSource {
  for (const configuration of configurations) {
    const prepared = configuration && prepareSource(configuration, source);
    if (prepared !== undefined) return prepared;
  }
  throw notFound(
    `source "${source}" is not live`,
    `if it is new, test it by its file: npx signalbox mapping test ${source} --payload FILE --draft files`,
    'if it was removed, its stored events can still be looked at with --event',
  );
}

function knownSource(known: KnownSource[], source: string): KnownSource {
  const [picked] = pickSources(known, source);
  return picked as KnownSource;
}

async function payloadEvents(
  name: string,
  { key: source, file, namedHeaders }: PreparedSource,
  { header: headers }: TestOptions,
): Promise<RawEvent[]> {
  const rawBody = await readBytes(name);
  const read = readPayload({ source, file, namedHeaders, headers, rawBody, nowMs: Date.now() });
  if (read.kind === 'events') return read.events;
  const { status, title } = problemOf(read);
  throw failure(`the request would be answered ${status}: ${title} (${read.reason})`, read.detail);
}

async function readBytes(name: string): Promise<Uint8Array> {
  if (name === '-') return buffer(process.stdin);
  try {
    return readFileSync(name);
  } catch (error) {
    throw usageError(`${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

type CompareRequest = {
  environment: Environment;
  live: LiveConfiguration;
  draft: Candidate;
  terminal: Terminal;
  options: Options;
  last: number;
};

async function compareCommand(
  { environment, live, draft, terminal, options, last }: CompareRequest,
  source: KnownSource,
): Promise<void> {
  const nowMs = Date.now();
  const range = searchRange(options, nowMs, { retentionDays: environment.outputs.LogRetentionDays });
  const comparison = await compareLast(eventLogOf(environment), {
    ...range,
    source,
    ...(options.type !== undefined && { eventType: options.type }),
    last,
    rowsMax,
    live,
    draft: draft.configuration,
    environment: environment.name,
    nowMs,
    progress: ({ lookedAt, compared }) =>
      terminal.note(`${plural(lookedAt, 'event')} read, ${formatCount(compared)} of ${formatCount(last)} compared`),
  });
  if (options.json) printJson(terminal, comparison);
  else
    printComparison(terminal, comparison, `the ${draft.name}`, options.draft === 'files' ? '--draft files' : '--draft');
  if (comparison.ended === 'rows_max')
    terminal.note(`stopped after ${plural(comparison.looked_at, 'event')}; those before were not looked at`);
  else if (comparison.ended === 'no_more' && range.byDefault)
    terminal.note(`there are no more since ${formatTime(range.sinceMs)}; ${range.furthest} looks further back`);
}
