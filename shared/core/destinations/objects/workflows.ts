import { parseRecipient } from '../../actions/parts/recipient.ts';
import { validKey } from '../../ids/claim-key.ts';
import type { JsonObject } from '../../json/values.ts';
import { isPresent } from '../../sources/parts/present.ts';
import type { DestinationObject } from '../destination.ts';
import { idOf } from './entity.ts';

/**
 * Triggers of workflows. They are queued like events; the row's own id is the idempotency key, so a
 * copy within the window starts nothing.
 */
export const workflows: DestinationObject = {
  id: 'workflows',
  label: 'Workflow triggers',
  fields: [
    { name: 'event_id', label: 'Event ID', identifier: true, required: true },
    { name: 'workflow', label: 'Workflow key', required: true },
    { name: 'recipient', label: 'Recipient (user ID)', required: true },
    { name: 'actor', label: 'Actor (user ID)' },
    { name: 'tenant', label: 'Tenant' },
    { name: 'cancellation_key', label: 'Cancellation key' },
  ],
  takesProperties: true,
  reserved: ['__typename'],
  operations: ['insert'],
  guardsDeletes: false,
  deedOf(record) {
    const key = idOf(record, 'event_id', (id) =>
      validKey(id) === undefined ? 'must be 1 to 255 characters, not only blanks' : undefined,
    );
    if ('problem' in key) return key;
    const workflow = idOf(record, 'workflow', () => undefined);
    if ('problem' in workflow) return workflow;
    const problem = recipientProblem(record, 'recipient') ?? actorProblem(record);
    return problem === undefined ? { kind: 'trigger', workflow: workflow.id } : { problem };
  },
};

function recipientProblem(record: JsonObject, field: string): string | undefined {
  const given = record[field];
  if (!isPresent(given)) return `${field} is missing`;
  const parsed = parseRecipient(given);
  return 'problem' in parsed ? `${field} ${parsed.problem}` : undefined;
}

function actorProblem(record: JsonObject): string | undefined {
  return isPresent(record.actor) ? recipientProblem(record, 'actor') : undefined;
}
