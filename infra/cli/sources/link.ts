import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { linkEntropyBytes } from '../../../shared/core/ids/link-token.ts';
import {
  createLink,
  type LinkRow,
  linkDaysByDefault,
  linkDaysMax,
  listLinks,
  revokeLink,
} from '../../../shared/operations/links/links.ts';
import { formatAgo, formatTime } from '../../../shared/operations/words/times.ts';
import { currentAuthor } from '../../author.ts';
import { examples, type GlobalOptions, optionsOf, positiveInteger } from '../command.ts';
import { connect } from '../environment.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, processTerminal } from '../terminal/terminal.ts';

type LinkOptions = GlobalOptions & { days: number; payloads?: boolean; url: boolean };

/** `sources link`, `links` and `unlink`: the page for the person at the sender's side. */
export function addLinks(sources: Command): void {
  const link = sources
    .command('link <key>')
    .description('makes a read-only link to a page for the person at the sender, shown this once')
    .option('--days <n>', `how long it works, at most ${linkDaysMax}`, positiveInteger, linkDaysByDefault)
    .option('--payloads', 'the page also shows what events hold')
    .option('--no-url', 'the page does not show the ingest URL, with which events can be sent')
    .action((key: string, _options, command: Command) => linkCommand(key, optionsOf<LinkOptions>(command)));
  examples(
    link,
    ['sources link stripe', 'for the person who sets Stripe up; works for a week'],
    ['sources link stripe --days 1 --payloads', 'to look at payloads together, today'],
    ['sources link stripe --no-url -e production', 'for a person who only looks'],
  );
  const links = sources
    .command('links [key]')
    .description('links of all sources, or of one: made by whom, until when, last use')
    .action((key: string | undefined, _options, command: Command) => listCommand(key, optionsOf(command)));
  examples(links, ['sources links', 'of all sources'], ['sources links stripe --json', 'of one, for scripts']);
  const unlink = sources
    .command('unlink <id>')
    .description('ends a link: it opens nothing from its next request on')
    .action((id: string, _options, command: Command) => revokeCommand(id, optionsOf(command)));
  examples(unlink, ['sources unlink 4f1c09ab77de', 'by the id that `sources links` lists']);
}

async function linkCommand(
  source: string,
  { days, payloads = false, url: showsUrl, ...options }: LinkOptions,
): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const now = { author: currentAuthor(), nowMs: Date.now(), entropy: randomBytes(linkEntropyBytes) };
  const made = await createLink(environment, { source, days, payloads, showsUrl }, now);
  if (options.json) return printJson(terminal, made);
  terminal.out(made.link);
  terminal.note(
    `This is the only time that the link (${made.id}) is shown. It works until ${formatTime(Date.parse(made.expires_at))}, for every person who has it.`,
  );
  terminal.note(
    `Its page shows ${source} in ${environment.name}: counts, types and reasons${payloads ? ', and what events hold' : ''}. It changes nothing.`,
  );
  if (showsUrl)
    terminal.note('When asked, it shows the ingest URL, with which events can be sent. Without that: --no-url.');
  terminal.note(`End it before: npx signalbox sources unlink ${made.id}`);
}

async function listCommand(source: string | undefined, options: GlobalOptions): Promise<void> {
  const terminal = processTerminal();
  const nowMs = Date.now();
  const rows = await listLinks(await connect(options), source, nowMs);
  if (options.json) return printJson(terminal, rows);
  if (rows.length === 0)
    return terminal.note(
      `no links${source === undefined ? '' : ` of ${source}`}; npx signalbox sources link ${source ?? 'KEY'} makes one`,
    );
  const ago = (text: string) => formatAgo(Date.parse(text), nowMs);
  terminal.out(
    renderTable<LinkRow>(
      [
        { title: 'ID', value: ({ id }) => id, whole: true },
        { title: 'SOURCE', value: ({ source }) => source },
        { title: 'MADE', value: ({ created_at, created_by }) => `${ago(created_at)} by ${created_by}` },
        { title: 'LAST USED', value: ({ last_used_at }) => (last_used_at === null ? 'never' : ago(last_used_at)) },
        { title: 'SHOWS', value: shows },
        { title: 'STATE', value: (row) => stateOf(row, ago) },
      ],
      rows,
      terminal,
    ),
  );
  terminal.note('Last use is recorded to the hour.');
}

function shows({ payloads, shows_url }: LinkRow): string {
  return ['counts', ...(payloads ? ['payloads'] : []), ...(shows_url ? ['URL'] : [])].join(', ');
}

function stateOf({ state, expires_at, revoked_at, revoked_by }: LinkRow, ago: (text: string) => string): string {
  if (state === 'revoked' && revoked_at !== null) return `revoked ${ago(revoked_at)} by ${revoked_by}`;
  return state === 'expired' ? `ended ${ago(expires_at)}` : `works, ends ${ago(expires_at)}`;
}

async function revokeCommand(id: string, options: GlobalOptions): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const row = await revokeLink(environment, id, { author: currentAuthor(), nowMs: Date.now() });
  if (options.json) return printJson(terminal, row);
  terminal.note(`The link ${row.id} of ${row.source} has ended in ${environment.name}: it opens nothing any more.`);
}
