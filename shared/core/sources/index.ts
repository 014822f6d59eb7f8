import { clerk } from './clerk.ts';
import { rudderstack } from './rudderstack.ts';
import { shopify } from './shopify.ts';
import type { SourceKind } from './source.ts';
import { stripe } from './stripe.ts';
import { workos } from './workos.ts';

/** Every kind of source. A test compares this list with the folder. */
export const sourceKinds: readonly SourceKind[] = [rudderstack, stripe, clerk, workos, shopify];

const byId = new Map(sourceKinds.map((kind) => [kind.id, kind]));

export function sourceKind(id: string): SourceKind | undefined {
  return byId.get(id);
}
