import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import {
  type ComparedEvent,
  type ComparisonRequest,
  type KnockComparison,
  prepareComparison,
  runComparison,
} from '../../../shared/operations/knock/compare/compare-with-knock.ts';
import type { OutgoingEvent } from '../../../shared/operations/knock/compare/outgoing-events.ts';
import { failure, usageError } from '../../../shared/operations/refusal.ts';
import { plural, printable } from '../../../shared/operations/words/text.ts';
import type { GlobalOptions } from '../command.ts';
import { connect } from '../environment.ts';
import { canAsk, confirm } from '../terminal/confirm.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';

export type CompareOptions = {
  compare: string;
  last?: number;
  newIds?: boolean;
  header: string[];
  yes?: boolean;
  baseUrl?: string;
  apiUrl?: string;
  logWait?: number;
};

type Request = GlobalOptions & CompareOptions & { slug: string; serviceToken: string; apiKey: string | undefined };

/** Sends the same events to both sides and shows how their effects differ; exit code 1 when they do. */
export async function compareCommand(files: readonly string[], options: Request): Promise<void> {
  const terminal = processTerminal();
  const prepared = await prepareComparison(await requestOf(files, options));
  const { events, knockUrl } = prepared;
  const effects = `${plural(events.length, 'event')} to source ${options.compare} in ${options.slug} at ${new URL(knockUrl).host}`;
  if (!options.yes) {
    if (options.json || !canAsk())
      throw failure(
        `this sends ${effects}, where users change and workflows may send messages`,
        'nothing was sent; --yes sends them',
      );
    if (!(await confirm(`This sends ${effects}. There users change and workflows may send messages. Send?`)))
      throw failure('nothing was sent');
  }
  const comparison = await runComparison(prepared, {
    ...(options.logWait !== undefined && { logMs: options.logWait * 1000 }),
  });
  if (options.json) printJson(terminal, comparison);
  else print(terminal, comparison);
  if (comparison.events.some(({ differences }) => differences.length > 0)) process.exitCode = 1;
}

async function requestOf(files: readonly string[], options: Request): Promise<ComparisonRequest> {
  if (files.length > 0 === (options.last !== undefined))
    throw usageError('--compare takes either files with payloads or --last', '--compare stripe invoice.json');
  const headers = Object.fromEntries(options.header.map(headerOf));
  return {
    environment: await connect(options),
    access: {
      serviceToken: options.serviceToken,
      ...(options.baseUrl !== undefined && { baseUrl: options.baseUrl }),
    },
    ...(options.apiKey !== undefined && {
      api: { key: options.apiKey, ...(options.apiUrl !== undefined && { baseUrl: options.apiUrl }) },
    }),
    source: options.compare,
    slug: options.slug,
    events: options.last === undefined ? { files: await readFiles(files) } : { last: options.last },
    newIds: options.newIds === true,
    ...(options.header.length > 0 && { headers }),
  };
}

function headerOf(text: string): [string, string] {
  const at = text.indexOf(':');
  if (at < 1) throw usageError(`--header takes 'name: value', not "${text}"`);
  return [text.slice(0, at).trim().toLowerCase(), text.slice(at + 1).trim()];
}

async function readFiles(files: readonly string[]): Promise<OutgoingEvent[]> {
  const events: OutgoingEvent[] = [];
  for (const name of files) events.push({ name, headers: {}, body: await readBody(name) });
  return events;
}

async function readBody(name: string): Promise<Uint8Array<ArrayBuffer>> {
  if (name === '-') return new Uint8Array(await buffer(process.stdin));
  try {
    return new Uint8Array(readFileSync(name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usageError(`${name} cannot be read${code === 'ENOENT' ? ': there is no such file' : `: ${code}`}`);
  }
}

function print({ out, colours }: Terminal, { events, not_compared: notCompared }: KnockComparison): void {
  for (const { name, type, ids, differences } of events) {
    const title = printable([name, type ?? 'no type', ids.join(', ')].filter((part) => part !== '').join('  '));
    out(`${differences.length === 0 ? colours.green('same    ') : colours.red('differs ')} ${title}`);
    for (const difference of differences) out(`           ${printable(differenceText(difference))}`);
  }
  out(`\n${colours.bold('Not compared')}`);
  for (const sentence of notCompared) out(`  ${printable(sentence)}`);
}

const value = (one: unknown) => (typeof one === 'string' ? one : JSON.stringify(one));

function differenceText(difference: ComparedEvent['differences'][number]): string {
  switch (difference.kind) {
    case 'only_here':
      return `only here: ${difference.effect}`;
    case 'only_at_knock':
      return `only at Knock: ${difference.effect}`;
    case 'run_only_here':
      return `a run only here: ${difference.run}`;
    case 'run_only_at_knock':
      return `a run only at Knock: ${difference.run}`;
    case 'status':
      return `${difference.effect}: here ${difference.here}, at Knock ${difference.knock}`;
    case 'parameter':
      return `${difference.effect}, ${difference.parameter}: here ${value(difference.here)}, at Knock ${value(difference.knock)}`;
    case 'record':
      return `${difference.record}, ${difference.field}: here ${value(difference.here)}, at Knock ${value(difference.knock)}`;
    case 'event_type':
      return `its type: here ${difference.here}, at Knock ${difference.knock}`;
    case 'answer':
      return `the answer: here ${difference.here}, at Knock ${difference.knock}`;
  }
}
