import { stringify } from 'yaml';
import { displayWidth, printable } from '../words/text.ts';
import type { Suggestion } from './suggest-mapping.ts';

/** A suggestion as an entry of `mappings:`, ready to paste, with what the event holds as comments. */
export function mappingYaml({ mapping, notes, paths, more }: Suggestion, sample: string): string {
  const { id, event, action, parameters } = mapping;
  const comment = (text: string) => `  # ${printable(text)}`;
  const width = Math.max(0, ...paths.map(({ path }) => displayWidth(printable(path))));
  const entry = stringify([{ id, event, action, parameters }], { lineWidth: 0, indentSeq: false }).trimEnd();
  return [
    comment(`Suggested from ${sample}; see docs/mappings.md. Check it, then try it:`),
    comment('npx signalbox mapping test SOURCE --event ID --draft files'),
    ...notes.map((note) => comment(`To check: ${note}.`)),
    entry.replace(/^/gm, '  '),
    comment('What else the event holds, for more parameters or conditions:'),
    ...paths.map(({ path, shown }) => comment(`  ${printable(path).padEnd(width)}  ${shown}`)),
    ...(more > 0 ? [comment(`  … and ${more} paths more`)] : []),
  ]
    .map((line) => line.trimEnd())
    .join('\n');
}
