import { type Statement, statusesOf } from '../../../shared/operations/verify/statement.ts';
import { formatCount, padTo, printable, wrapWords } from '../../../shared/operations/words/text.ts';

const width = 100;

/** A statement as a page for people: plain text without colours, the same on a terminal and in a file. */
export function statementText(statement: Statement): string {
  const { window, sources, waiting, unexplained } = statement;
  const fields: [string, string][] = [
    ['Environment', `${statement.environment} (${statement.where})`],
    ['Window', `${window.since} until before ${window.until}, compared by ${window.period_seconds} seconds`],
    ['Made', `${statement.made_at} by ${statement.made_by}, with Signalbox ${statement.made_with.signalbox}`],
    ['Functions', statement.made_with.functions ?? 'the stack does not name their code'],
    ['Verdict', `${statement.verdict.replaceAll('_', ' ').toUpperCase()}. ${statement.summary}`],
  ];
  const total = (of: Record<string, number>) => Object.values(of).reduce((sum, count) => sum + count, 0);
  const lines = [
    'COMPLETENESS STATEMENT',
    '',
    ...fields.flatMap(([name, value]) => paragraph(value, `${name.padEnd(12)}`)),
    '',
    'EVENTS, BY SOURCE',
    ...table(
      [
        'source',
        'accepted',
        ...statusesOf(statement).map(eventWord),
        'no row',
        '503 queued',
        'not counted',
        'forced replays, tests',
      ],
      sources.map(({ source, accepted, rows, ...of }) => [
        source,
        accepted,
        ...statusesOf(statement).map((status) => rows[status] ?? 0),
        of.without_row,
        of.unanswered_rows,
        of.rows_not_counted,
        of.forced_replays,
      ]),
    ),
    '',
    'EXECUTIONS OF ACTIONS, BY SOURCE',
    ...table(
      ['source', ...outcomesOf(statement).map(executionWord)],
      sources.map(({ source, executions }) => [
        source,
        ...outcomesOf(statement).map((outcome) => executions[outcome] ?? 0),
      ]),
    ),
    '',
    'REQUESTS THAT NEVER BECAME EVENTS',
    ...listed(
      [
        ...sources.flatMap(({ source, requests_refused, requests_unanswered }) => [
          ...Object.entries(requests_refused).map(
            ([reason, count]) => `${source}: ${formatCount(count)} refused (${reason})`,
          ),
          ...Object.entries(requests_unanswered).map(
            ([reason, count]) => `${source}: ${formatCount(count)} answered 503 (${reason})`,
          ),
        ]),
        ...Object.entries(statement.requests_of_no_source).map(
          ([reason, count]) => `no source: ${formatCount(count)} refused (${reason})`,
        ),
      ],
      'none',
    ),
    ...(total(waiting.executions) + waiting.events > 0
      ? [
          '',
          'WHAT WAITS',
          ...listed(
            [
              ...(waiting.events > 0 ? [`${formatCount(waiting.events)} events in a queue`] : []),
              ...Object.entries(waiting.executions).map(
                ([reason, count]) => `${formatCount(count)} executions: ${reason}`,
              ),
            ],
            'nothing',
          ),
        ]
      : []),
    ...(statement.jobs.length > 0
      ? [
          '',
          'JOBS THAT WENT ON',
          ...statement.jobs.flatMap(({ id, kind, author, total: all }) =>
            paragraph(`${kind} ${id} of ${formatCount(all)} events, by ${author}`, '  '),
          ),
        ]
      : []),
    ...(unexplained.length > 0
      ? [
          '',
          'UNEXPLAINED',
          ...unexplained.flatMap(({ what, source, since, count, event_ids }) => [
            ...paragraph(`${what} ${source}${since === null ? '' : ` ${since}`}: ${formatCount(count)}`, '  '),
            ...event_ids.map((id) => `    ${id}`),
          ]),
        ]
      : []),
    '',
    'CONFIGURATION IN FORCE',
    ...listed(
      statement.configuration.map(
        ({ id, kind, author, live_since }) => `${id} (${kind}), live since ${live_since}, by ${author}`,
      ),
      'none was committed',
    ),
    '',
    'WHAT THIS STATEMENT CANNOT SHOW',
    ...listed(statement.cannot_show, ''),
    '',
    `SHA-256 of the document: ${statement.sha256}`,
    'npx signalbox verify --statement --check FILE.json computes it again, and compares the counts.',
  ];
  return `${lines.join('\n')}\n`;
}

const words: Record<string, string> = { no_mapping: 'without mapping', idempotent: 'duplicates' };
const usual = ['succeeded', 'skipped', 'failed', 'pending', 'no_row'];
const outcomesOf = ({ sources }: Statement) => [
  ...new Set([...usual, ...sources.flatMap(({ executions }) => Object.keys(executions))]),
];
const executionWord = (outcome: string) => (outcome === 'pending' ? 'waiting' : outcome.replace('_', ' '));
const eventWord = (status: string) => words[status] ?? status;

function paragraph(text: string, before: string): string[] {
  const [first = '', ...rest] = wrapWords(printable(text), width - before.length);
  return [`${before}${first}`, ...rest.map((line) => `${' '.repeat(before.length)}${line}`)];
}

const listed = (items: readonly string[], none: string) =>
  items.length === 0 ? [`  ${none}`] : items.flatMap((item) => paragraph(item, '  '));

/** Numbers under their titles; a title of two words takes two lines. */
function table(titles: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  if (rows.length === 0) return ['  no source'];
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? formatCount(cell) : printable(cell))));
  const heads = [0, 1].map((line) =>
    titles.map((title) => {
      const parts = title.split(' ');
      return (parts.length === 1 ? ['', title] : [parts[0], parts.slice(1).join(' ')])[line] ?? '';
    }),
  );
  const widths = titles.map((_, i) => Math.max(...[...heads, ...cells].map((row) => row[i]?.length ?? 0)));
  return [...heads, ...cells]
    .map((row) =>
      `  ${row.map((cell, i) => padTo(cell, widths[i] ?? 0, i === 0 ? 'left' : 'right')).join('  ')}`.trimEnd(),
    )
    .filter((line) => line !== '');
}
