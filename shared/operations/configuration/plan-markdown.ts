import { refText } from '../../core/configuration/resources.ts';
import { describeChange } from '../mappings/describe-change.ts';
import { formatCount, plural, printable } from '../words/text.ts';
import type { ConfigurationPlan } from './plan.ts';

// GitHub takes 65,536 characters in a comment; a part of it is for what the caller adds.
const charactersMax = 40_000;
const valueMax = 300;

/** A plan as one comment of a pull request. Its first line says which environment's comment it is. */
export function planMarkdown(plan: ConfigurationPlan): string {
  const { environment, version, changes, objections, outcomes } = plan;
  const changed = outcomes.reduce((sum, outcome) => sum + outcome.changed, 0);
  const compared = outcomes.reduce((sum, outcome) => sum + outcome.compared, 0);
  const head = [
    marker(environment),
    `### Signalbox: what this changes in ${code(environment)}`,
    '',
    changes.length === 0
      ? `The files have the content that is live (version ${version}).`
      : `${plural(changes.length, 'resource')} ${changes.length === 1 ? 'differs' : 'differ'} from what is live (version ${version}). Of ${plural(compared, 'stored event')}, ${formatCount(changed)} would have another outcome.`,
  ];
  const refused = objections.flatMap(({ what, remedies }) => [
    `> **A commit would be refused**: ${text(what)}`,
    ...remedies.map((remedy) => `> - ${text(remedy)}`),
    '',
  ]);
  const body = [
    ...head,
    '',
    ...refused,
    ...(outcomes.length > 0 ? outcomeTable(plan) : []),
    ...(changes.length > 0 ? changeList(plan) : []),
  ].join('\n');
  if (body.length <= charactersMax) return `${body.trimEnd()}\n`;
  const short = [...head, '', ...refused, ...(outcomes.length > 0 ? outcomeTable(plan) : [])].join('\n');
  const note = 'The list of fields is too long for a comment: `npx signalbox config diff` prints it.';
  return `${short.slice(0, charactersMax).trimEnd()}\n\n${note}\n`;
}

/** Finds the comment again, to update it. */
export const marker = (environment: string): string => `<!-- signalbox plan: ${environment} -->`;

function outcomeTable({ outcomes }: ConfigurationPlan): string[] {
  const rows = outcomes.flatMap(({ source, compared, changed, unreadable, groups }) => [
    `| ${code(source)} | ${formatCount(compared)} | ${formatCount(changed)} | ${unreadable.length === 0 ? '' : `${plural(unreadable.length, 'event')} could not be read again`} |`,
    ...groups.map(
      (group) =>
        `| | | ${formatCount(group.count)} | ${text(describeChange(group))}, as ${code(group.examples[0] ?? '')} |`,
    ),
  ]);
  return ['| Source | Events compared | Would differ | How |', '|---|---|---|---|', ...rows, ''];
}

function changeList({ changes }: ConfigurationPlan): string[] {
  return changes.flatMap((change) => {
    const lines = change.fields.flatMap(({ path, before, after }) => [
      ...(before === undefined ? [] : [`- ${path}: ${valueText(before)}`]),
      ...(after === undefined ? [] : [`+ ${path}: ${valueText(after)}`]),
    ]);
    const inside = lines.map(printable).join('\n');
    return [`**${text(refText(change))}** ${change.change}`, '', `${fence(inside)}diff`, inside, fence(inside), ''];
  });
}

function valueText(value: unknown): string {
  const whole = typeof value === 'string' ? value : JSON.stringify(value);
  return whole.length <= valueMax ? whole : `${whole.slice(0, valueMax)}…`;
}

/** Longer than any run of backticks inside, so that no value ends the block. */
function fence(inside: string): string {
  const longest = Math.max(2, ...[...inside.matchAll(/`+/g)].map(([run]) => run.length));
  return '`'.repeat(longest + 1);
}

/** Words that may hold what a stranger wrote: shown as they are, with no link, mention or HTML. */
function text(words: string): string {
  return printable(words)
    .replace(/[\\`*_{}[\]<>()#|~!]/g, '\\$&')
    .replaceAll('@', '@\u200b')
    .replaceAll('://', ':\u200b//');
}

function code(words: string): string {
  return `\`${printable(words).replace(/[`|\n]/g, ' ')}\``;
}

/** The comment when there can be no plan. */
export function filesWithErrors(environment: string, problems: readonly string[]): string {
  const inside = problems.map(printable).join('\n').slice(0, charactersMax);
  const head = `### Signalbox: the configuration has ${plural(problems.length, 'error')}`;
  return [marker(environment), head, '', fence(inside), inside, fence(inside), ''].join('\n');
}
