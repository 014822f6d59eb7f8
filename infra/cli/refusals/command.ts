import type { Command } from 'commander';
import { listRefusals, type RefusalRow } from '../../../shared/operations/refusals/refusals.ts';
import { pickSources, readSources } from '../../../shared/operations/sources/known-sources.ts';
import { formatCount } from '../../../shared/operations/words/text.ts';
import { formatWhen } from '../../../shared/operations/words/times.ts';
import { examples, optionsOf, time } from '../command.ts';
import { connect } from '../environment.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { type Colours, printJson, processTerminal } from '../terminal/terminal.ts';

type RefusalsOptions = { source?: string; since?: number; until?: number };

export function register(program: Command): void {
  const refusals = program
    .command('refusals')
    .description('requests that never became events: refused, or answered 503; by source and reason')
    .option('--source <key>', 'of one source')
    .option('--since <time>', 'from this time on: 15m, 2h, 3d (ago) or ISO; 1 day by default', time)
    .option('--until <time>', 'up to this time', time)
    .action((_options, command: Command) => refusalsCommand(optionsOf<RefusalsOptions>(command)));
  examples(
    refusals,
    ['refusals', 'the last day'],
    ['refusals --source stripe --since 2h', 'why does nothing arrive from Stripe?'],
  );
  refusals.addHelpText(
    'after',
    '\nA body is never shown: nothing is stored of a refused request but its id, and that every five minutes.',
  );
}

async function refusalsCommand(options: ReturnType<typeof optionsOf<RefusalsOptions>>): Promise<void> {
  const terminal = processTerminal();
  const environment = await connect(options);
  const nowMs = Date.now();
  const sources = pickSources((await readSources(environment)).known, options.source).map(({ key }) => key);
  const range = { sinceMs: options.since ?? nowMs - 86_400_000, untilMs: options.until ?? nowMs };
  const rows = await listRefusals(environment, sources, range);
  const shown = options.source === undefined ? rows : rows.filter(({ source }) => source === options.source);
  if (options.json) printJson(terminal, shown);
  else if (shown.length > 0) terminal.out(renderTable(columns(terminal.colours, nowMs), shown, terminal));
  else terminal.note('every request was accepted');
}

function columns({ red, yellow }: Colours, nowMs: number): Column<RefusalRow>[] {
  return [
    { title: 'SOURCE', value: ({ source }) => source, whole: true },
    {
      title: 'ANSWER',
      value: ({ outcome }) => (outcome === 'refused' ? '4xx' : '503'),
      paint: (text, { outcome }) => (outcome === 'refused' ? red(text) : yellow(text)),
    },
    { title: 'REASON', value: ({ reason }) => reason, whole: true },
    { title: 'COUNT', value: ({ count }) => formatCount(count), align: 'right' },
    { title: 'LAST', value: ({ last_at }) => formatWhen(Date.parse(last_at), nowMs) },
    { title: 'REQUEST', value: ({ example }) => example?.request_id ?? '-', whole: true },
  ];
}
