import { makeAudiences } from '../../adapters/dynamodb-audiences.ts';
import { makeDirectory } from '../../adapters/dynamodb-directory.ts';
import { makeDirectoryList } from '../../adapters/dynamodb-directory-list.ts';
import { makeSubscriptions } from '../../adapters/dynamodb-subscriptions.ts';
import { idProblem } from '../../core/actions/parts/params.ts';
import type { Entity } from '../../core/directory/entity.ts';
import { type EntityRef, refFromRecipientKey, tenantsCollection } from '../../core/ids/entity-ref.ts';
import type { AudienceMember } from '../../ports/audiences.ts';
import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Listing } from '../../ports/directory.ts';
import type { Page, PageRequest, Subscription } from '../../ports/subscriptions.ts';
import type { Environment } from '../environment.ts';
import { inChunks } from '../tables/newest-first.ts';
import type { AudienceRow } from './directory-rows.ts';

const pageSize = 100;

/** Where a text leads in the directory. */
export type DirectoryFind =
  | { kind: 'user' | 'tenant' | 'audience'; id: string }
  | { kind: 'object'; collection: string; id: string };

/** Goes on behind the entry with this name; an entry with that name need not exist. */
export type After = { after?: string | undefined };

/** One user, object or tenant; undefined when it does not exist or was deleted. */
export async function readEntity({ documents, outputs }: Environment, ref: EntityRef): Promise<Entity | undefined> {
  const [entity] = await makeDirectory(documents, outputs.DirectoryTable).readEach([ref]);
  return entity;
}

/**
 * Users or objects by id, without those that were deleted since the index was read.
 * @param options `after`: a user's id, or an object's `collection/id`
 */
export async function* listEntities(
  environment: Environment,
  listing: Listing,
  options: After = {},
): AsyncGenerator<Entity> {
  const { documents, outputs } = environment;
  const directory = makeDirectory(documents, outputs.DirectoryTable);
  for await (const names of inChunks(listNames(environment, listing, options), pageSize)) {
    const entities = await directory.readEach(names.map(refFromRecipientKey));
    yield* entities.filter((entity) => entity !== undefined);
  }
}

/**
 * Objects of all collections by `collection/id`. Tenants are objects too, and have a list of their
 * own, so they are left out.
 */
export async function* listObjects(environment: Environment, { after }: After = {}): AsyncGenerator<Entity> {
  // The first name behind all tenants: "0" comes next after "/".
  const behindTenants = `${tenantsCollection}0`;
  if (after === undefined || after < behindTenants) {
    let isCut = false;
    for await (const object of listEntities(environment, { kind: 'object' }, { after })) {
      isCut = object.ref.kind === 'object' && object.ref.collection === tenantsCollection;
      if (isCut) break;
      yield object;
    }
    if (!isCut) return;
    after = behindTenants;
  }
  yield* listEntities(environment, { kind: 'object' }, { after });
}

/** What the directory has under a text: a user, a tenant, an audience, or an object as `collection/id`. */
export async function findInDirectory(
  environment: Environment,
  live: LiveConfiguration,
  text: string,
): Promise<DirectoryFind[]> {
  const slash = text.indexOf('/');
  const refs: EntityRef[] =
    slash < 0
      ? [
          { kind: 'user', id: text },
          { kind: 'object', collection: tenantsCollection, id: text },
        ]
      : [{ kind: 'object', collection: text.slice(0, slash), id: text.slice(slash + 1) }];
  if (refs.some(({ id }) => idProblem(id) !== undefined)) return [];
  const { documents, outputs } = environment;
  const [entities, audience] = await Promise.all([
    makeDirectory(documents, outputs.DirectoryTable).readEach(refs),
    slash < 0 ? readAudience(environment, live, text) : undefined,
  ]);
  const found = entities.flatMap((entity): DirectoryFind[] => {
    if (entity === undefined) return [];
    const { ref } = entity;
    if (ref.kind === 'user') return [{ kind: 'user', id: ref.id }];
    if (ref.collection === tenantsCollection) return [{ kind: 'tenant', id: ref.id }];
    return [{ kind: 'object', collection: ref.collection, id: ref.id }];
  });
  return audience === undefined ? found : [...found, { kind: 'audience', id: audience.key }];
}

/** Audiences of the live configuration together with those that actions made, by key. */
export async function listAudiences(environment: Environment, { snapshot }: LiveConfiguration): Promise<AudienceRow[]> {
  const rows = Object.entries(snapshot.audiences).map(([key, { name, description = null }]): AudienceRow => {
    return { key, name, description, origin: 'configuration' };
  });
  for await (const key of listNames(environment, { kind: 'audience' })) {
    const isConfigured = Object.hasOwn(snapshot.audiences, key);
    if (!isConfigured) rows.push({ key, name: null, description: null, origin: 'action' });
  }
  return rows.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** One audience; undefined when neither the live configuration has it nor an action made it. */
export async function readAudience(
  { documents, outputs }: Environment,
  { snapshot }: LiveConfiguration,
  key: string,
): Promise<AudienceRow | undefined> {
  const configured = Object.hasOwn(snapshot.audiences, key) ? snapshot.audiences[key] : undefined;
  if (configured) {
    return { key, name: configured.name, description: configured.description ?? null, origin: 'configuration' };
  }
  const isMade = await makeAudiences(documents, outputs.DirectoryTable).ensure(key, false, 0);
  return isMade ? { key, name: null, description: null, origin: 'action' } : undefined;
}

/**
 * Members by user id, each with its user if identified.
 * @param options `after`: a `memberName`
 */
export async function* membersOf(
  { documents, outputs }: Environment,
  key: string,
  options: After = {},
): AsyncGenerator<{ member: AudienceMember; user: Entity | undefined }> {
  const audiences = makeAudiences(documents, outputs.DirectoryTable);
  const directory = makeDirectory(documents, outputs.DirectoryTable);
  for await (const members of inChunks(
    everyEntry((page) => audiences.membersOf(key, page), options),
    pageSize,
  )) {
    const users = await directory.readEach(members.map(({ userId }) => ({ kind: 'user', id: userId })));
    for (const [i, member] of members.entries()) yield { member, user: users[i] };
  }
}

/**
 * The audiences that a user is in, by key.
 * @param options `after`: `audience#tenant`, without a tenant `audience#`
 */
export function membershipsOf(
  { documents, outputs }: Environment,
  userId: string,
  options: After = {},
): AsyncGenerator<AudienceMember & { audience: string }> {
  const audiences = makeAudiences(documents, outputs.DirectoryTable);
  return everyEntry((page) => audiences.membershipsOf(userId, page), options);
}

/** @param options `after`: the `recipientKey` of a subscriber */
export function subscribersOf(
  { documents, outputs }: Environment,
  object: Subscription['object'],
  options: After = {},
): AsyncGenerator<Subscription> {
  const subscriptions = makeSubscriptions(documents, outputs.DirectoryTable);
  return everyEntry((page) => subscriptions.subscribersOf(object, page), options);
}

/** @param options `after`: the `recipientKey` of an object */
export function subscriptionsOf(
  { documents, outputs }: Environment,
  recipient: EntityRef,
  options: After = {},
): AsyncGenerator<Subscription> {
  const subscriptions = makeSubscriptions(documents, outputs.DirectoryTable);
  return everyEntry((page) => subscriptions.subscriptionsOf(recipient, page), options);
}

function listNames({ documents, outputs }: Environment, listing: Listing, options: After = {}): AsyncGenerator<string> {
  const list = makeDirectoryList(documents, outputs.DirectoryTable);
  return everyEntry((page) => list.page(listing, page), options);
}

/** Reads page by page on demand: a reader that stops early pays for no further page. */
async function* everyEntry<Entry>(
  read: (page: PageRequest) => Promise<Page<Entry>>,
  { after }: After,
): AsyncGenerator<Entry> {
  do {
    const page = await read({ limit: pageSize, ...(after !== undefined && { after }) });
    yield* page.entries;
    after = page.next;
  } while (after !== undefined);
}
