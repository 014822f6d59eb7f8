import { OptionalTenant, parseRecipient, type Recipient } from '../../core/actions/parts/recipient.ts';
import { defined } from '../../core/defined.ts';
import { attributesBytesMax } from '../../core/directory/merge-entity.ts';
import type { FieldError } from '../../core/errors.ts';
import { recipientKey } from '../../core/ids/entity-ref.ts';
import type { JsonObject, JsonValue } from '../../core/json/values.ts';
import type { Recorded } from './record-request.ts';
import { userOf } from './set-entity.ts';

/** A trigger as a client asks for it. Null counts as left out. */
export type TriggerAsked = {
  recipients: JsonValue[];
  actor?: JsonValue | undefined;
  tenant?: JsonValue | undefined;
  data?: JsonObject | null | undefined;
  cancellation_key?: string | null | undefined;
  settings?: JsonObject | null | undefined;
};

export type ReadTrigger = {
  kind: 'read';
  /** The action's parameters. */
  payload: JsonObject;
  recipients: Recipient[];
  /** An actor that must be known already. */
  actorId?: string;
};

/** Everything about a trigger that is wrong without looking anything up. */
export function readTrigger(
  workflow: string,
  { recipients, actor, tenant, data, cancellation_key, settings }: TriggerAsked,
): ReadTrigger | { kind: 'refused'; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const read = (field: string, value: JsonValue): Recipient | undefined => {
    const parsed = parseRecipient(value);
    const problem = 'ok' in parsed ? tooLarge(parsed.ok) : parsed.problem;
    if (problem !== undefined) errors.push({ field, message: problem });
    return 'ok' in parsed ? parsed.ok : undefined;
  };
  const all = recipients.flatMap((recipient, i) => read(`recipients.${i}`, recipient) ?? []);
  const by = actor === undefined || actor === null ? undefined : read('actor', actor);
  const inTenant = OptionalTenant.safeParse(tenant);
  for (const { message } of inTenant.error?.issues ?? []) errors.push({ field: 'tenant', message });
  if (errors.length > 0) return { kind: 'refused', errors };

  const described = new Set(all.flatMap(({ form, ref }) => (form === 'inline' ? [recipientKey(ref)] : [])));
  const isActorKnownHere = by === undefined || by.form === 'inline' || described.has(recipientKey(by.ref));
  const given = { key: workflow, recipients, actor, tenant, data, cancellation_key, settings };
  return {
    kind: 'read',
    payload: Object.fromEntries(
      Object.entries(given).filter((entry): entry is [string, JsonValue] => (entry[1] ?? null) !== null),
    ),
    recipients: all,
    ...defined({ actorId: isActorKnownHere ? undefined : by.ref.id }),
  };
}

/** The table's limit, told at once: the action would fail in the queue. */
function tooLarge({ form, given }: Recipient): string | undefined {
  const bytes = form === 'inline' ? Buffer.byteLength(JSON.stringify(given)) : 0;
  if (bytes <= attributesBytesMax) return undefined;
  return `has ${Math.ceil(bytes / 1024)} KB of properties; at most ${attributesBytesMax / 1024} are kept`;
}

/** The user by whom the trigger's row is found: a trigger for several recipients is found by its runs. */
export function aboutOf({ recipients: [only, ...others] }: ReadTrigger): Pick<Recorded, 'userId'> {
  return only === undefined || others.length > 0 ? {} : userOf(only.ref);
}
