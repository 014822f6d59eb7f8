import type { Pending } from '../logs/pending.ts';
import { clip } from '../text.ts';
import type { ActionContext } from './action-context.ts';

/**
 * Unknown recipients, for people. JSON, since an action that continues in later attempts keeps
 * them.
 */
export type Unknown = { count: number; names: string[] };

const namesMax = 10;
/** Names go along in the row of an action that continues, beside those of up to 249 others. */
const nameLengthMax = 60;

export function unknownOf(keys: string[]): Unknown {
  return { count: keys.length, names: keys.slice(0, namesMax).map((key) => clip(key, nameLengthMax)) };
}

/** `lena, ivo and 3 more` */
export function listUnknown({ names, count }: Unknown): string {
  const more = count > names.length ? ` and ${count - names.length} more` : '';
  return `${names.join(', ')}${more}`;
}

/**
 * The recipient's identify may be under way, so the action is tried after 1, 2, 4, 8 s and so on,
 * and once more at the end of the wait.
 * docs/decisions/0016-a-trigger-waits-for-an-unknown-recipient.md
 */
export function waitsForRecipients(
  keys: string[],
  waitLeftMs: number,
  { firstAttemptAtMs, nowMs }: Pick<ActionContext, 'firstAttemptAtMs' | 'nowMs'>,
): Pending {
  const waitedSeconds = (nowMs() - firstAttemptAtMs) / 1000;
  return {
    reason: 'recipient_unknown',
    detail: `waits for ${listUnknown(unknownOf(keys))}: not identified yet`,
    retryAfterSeconds: Math.min(Math.max(1, waitedSeconds), waitLeftMs / 1000),
  };
}
