import { describeChange } from '../../../shared/operations/mappings/describe-change.ts';
import type { EffectGroup, UnderConfiguration } from '../../../shared/operations/replay/under-configuration.ts';
import { formatCount, plural, printable } from '../../../shared/operations/words/text.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** What would become of events under another configuration: counts first, each with a few examples. */
export function printLook(terminal: Terminal, look: UnderConfiguration): void {
  const { colours } = terminal;
  const { configuration, matching, looked_at, effects, differ_from_live, changes } = look;
  const name = configuration === 'draft' ? 'the draft' : configuration;
  terminal.out(colours.bold(`${plural(matching, 'event')} match; under ${name}, compared with what happened:`));
  if (looked_at < matching) terminal.out(`the oldest ${formatCount(looked_at)} were looked at`);
  printGroups(
    terminal,
    effects.map((group) => ({ ...group, text: effectText(group) })),
  );
  terminal.out('');
  terminal.out(
    differ_from_live === 0
      ? 'none of them ends otherwise than under the live configuration'
      : colours.bold(`${plural(differ_from_live, 'event')} end otherwise than under the live configuration:`),
  );
  printGroups(
    terminal,
    changes.map((group) => ({ ...group, text: describeChange(group) })),
  );
}

function printGroups(terminal: Terminal, groups: { count: number; examples: string[]; text: string }[]): void {
  const { colours } = terminal;
  const width = Math.max(0, ...groups.map(({ count }) => formatCount(count).length));
  for (const { count, examples, text } of groups) {
    terminal.out(`  ${colours.yellow(formatCount(count).padStart(width))}  ${printable(text)}`);
    terminal.out(`  ${' '.repeat(width)}  ${colours.dim(`e.g. ${examples.join(', ')}`)}`);
  }
}

const words: Record<EffectGroup['effect'], string> = {
  new: 'would run, for the first time',
  again: 'would run again',
  no_longer: 'would not run',
  done_otherwise: 'is done, and would have',
  waits: 'waits for its next try, which keeps its parameters',
  done: 'is done already',
  not_run: 'would not run, as before',
  event_ends: '',
};

function effectText({ effect, mapping, detail }: EffectGroup): string {
  if (mapping === null) return `the event: ${detail}`;
  const joint = effect === 'done_otherwise' ? ' ' : ': ';
  return `${mapping} ${words[effect]}${detail === null ? '' : `${joint}${detail}`}`;
}
