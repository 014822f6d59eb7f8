import { Snapshot, SourceFile, SourceState } from '../../shared/core/configuration/schema.ts';
import { sourceGuide } from '../../shared/operations/sources/source-guides.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';

/** One source of a kind, under the kind's id, with all mappings of its guide; and what a test changes of it. */
export async function configurationOf(
  kind: string,
  change: { file?: Record<string, unknown>; state?: Record<string, unknown> } = {},
): Promise<LiveConfiguration> {
  const guided = await sourceGuide(kind);
  if (guided === undefined) throw new Error(`no kind ${kind}`);
  const mappings = guided.guide.defaultMappings.map(({ mapping }) => mapping);
  return {
    version: 7,
    snapshot: Snapshot.parse({
      sources: { [kind]: SourceFile.parse({ kind, name: kind, mappings, ...change.file }) },
      workflows: {},
    }),
    state: { sources: { [kind]: SourceState.parse(change.state ?? {}) }, inactive_workflows: [] },
  };
}
