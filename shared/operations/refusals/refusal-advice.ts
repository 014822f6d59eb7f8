import { type ReasonText, refusalTexts, textOfReason } from '../links/reason-texts.ts';
import type { RefusalRow } from './refusals.ts';

/* What the person who sets a source up is told of a refused request, beside the vendor's dashboard. */

/** For reasons whose text for the sender's side is of no use at this side. */
const here: Partial<Record<keyof typeof refusalTexts, ReasonText>> = {
  token_wrong: {
    means: 'The last part of the URL is wrong, or of a URL that was replaced.',
    change: 'Copy the URL from this page into the sender, whole.',
  },
  source_unknown: {
    means: 'A request named no source of this environment. It may be of another sender.',
    change: 'Copy the URL from this page into the sender, whole.',
  },
  signature_missing: {
    means: 'The request brought neither a signature nor the secret.',
    change: 'Switch signing on at the sender, or let it send the secret, as the steps say.',
  },
  signature_wrong: {
    means: 'The signature or the secret does not match.',
    change:
      'Compare the secret at both sides: copy it at the sender again, and set it here. A proxy on the way must not change the body.',
  },
  body_not_json: {
    means: 'The body is not JSON.',
    change: 'Look for quotes and commas in the template of the body at the sender.',
  },
  uncommitted: { means: 'Nothing is live in this environment yet.', change: 'Commit the configuration.' },
  secret_missing: {
    means: 'Requests must be proved, and no secret is set here.',
    change: 'Set the secret on this page. Until then requests are answered 503, which most senders try again.',
  },
  scheduled_for_deletion: {
    means: 'The secret is scheduled for deletion, so it cannot be used.',
    change: 'Set a secret on this page, or restore it.',
  },
  time_over: { means: 'The answer took too long.', change: 'Nothing at the sender, if it tries again after 503.' },
};

const fault: ReasonText = {
  means: 'The request could not be answered in time, or a part of the environment failed.',
  change: 'The overview says what is wrong. The sender tries again after 503, if it is one that does.',
};

/** What a refusal means, and what to change. */
export function refusalAdvice({ reason, outcome }: Pick<RefusalRow, 'reason' | 'outcome'>): ReasonText {
  const own = Object.hasOwn(here, reason) ? here[reason as keyof typeof here] : undefined;
  if (own !== undefined) return own;
  return outcome === 'unanswered' ? fault : textOfReason(refusalTexts, reason);
}
