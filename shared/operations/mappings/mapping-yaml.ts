import { Document, isScalar, Scalar, visit } from 'yaml';
import { displayWidth, escaped, isPrintable, padTo, printable } from '../words/text.ts';
import type { Suggestion } from './suggest-mapping.ts';

/** A suggestion as an entry of `mappings:`, ready to paste, with what the event holds as comments. */
export function mappingYaml({ mapping, notes, paths, more }: Suggestion, sample: string): string {
  const { id, event, action, parameters } = mapping;
  const comment = (text: string) => `  # ${printable(text)}`;
  const width = Math.max(0, ...paths.map(({ path }) => displayWidth(printable(path))));
  const entry = safeYaml([{ id, event, action, parameters }]);
  return [
    comment(`Suggested from ${sample}; see docs/mappings.md. Check it, then try it:`),
    comment('npx signalbox mapping test SOURCE --event ID --draft files'),
    ...notes.map((note) => comment(`To check: ${note}.`)),
    entry.replace(/^/gm, '  '),
    comment('What else the event holds, for more parameters or conditions:'),
    ...paths.map(({ path, shown }) => comment(`  ${padTo(printable(path), width)}  ${shown}`)),
    ...(more > 0 ? [comment(`  … and ${more} paths more`)] : []),
  ]
    .map((line) => line.trimEnd())
    .join('\n');
}

/** YAML that shows every character: what a terminal would swallow or obey is escaped, so a pasted mapping still matches. */
function safeYaml(value: unknown): string {
  const document = new Document(value);
  visit(document, (_key, node) => {
    if (isScalar(node) && typeof node.value === 'string' && !isPrintable(node.value)) node.type = Scalar.QUOTE_DOUBLE;
  });
  const text = document.toString({ lineWidth: 0, indentSeq: false, doubleQuotedMinMultiLineLength: 10_000 }).trimEnd();
  return [...text]
    .map((character) => (character === '\n' || isPrintable(character) ? character : escaped(character)))
    .join('');
}
