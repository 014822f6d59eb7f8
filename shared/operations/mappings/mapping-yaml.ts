import { stringify } from 'yaml';
import { safeYaml } from '../words/safe-yaml.ts';
import { displayWidth, padTo, printable } from '../words/text.ts';
import type { Suggestion } from './suggest-mapping.ts';

/** A suggestion as an entry of `mappings:`, ready to paste, with the event's values in comments. */
export function mappingYaml(
  { mapping, notes, paths, more, without }: Suggestion,
  sample: { source: string; eventId: string },
): string {
  const { id, event, action, parameters } = mapping;
  const comment = (text: string) => `  # ${printable(text)}`;
  const rows = paths.map(({ path, shown }) => ({ path: pastedPath(path), shown }));
  const width = Math.max(0, ...rows.map(({ path }) => displayWidth(path)));
  const entry = safeYaml([{ id, event, action, parameters }]);
  return [
    comment(`Suggested from event ${sample.eventId}; see docs/mappings.md. Check it, then try it:`),
    comment(`npx signalbox mapping test ${sample.source} --event ${sample.eventId} --draft files`),
    ...notes.map((note) => comment(`To check: ${note}.`)),
    entry.replace(/^/gm, '  '),
    comment('What else the event holds, for more parameters or conditions:'),
    ...rows.map(({ path, shown }) => comment(`  ${padTo(path, width)}  ${shown}`)),
    ...(without > 0 ? [comment(`  … and values that no path leads to: ${without}; preprocess.jsonata does`)] : []),
    ...(more > 0 ? [comment(`  … and ${more} paths more`)] : []),
  ]
    .map((line) => line.trimEnd())
    .join('\n');
}

/**
 * A path as YAML that may be pasted anywhere, also between the braces of a map; quoted if it needs
 * quotes.
 */
function pastedPath(path: string): string {
  return stringify([path], { collectionStyle: 'flow', lineWidth: 0 }).trim().slice(1, -1).trim();
}
