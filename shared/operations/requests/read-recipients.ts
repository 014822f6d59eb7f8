import { parseRecipient, type Recipient } from '../../core/actions/parts/recipient.ts';
import type { FieldError } from '../../core/errors.ts';
import { type EntityRef, recipientKey } from '../../core/ids/entity-ref.ts';
import type { JsonValue } from '../../core/json/values.ts';

export type ReadRecipients =
  /** `refs` has each once. */
  { kind: 'read'; recipients: Recipient[]; refs: EntityRef[] } | { kind: 'refused'; errors: FieldError[] };

/** A request's recipients, or what is wrong with them, by their places in the list. */
export function readRecipients(given: JsonValue[]): ReadRecipients {
  const parsed = given.map(parseRecipient);
  const errors = parsed.flatMap((one, i) =>
    'problem' in one ? [{ field: `recipients.${i}`, message: one.problem }] : [],
  );
  if (errors.length > 0) return { kind: 'refused', errors };
  const recipients = parsed.flatMap((one) => ('ok' in one ? [one.ok] : []));
  const refs = [...new Map(recipients.map(({ ref }) => [recipientKey(ref), ref])).values()];
  return { kind: 'read', recipients, refs };
}
