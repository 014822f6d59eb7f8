import { makeDirectory } from '../../adapters/dynamodb-directory.ts';
import { entryFromItem, userBuckets, userPartition } from '../../adapters/dynamodb-event-log.ts';
import { getEach } from '../../adapters/dynamodb-get-each.ts';
import { type Entity, isTombstone } from '../../core/directory/entity.ts';
import { apiSource } from '../../core/ids/api-source.ts';
import type { PersonNames } from '../../core/json/redact-names.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../core/json/values.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import type { Environment } from '../environment.ts';
import { eventOfRow } from '../events/event-text.ts';
import { failure } from '../refusal.ts';
import { inChunks } from '../tables/newest-first.ts';
import { baseKey, type Item, queryItems } from '../tables/tables.ts';

/** A person under all their ids; the first is the one asked for. */
export type Person = PersonNames & {
  /** As the directory has them, by id. */
  profiles: Entity[];
};

/**
 * Finds the ids of one person: those given, users that they were merged into, and users that were
 * merged into them. Aliases that only a sender knows must be given.
 * @throws Refusal when the environment cannot find events by user
 */
export async function readPerson(environment: Environment, given: readonly string[]): Promise<Person> {
  const directory = makeDirectory(environment.documents, environment.outputs.DirectoryTable);
  const ids = new Set<string>();
  const contacts = new Set<string>();
  const profiles: Entity[] = [];
  let unread = [...new Set(given)];
  while (unread.length > 0) {
    for (const id of unread) ids.add(id);
    const found = new Set<string>();
    const stored = await directory.readStoredEach(unread.map((id) => ({ kind: 'user', id })));
    for (const one of stored) {
      if (isTombstone(one)) {
        if (one.mergedInto !== undefined) found.add(one.mergedInto);
      } else if (one !== undefined) {
        profiles.push(one);
        addContacts(one.attributes, contacts);
      }
    }
    for await (const item of eventItemsOf(environment, unread)) {
      const entry = entryFromItem(item);
      const { mergedFrom, said } = factsOf(entry);
      if (mergedFrom !== undefined) found.add(mergedFrom);
      for (const part of said) addContacts(part, contacts);
    }
    unread = [...found].filter((id) => !ids.has(id));
  }
  return { ids: [...ids], contacts: [...contacts], profiles };
}

const chunkSize = 50;

/** The rows of a person's own events, by index `users`; those that are erased have left it. */
export async function* eventItemsOf(environment: Environment, ids: readonly string[]): AsyncGenerator<Item> {
  const { documents, outputs } = environment;
  for await (const keys of inChunks(eventKeysOf(environment, ids), chunkSize)) {
    const items = await getEach(documents, keys, { table: outputs.EventLogTable, what: 'reading events' });
    for (const item of items) if (item !== undefined && ids.includes(String(item.user_id))) yield item;
  }
}

/** A moment behind: an erased event may be among them. */
export async function* eventKeysOf({ documents, outputs, name }: Environment, ids: readonly string[]) {
  for (const id of ids)
    for (let bucket = 0; bucket < userBuckets; bucket++) {
      const items = queryItems(documents, {
        TableName: outputs.EventLogTable,
        IndexName: 'users',
        KeyConditionExpression: 'user_bucket = :user',
        ExpressionAttributeValues: { ':user': userPartition(id, bucket) },
      });
      try {
        for await (const item of items) yield baseKey(item);
      } catch (error) {
        if (!(error instanceof Error && error.name === 'ValidationException' && /index/i.test(error.message)))
          throw error;
        throw failure(
          `events of ${name} cannot be found by user: its index \`users\` is off`,
          'set usersIndex in infra/environments.ts and deploy; it then has the events that are there',
        );
      }
    }
}

/** The user that a merge ended, and the parts of an event that describe its person. */
function factsOf(entry: EventLogEntry): { mergedFrom?: string; said: JsonObject[] } {
  const body = bodyOf(entry);
  if (body === undefined) return { said: [] };
  const inner = (value: JsonValue | undefined) => (isJsonObject(value) ? [value] : []);
  const context = inner(body.context).flatMap(({ traits }) => inner(traits));
  if (entry.source !== apiSource)
    return { said: [...context, ...['traits', 'record', 'row'].flatMap((name) => inner(body[name]))] };
  const asked = inner(body.body);
  const from = entry.eventType === 'users.merge' && entry.status === 'processed' ? asked[0]?.from_user_id : undefined;
  return {
    said: entry.eventType === 'users.update' ? asked : [],
    ...(typeof from === 'string' && { mergedFrom: from }),
  };
}

function bodyOf(entry: EventLogEntry): JsonObject | undefined {
  const text = eventOfRow(entry);
  try {
    const body = text === undefined ? null : parseJson(text.body);
    return isJsonObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

const contactsMax = 50;

function addContacts(map: JsonObject, contacts: Set<string>): void {
  for (const name of ['email', 'phone', 'phone_number']) {
    const value = map[name];
    if (typeof value === 'string' && isContact(value) && contacts.size < contactsMax) contacts.add(value);
  }
}

/** Long enough to be no word of another text. */
function isContact(text: string): boolean {
  return /^[^\s@]+@[^\s@]+$/.test(text) || text.replaceAll(/\D/g, '').length >= 7;
}
