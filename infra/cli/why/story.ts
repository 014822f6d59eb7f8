import { noRuns } from '../../../shared/core/executions/no-runs.ts';
import { apiSource } from '../../../shared/core/ids/api-source.ts';
import type { ActionRow } from '../../../shared/operations/actions/action-row.ts';
import type { EventRow } from '../../../shared/operations/events/event-row.ts';
import type { RunRow } from '../../../shared/operations/runs/run-row.ts';
import type { ClaimRow, EventStory } from '../../../shared/operations/why/why.ts';
import { formatBytes, plural, printable } from '../../../shared/operations/words/text.ts';
import { formatAgo, formatDuration, formatTime, formatWhen } from '../../../shared/operations/words/times.ts';
import { inline } from '../../../shared/operations/words/values.ts';
import { discardedBy, outcomeOf, paintRun } from '../actions/table.ts';
import { paintStatus } from '../events/table.ts';
import { printMappings } from '../mappings/mappings.ts';
import type { Terminal } from '../terminal/terminal.ts';

const ms = (iso: string) => Date.parse(iso);

/** Long enough for any id in an answer; `--json` has all of it. */
const answerMax = 1_000;

/** An event as a story: request, claim, mappings, actions, runs, and its present state. */
export function printStory(terminal: Terminal, story: EventStory, nowMs: number): void {
  const { colours } = terminal;
  const line = (label: string, text: string) => terminal.out(`  ${colours.dim(label.padEnd(10))} ${printable(text)}`);
  const heading = (text: string) => terminal.out(`\n${colours.bold(text)}`);
  const { event } = story;

  terminal.out(colours.bold(`Event ${story.id}`));
  line('received', `${formatWhen(ms(story.received_at), nowMs)}${event === null ? '' : fromWhere(story)}`);
  if (event !== null) {
    line('verified', describeVerification(event.verification));
    line(
      'read as',
      `${event.type ?? 'no type'}, ${event.user_id === null ? 'without a user' : `of user ${event.user_id}`}`,
    );
    line(
      'processed',
      `after ${formatDelay(ms(event.processed_at) - ms(event.received_at))}, by configuration ${event.config_version ?? 'none'}`,
    );
    const outcome = [event.discarded && discardedBy(event.discarded), event.reason, event.detail]
      .filter((part) => part !== null)
      .join(': ');
    const status = paintStatus(colours, event.status, event.status);
    terminal.out(
      `  ${colours.dim('ended as'.padEnd(10))} ${status}${outcome === '' ? '' : ` · ${printable(outcome)}`}`,
    );
    if (event.erased_at !== null)
      line('erased', `${formatWhen(ms(event.erased_at), nowMs)}: its person was, and with them what the sender wrote`);
    if (event.replay_of !== null) line('replay of', `${event.replay_of}, which was run again as this event`);
    if (event.replays.length > 0) line('run again', `as new events: ${event.replays.join(', ')}`);
    for (const { job, author, reason, begun_at, outcome, detail } of story.jobs)
      line(
        outcome ?? 'to be run',
        `${formatWhen(ms(begun_at), nowMs)} by ${author}${reason === null ? '' : ` (${reason})`}, job ${job}${detail === null ? '' : `: ${detail}`}`,
      );
    heading('Claim');
    if (story.claim === null) terminal.out(`  ${printable(story.claim_note ?? 'none')}`);
    else for (const text of describeClaim(story.claim, event, nowMs)) terminal.out(`  ${printable(text)}`);
    // A call of the API says itself what it does; no mapping can.
    if (event.source !== apiSource) printConsidered(terminal, story, heading);
    heading('Actions');
    if (story.actions.length === 0) terminal.out(`  ${noActions(story)}`);
    printActions(terminal, story, nowMs);
    heading('Runs');
    if (story.runs.length === 0) terminal.out('  none');
    for (const run of story.runs) printRun(terminal, run, nowMs);
  }
  heading('Now');
  printNow(terminal, story, nowMs);
}

function fromWhere({ event, bytes, headers }: EventStory): string {
  const size = bytes === null ? '' : `, ${formatBytes(bytes)}`;
  const agent = headers['user-agent'] === undefined ? '' : ` (${headers['user-agent']})`;
  const batch = event?.batch_index == null ? '' : `, number ${event.batch_index + 1} of its request`;
  return ` from ${event?.source}${agent}${size}${batch}`;
}

const verifications: Record<string, string> = {
  'enforced:verified': 'yes, and events that fail the check are refused',
  'not_enforced:verified': 'yes; events that fail the check would be accepted too',
  'not_enforced:failed': 'NO: the check failed, and is not enforced for this source',
  'not_enforced:skipped':
    'not checked: the request brought nothing to check, or no secret is set; the URL alone let it in',
};

function describeVerification(status: string): string {
  return verifications[status] ?? status;
}

function formatDelay(delayMs: number): string {
  if (delayMs < 1_000) return `${Math.max(0, delayMs)} ms`;
  return delayMs < 10_000 ? `${(delayMs / 1000).toFixed(1)} s` : formatDuration(delayMs);
}

function describeClaim(claim: ClaimRow, { status }: EventRow, nowMs: number): string[] {
  const holder = claim.is_owner ? 'this event' : `event ${claim.owner}`;
  const window = claim.expired
    ? `its window ended ${formatAgo(ms(claim.expires_at), nowMs)}`
    : `for copies until ${formatTime(ms(claim.expires_at))} (${formatAgo(ms(claim.expires_at), nowMs)})`;
  const lines = [`Key ${claim.key} is held by ${holder}, ${window}.`];
  if (claim.execution !== claim.owner) lines.push(`It carries on execution ${claim.execution}.`);
  if (claim.released) lines.push('It is released: an action failed for good, so a copy that is sent again would run.');
  // A lease lasts some seconds beyond the work, so it only matters if no work was finished.
  else if (status === 'failed' && ms(claim.lease_ends_at) > nowMs)
    lines.push(`A function may be at work on it: its lease ends ${formatAgo(ms(claim.lease_ends_at), nowMs)}.`);
  return lines;
}

function printConsidered(terminal: Terminal, story: EventStory, heading: (text: string) => void): void {
  const { configuration, event, mappings, mappings_problem } = story;
  const version =
    configuration === null
      ? ''
      : `, configuration ${configuration.version}${configuration.exact ? '' : ' (as it is now: the row names none that is known)'}`;
  heading(`Mappings for ${printable(event?.type ?? 'an event without a type')}${version}`);
  if (mappings_problem !== null) terminal.out(`  cannot be shown: ${printable(mappings_problem)}`);
  else if (mappings.length === 0) terminal.out('  none: nothing is mapped to this event type');
  printMappings(terminal, mappings);
}

function noActions({ event }: EventStory): string {
  if (event?.status === 'idempotent')
    return `none: those of event ${event.duplicate_of ?? 'before it'} count for this copy too`;
  if (event?.status === 'processed' && event.actions.pending > 0)
    return `${plural(event.actions.pending, 'action')} handed on; no outcome yet`;
  return 'none';
}

const actionsShownMax = 20;

/** Of the many actions of a bulk request, those that a person asks about come first: what did not succeed. */
function printActions(terminal: Terminal, { id, actions }: EventStory, nowMs: number): void {
  if (actions.length <= actionsShownMax) {
    for (const action of actions) printAction(terminal, action, nowMs);
    return;
  }
  const shown = actions.filter(({ status }) => status !== 'succeeded').slice(0, actionsShownMax);
  for (const action of shown) printAction(terminal, action, nowMs, nameOf(action));
  const rest = actions.filter((action) => !shown.includes(action));
  const counts = [...Map.groupBy(rest, ({ status }) => status)].map(([status, of]) => `${of.length} ${status}`);
  const all = `npx signalbox actions --event ${id} --limit ${actions.length}`;
  terminal.out(`  ${shown.length > 0 ? 'and ' : ''}${counts.join(', ')}: ${terminal.colours.dim(all)}`);
}

/** What an item of a bulk request is about: ` of user_42`, ` of projects/apollo`. */
function nameOf({ payload: { collection, id } }: ActionRow): string {
  if (typeof id !== 'string') return '';
  return ` of ${typeof collection === 'string' ? `${collection}/` : ''}${id === '' ? 'a blank id' : id}`;
}

function printAction(terminal: Terminal, action: ActionRow, nowMs: number, name = ''): void {
  const { colours } = terminal;
  const when = action.finished_at ?? action.first_attempt_at;
  const tries = action.attempts === 1 ? '' : triesOf(action);
  const at = when === null ? '' : ` at ${formatTime(ms(when))}`;
  terminal.out(
    `  ${markOf(terminal, action)} ${colours.bold(printable(action.action))}${printable(name)} by ${printable(action.mapping)}: ${paintStatus(colours, action.status, action.status)}${tries}${at}`,
  );
  const outcome = outcomeOf({ ...action, result: null, warnings: [] }, nowMs);
  if (outcome !== '') terminal.out(`      ${printable(outcome)}`);
  if (action.result !== null) terminal.out(`      ${colours.dim('answer')} ${inline(action.result, answerMax)}`);
  for (const { message } of action.warnings) terminal.out(`      ${colours.yellow('warning')} ${printable(message)}`);
}

function triesOf({ status, attempts }: ActionRow): string {
  if (attempts > 0) return ` after ${plural(attempts, 'attempt')}`;
  return status === 'pending' ? ', not tried yet' : ', never tried';
}

function printRun(terminal: Terminal, run: RunRow, nowMs: number): void {
  const { colours } = terminal;
  const answer = run.target_reference === null ? '' : `, answer ${inline(run.target_reference, answerMax)}`;
  terminal.out(
    `  ${printable(run.workflow)} for ${printable(run.recipient)}: ${paintRun(colours, run.status, run.status)}, target ${printable(run.target)}, ${formatWhen(ms(run.updated_at), nowMs)}${answer}`,
  );
  if (run.error !== null) terminal.out(`      ${colours.red(printable(run.error))}`);
  terminal.out(`      ${colours.dim(printable(run.id))}`);
}

function markOf({ colours }: Terminal, { status, warnings }: ActionRow): string {
  if (warnings.some(({ code }) => code === noRuns)) return colours.yellow('!');
  if (status === 'succeeded') return colours.green('✓');
  return status === 'failed' ? colours.red('✗') : colours.yellow(status === 'pending' ? '…' : '–');
}

function printNow(terminal: Terminal, { id, bytes, now, queues }: EventStory, nowMs: number): void {
  terminal.out(`  ${printable(now.text)}`);
  if (now.state === 'waiting' && now.until !== null)
    terminal.out(`  The next try is due ${formatWhen(ms(now.until), nowMs)}.`);
  for (const { queue, ready, in_flight, delayed } of queues)
    if (ready + in_flight + delayed > 0)
      terminal.out(`  ${queue} queue: ${ready} ready, ${in_flight} in flight, ${delayed} delayed`);
  if (now.state === 'failed' && bytes !== null) terminal.out(`  Run again what is missing: npx signalbox replay ${id}`);
}
