import type { GuidedKind, SourceGuide } from '../../core/sources/guide.ts';
import { sourceKinds } from '../../core/sources/index.ts';

/**
 * The guides of all kinds, for tools: each is the export `guide` of the file beside its kind,
 * `<kind>.guide.ts`. Kinds are listed once, in shared/core/sources/index.ts;
 * test/contracts/source.test.ts reports a missing file.
 *
 * @returns undefined for a kind that does not exist
 */
export async function sourceGuide(id: string): Promise<GuidedKind | undefined> {
  const kind = sourceKinds.find((one) => one.id === id);
  if (kind === undefined) return undefined;
  const { guide } = (await import(`../../core/sources/${kind.id}.guide.ts`)) as { guide: SourceGuide };
  return { kind, guide };
}

/** All guides, in the order of the listing. */
export async function sourceGuides(): Promise<GuidedKind[]> {
  const guides: GuidedKind[] = [];
  // One after the other: Jest on Node 20 cannot load two files at once if they import the same
  // third.
  for (const { id } of sourceKinds) guides.push((await sourceGuide(id)) as GuidedKind);
  return guides;
}
