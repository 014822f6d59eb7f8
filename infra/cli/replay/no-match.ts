import type { Environment } from '../../../shared/operations/environment.ts';
import type { BulkFilter } from '../../../shared/operations/replay/bulk-filter.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { didYouMean } from '../../../shared/operations/words/did-you-mean.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** A filter that matches nothing may have a slip in a name: that would look as if nothing is missing. */
export async function noteUnknownNames(
  terminal: Terminal,
  environment: Environment,
  { workflow, mapping }: Pick<BulkFilter, 'workflow' | 'mapping'>,
): Promise<void> {
  if (workflow === undefined && mapping === undefined) return;
  const { workflows, sources } = (await readSources(environment)).live.snapshot;
  const mappings = Object.values(sources).flatMap((source) => source.mappings.map(({ id }) => id));
  const note = (what: string, name: string | undefined, known: string[]) => {
    if (name !== undefined && !known.includes(name))
      terminal.note(`no ${what} "${name}" is live${didYouMean(name, known)}`);
  };
  note('workflow', workflow, Object.keys(workflows));
  note('mapping', mapping, [...new Set(mappings)]);
}
