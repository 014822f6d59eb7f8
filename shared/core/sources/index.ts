import { amplitude } from './amplitude.ts';
import { census } from './census.ts';
import { clay } from './clay.ts';
import { hightouch } from './hightouch.ts';
import { http } from './http.ts';
import { httpLegacy } from './http-legacy.ts';
import { polytomic } from './polytomic.ts';
import { posthog } from './posthog.ts';
import { rudderstack } from './rudderstack.ts';
import type { SourceKind } from './source.ts';
import { supabase } from './supabase.ts';

/** Every kind of source. A test compares this list with the folder. */
export const sourceKinds: readonly SourceKind[] = [
  rudderstack,
  posthog,
  supabase,
  amplitude,
  clay,
  hightouch,
  census,
  polytomic,
  http,
  httpLegacy,
];

const byId = new Map(sourceKinds.map((kind) => [kind.id, kind]));

export function sourceKind(id: string): SourceKind | undefined {
  return byId.get(id);
}
