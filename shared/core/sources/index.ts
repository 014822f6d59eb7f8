import { amplitude } from './amplitude.ts';
import { census } from './census.ts';
import { clay } from './clay.ts';
import { clerk } from './clerk.ts';
import { freshpaint } from './freshpaint.ts';
import { hightouch } from './hightouch.ts';
import { http } from './http.ts';
import { httpLegacy } from './http-legacy.ts';
import { jitsu } from './jitsu.ts';
import { polytomic } from './polytomic.ts';
import { posthog } from './posthog.ts';
import { rudderstack } from './rudderstack.ts';
import { rudderstackActivation } from './rudderstack-activation.ts';
import { rudderstackLegacy } from './rudderstack-legacy.ts';
import { segment } from './segment.ts';
import { segmentLegacy } from './segment-legacy.ts';
import { shopify } from './shopify.ts';
import type { SourceKind } from './source.ts';
import { stripe } from './stripe.ts';
import { supabase } from './supabase.ts';
import { workos } from './workos.ts';

/** Every kind of source. A test compares this list with the folder. */
export const sourceKinds: readonly SourceKind[] = [
  rudderstack,
  rudderstackLegacy,
  segment,
  segmentLegacy,
  jitsu,
  freshpaint,
  stripe,
  clerk,
  workos,
  shopify,
  posthog,
  supabase,
  amplitude,
  clay,
  hightouch,
  census,
  polytomic,
  rudderstackActivation,
  http,
  httpLegacy,
];

const byId = new Map(sourceKinds.map((kind) => [kind.id, kind]));

export function sourceKind(id: string): SourceKind | undefined {
  return byId.get(id);
}
