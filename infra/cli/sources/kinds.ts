import type { Command } from 'commander';
import type { GuidedKind } from '../../../shared/core/sources/guide.ts';
import { kindRow, proofOf, unknownKind } from '../../../shared/operations/sources/kind-row.ts';
import { sourceGuides } from '../../../shared/operations/sources/source-guides.ts';
import { plural } from '../../../shared/operations/words/text.ts';
import { examples, type GlobalOptions, optionsOf } from '../command.ts';
import { printFields } from '../terminal/fields.ts';
import { renderTable } from '../terminal/table.ts';
import { printJson, processTerminal, type Terminal } from '../terminal/terminal.ts';

export function addKinds(sources: Command): void {
  const kinds = sources
    .command('kinds [kind]')
    .description('every kind of sender, or one: how it proves itself, its event types and default mappings')
    .action((kind: string | undefined, _options, command: Command) => kindsCommand(kind, optionsOf(command)));
  examples(
    kinds,
    ['sources kinds', 'all of them'],
    ['sources kinds stripe', 'one, with its default mappings'],
    ['sources kinds --json', 'for scripts'],
  );
}

async function kindsCommand(name: string | undefined, options: GlobalOptions): Promise<void> {
  const terminal = processTerminal();
  const all = await sourceGuides();
  const picked = name === undefined ? all : all.filter(({ kind }) => kind.id === name);
  if (name !== undefined && picked.length === 0) throw unknownKind(name, all);
  if (options.json) return printJson(terminal, picked.map(kindRow));
  const [only] = picked;
  if (name !== undefined && only !== undefined) printKind(terminal, only);
  else printKinds(terminal, picked);
}

function printKinds(terminal: Terminal, kinds: GuidedKind[]): void {
  terminal.out(
    renderTable<GuidedKind>(
      [
        { title: 'KIND', value: ({ kind }) => kind.id, whole: true, paint: terminal.colours.bold },
        { title: 'SENDER', value: ({ kind }) => kind.title },
        { title: 'CATEGORY', value: ({ guide }) => guide.category },
        { title: 'PROOF', value: proofOf },
        { title: 'EVENT TYPES', value: ({ guide }) => guide.eventType.examples.slice(0, 2).join(', ') },
      ],
      kinds,
      terminal,
    ),
  );
  terminal.note('\nNext: npx signalbox sources add KIND');
}

const enforcement = {
  on: 'refused with 401 unless proven',
  off: 'never refused until you say so',
  once_set: 'refused with 401 unless proven, once a secret is set',
} as const;

function printKind(terminal: Terminal, { kind, guide }: GuidedKind): void {
  terminal.out(`${guide.about}\n`);
  printFields(terminal, kind.title, [
    ['kind', kind.id],
    ['event type', `${guide.eventType.rule} ${guide.eventType.examples.join(', ')}`],
    ['key', guide.key],
    ['proof', `${kind.verifier.instruction}; ${enforcement[kind.settings.enforcement]}`],
    ['copies', `count for ${plural(kind.settings.windowHours, 'hour')}`],
    ['waits', guide.behaviour.timeout],
    ['retries', guide.behaviour.retries],
    ['gives up', guide.behaviour.drops],
    ['page', `docs/sources/${kind.id}.md`],
  ]);
  terminal.out('');
  terminal.out(
    renderTable(
      [
        { title: 'DEFAULT MAPPING', value: ({ mapping }) => mapping.id, whole: true },
        { title: 'EVENT TYPE', value: ({ mapping }) => mapping.event },
        { title: 'ACTION', value: ({ mapping }) => mapping.action },
        { title: 'TAKEN', value: ({ optional }) => (optional ? 'when asked for' : 'yes') },
      ],
      [...guide.defaultMappings],
      terminal,
    ),
  );
}
