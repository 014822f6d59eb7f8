import { makeAudiences } from '../../adapters/dynamodb-audiences.ts';
import { entryFromItem } from '../../adapters/dynamodb-event-log.ts';
import { makeSubscriptions } from '../../adapters/dynamodb-subscriptions.ts';
import { apiSource } from '../../core/ids/api-source.ts';
import type { PageRequest } from '../../ports/subscriptions.ts';
import { actionRow } from '../actions/action-row.ts';
import { actionLogOf, asOneLog, readLogsOfEvent } from '../actions/actions.ts';
import { subscriptionRow } from '../directory/directory-rows.ts';
import type { Environment } from '../environment.ts';
import { exportLine } from '../events/export-events.ts';
import { runRow } from '../runs/run-row.ts';
import { runsOfRecipient, workflowRunsOf } from '../runs/runs.ts';
import { iso } from '../words/iso.ts';
import { safeJson } from '../words/text.ts';
import { eventItemsOf, type Person } from './person.ts';

/** `request`: a call of the REST API. */
export const exportedKinds = ['user', 'subscription', 'membership', 'event', 'request', 'action', 'run'] as const;
export type ExportedKind = (typeof exportedKinds)[number];

/** One line of NDJSON, with its kind as its first member. */
export type ExportedLine = { kind: ExportedKind; line: string };

/**
 * Everything that is kept of a person, page by page: the directory, events and requests with their
 * text, the actions of these, and the runs that the person got. All of it is found by keys and
 * indexes.
 */
export async function* exportPerson(environment: Environment, person: Person): AsyncGenerator<ExportedLine> {
  yield* exportDirectory(environment, person);
  const log = actionLogOf(environment);
  for await (const item of eventItemsOf(environment, person.ids)) {
    const entry = entryFromItem(item);
    const logs = await readLogsOfEvent(log, entry);
    const one = asOneLog(logs);
    const kind = entry.source === apiSource ? 'request' : 'event';
    yield { kind, line: withKind(kind, exportLine({ entry, ...(one && { log: one }) })) };
    for (const execution of logs)
      for (const action of execution.actions) yield lineOf('action', actionRow(execution, action));
  }
  for (const id of person.ids)
    for await (const run of runsOfRecipient(workflowRunsOf(environment), id, always)) yield lineOf('run', runRow(run));
}

// The year 3084: far from now, and within the times that an id can hold.
const always = { sinceMs: 0, untilMs: 2 ** 45 };

async function* exportDirectory(
  { documents, outputs }: Environment,
  { ids, profiles }: Person,
): AsyncGenerator<ExportedLine> {
  // Devices and addresses too, which lists leave out.
  for (const { ref, attributes, insertedAtMs, updatedAtMs } of profiles)
    yield lineOf('user', {
      id: ref.id,
      attributes,
      inserted_at: iso(insertedAtMs),
      updated_at: iso(updatedAtMs),
    });
  const subscriptions = makeSubscriptions(documents, outputs.DirectoryTable);
  const audiences = makeAudiences(documents, outputs.DirectoryTable);
  for (const id of ids) {
    for await (const one of pages((page) => subscriptions.subscriptionsOf({ kind: 'user', id }, page)))
      yield lineOf('subscription', subscriptionRow(one));
    for await (const { audience, userId, tenant, addedAtMs } of pages((page) => audiences.membershipsOf(id, page)))
      yield lineOf('membership', { audience, user_id: userId, tenant, added_at: iso(addedAtMs) });
  }
}

async function* pages<Entry>(
  read: (page: PageRequest) => Promise<{ entries: Entry[]; next?: string }>,
): AsyncGenerator<Entry> {
  let after: string | undefined;
  do {
    const page = await read({ limit: 100, ...(after !== undefined && { after }) });
    yield* page.entries;
    after = page.next;
  } while (after !== undefined);
}

function lineOf(kind: ExportedKind, row: object): ExportedLine {
  return { kind, line: withKind(kind, safeJson(row)) };
}

const withKind = (kind: ExportedKind, json: string) => `{"kind":"${kind}",${json.slice(1)}`;
