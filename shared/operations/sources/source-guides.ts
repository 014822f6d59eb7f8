import type { GuidedKind, GuideOf } from '../../core/sources/guide.ts';
import { sourceKinds } from '../../core/sources/index.ts';

/** The guide of one kind, from the file that defines the kind; undefined for a kind that there is not. */
export async function sourceGuide(id: string): Promise<GuidedKind | undefined> {
  const kind = sourceKinds.find((one) => one.id === id);
  if (kind === undefined) return undefined;
  const { guide } = (await import(`../../core/sources/${kind.id}.ts`)) as { guide: GuideOf };
  return { kind, guide: guide() };
}

/** All of them, in the order of the listing. */
export function sourceGuides(): Promise<GuidedKind[]> {
  return Promise.all(sourceKinds.map(async ({ id }) => (await sourceGuide(id)) as GuidedKind));
}
