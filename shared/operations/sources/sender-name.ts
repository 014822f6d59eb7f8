import type { GuidedKind } from '../../core/sources/guide.ts';

/** Who sends, in a sentence: `Stripe`, `RudderStack` also for its older kind; `your service` for any. */
export function senderOf({ title }: GuidedKind['kind'], { category }: GuidedKind['guide']): string {
  return category === 'Custom' ? 'your service' : title.replace(/ \(.*\)$/, '');
}
