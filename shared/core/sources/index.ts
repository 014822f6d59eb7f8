import { rudderstack } from './rudderstack.ts';
import type { SourceKind } from './source.ts';

/** Every kind of source. A test compares this list with the folder. */
export const sourceKinds: readonly SourceKind[] = [rudderstack];

const byId = new Map(sourceKinds.map((kind) => [kind.id, kind]));

export function sourceKind(id: string): SourceKind | undefined {
  return byId.get(id);
}
