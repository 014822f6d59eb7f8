import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { type Erasure, hashesOf, readErasure, writeErasure } from '../../adapters/dynamodb-erasures.ts';
import { eventItemKey } from '../../adapters/dynamodb-event-log.ts';
import { getEach, type ItemKey } from '../../adapters/dynamodb-get-each.ts';
import { runFromItem } from '../../adapters/dynamodb-workflow-runs.ts';
import { inParallel } from '../../core/in-parallel.ts';
import { redaction } from '../../core/json/redact-names.ts';
import type { JsonObject } from '../../core/json/values.ts';
import { liveAtMs } from '../configuration/wait-until-live.ts';
import type { Environment } from '../environment.ts';
import { eventLogOf, eventsNewestFirst } from '../events/events.ts';
import { type CarryOnOptions, carryOn, type JobCounts, type JobProgress, type Work } from '../jobs/carry-on.ts';
import { createJob, eraseNamesInJob, type Job, jobsThatName } from '../jobs/jobs.ts';
import { workflowRunsOf } from '../runs/runs.ts';
import { readSources } from '../sources/known-sources.ts';
import { type Item, queryItems } from '../tables/tables.ts';
import { countChanges, type ErasedCounts, erasedKinds, makeChanges } from './changes.ts';
import { eraseEvents, eraseMentions, isNamedIn } from './erase-event.ts';
import { directoryItems, eraseFromDirectory, membershipMarks, removeHiddenRelations } from './erase-relations.ts';
import type { Erasing } from './erasing.ts';
import { refuseNameIn } from './erasures.ts';
import { eventItemsOf, eventKeysOf, readPerson } from './person.ts';

const Id = z.string().min(1).max(256);

export const ErasePerson = z.strictObject({
  id: Id,
  /** Further ids of the same person, which only their sender knows. */
  also: z.array(Id).default([]),
  /** Also looks through all events received from this time on for ones that name the person. */
  searchSinceMs: z.int().nonnegative().optional(),
});
export type ErasePerson = z.infer<typeof ErasePerson>;

/** What only the running job knows of the person; it goes with the end of the job. */
const Secret = z.object({
  ids: z.array(z.string()),
  contacts: z.array(z.string()),
  searchSinceMs: z.number().optional(),
});
type Secret = z.infer<typeof Secret>;

export type ErasurePreview = {
  /** The id asked for, and those that were merged with it. */
  ids: string[];
  /** Rows that would be changed, by kind. */
  counts: ErasedCounts;
  /** When the person was erased before; null: never. */
  erased_at: string | null;
};

/** Looks at what an erasure would change, without changing it. */
export async function previewErasure(
  environment: Environment,
  request: ErasePerson,
  nowMs: number,
): Promise<ErasurePreview & { secret: Secret }> {
  const found = await readPerson(environment, [request.id, ...request.also]);
  const [ids, contacts] = [[...found.ids], [...found.contacts]];
  const secret = {
    ids,
    contacts,
    ...(request.searchSinceMs !== undefined && { searchSinceMs: request.searchSinceMs }),
  };
  const changes = countChanges();
  const erasing = { environment, sources: await readSources(environment), names: secret, changes, nowMs };
  const units = await unitsOf(erasing, secret);
  for (let i = 0; i < units.length; i += unitsAtOnce) await eraseUnits(units.slice(i, i + unitsAtOnce), erasing);
  const earlier = await readErasure(environment.configuration, request.id);
  return {
    ids,
    counts: changes.counts,
    erased_at:
      earlier === undefined || earlier.allowedAtMs !== undefined ? null : new Date(earlier.erasedAtMs).toISOString(),
    secret,
  };
}

/**
 * Records an erasure as a job; `carryOnErasure` does it.
 * @throws Refusal when the reason names the person: it is kept
 */
export async function startErasure(
  environment: Environment,
  { secret, counts }: Pick<ErasurePreview, 'counts'> & { secret: Secret },
  { author, reason, nowMs }: { author: string; reason: string; nowMs: number },
): Promise<Job> {
  refuseNameIn(reason, secret);
  const [hash = '', ...others] = await hashesOf(environment.configuration, secret.ids);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const request = { person: hash, ...(others.length > 0 && { also: others }) };
  return createJob(
    environment.configuration,
    { kind: 'erase', author, reason, request, total, secret: secret as unknown as JsonObject },
    nowMs,
  );
}

/** Once all is erased, it looks again; what others wrote meanwhile is erased too. */
const passesMax = 3;
/** An index shows a row about this long after it was written. */
const indexLagMs = 2_000;
/** Shorter than a process may leave its job alone. */
const waitStepMs = 10_000;
const atOnce = 8;
/** Their rows are read together. */
const unitsAtOnce = 100;

/**
 * Erases a person, or what is left of it. First the person is refused everywhere: what arrives from
 * then on brings nothing back. Then their rows go, in an order in which each row that leads to others
 * goes after them. At the end every way in which rows are found is gone again, and must find nothing.
 * @throws Refusal when there is no such job, it is over, or another process is at it
 */
export function carryOnErasure(
  environment: Environment,
  jobId: string,
  options: CarryOnOptions = {},
): AsyncGenerator<JobProgress> {
  return carryOn(environment, jobId, (job) => prepare(environment, job, options), options);
}

async function prepare(environment: Environment, job: Job, { now = Date.now }: CarryOnOptions): Promise<Work> {
  const secret = Secret.parse(job.secret);
  const refusedEverywhereAtMs = await refusePerson(environment, job, secret, now());
  const sources = await readSources(environment);
  const erasing = (): Erasing => ({
    environment,
    sources,
    names: secret,
    changes: makeChanges(environment),
    nowMs: now(),
  });
  let passes = -1;
  const find = async () => (await unitsOf(erasing(), secret, passes > 0)).map((unit) => JSON.stringify(unit));
  const wait: readonly string[] = [JSON.stringify({ kind: 'wait' } satisfies Unit)];
  return {
    // A step of the work, so that the job is kept while it waits.
    ids: wait,
    outcomes: [...erasedKinds, 'failed'],
    chunkSize: unitsAtOnce,
    async doChunk(ids) {
      const units = ids.map((id): Unit => JSON.parse(id));
      if (units[0]?.kind === 'wait') {
        await sleep(Math.max(0, Math.min(refusedEverywhereAtMs - now(), waitStepMs)));
        return {};
      }
      if (passes >= passesMax) return { failed: ids.length };
      const at = erasing();
      await eraseUnits(units, at);
      return at.changes.counts as JobCounts;
    },
    async more() {
      if (now() < refusedEverywhereAtMs) return wait;
      if (passes >= passesMax) return [];
      passes++;
      if (passes > 0 && !environment.local) await sleep(indexLagMs);
      return find();
    },
  };
}

/** @returns when every function refuses the person */
async function refusePerson(environment: Environment, job: Job, { ids }: Secret, nowMs: number): Promise<number> {
  const { configuration } = environment;
  const hashes = await hashesOf(configuration, ids);
  let sinceMs = 0;
  for (const [i, hash] of hashes.entries()) {
    const known = await readErasure(configuration, ids[i] as string);
    const { author, reason = '' } = job;
    const erasure: Erasure = { hash, erasedAtMs: nowMs, author, reason, job: job.id };
    if (known?.job !== job.id) await writeErasure(configuration, erasure);
    sinceMs = Math.max(sinceMs, known?.job === job.id ? known.erasedAtMs : nowMs);
  }
  return liveAtMs(environment, sinceMs);
}

type Unit =
  /** For the functions. */
  | { kind: 'wait' }
  | { kind: 'event' | 'mentions'; key: ItemKey }
  /** `person`: its place among the ids. */
  | { kind: 'run'; person: number; sk: string }
  | { kind: 'job'; id: string }
  | { kind: 'directory'; person: number };

/** One kind after the other: a row that leads to others goes last. */
async function eraseUnits(units: Unit[], erasing: Erasing): Promise<void> {
  for (const some of sameKinds(units)) {
    const events = some.flatMap((unit) => (unit.kind === 'event' ? [unit.key] : []));
    const runs = some.flatMap((unit) => (unit.kind === 'run' ? [runKeyOf(unit, erasing)] : []));
    if (events.length > 0) await eraseEvents(events, erasing, atOnce);
    else if (runs.length > 0) await eraseRuns(runs, erasing);
    else await inParallel(some, atOnce, (unit) => eraseUnit(unit, erasing));
  }
}

function sameKinds(units: Unit[]): Unit[][] {
  const groups: Unit[][] = [];
  for (const unit of units) {
    const last = groups.at(-1);
    if (last?.[0]?.kind === unit.kind) last.push(unit);
    else groups.push([unit]);
  }
  return groups;
}

/**
 * Everything of a person, by keys and indexes.
 * @param isAgain looks at each event too, since the index still has some that have left it
 */
async function unitsOf(erasing: Erasing, secret: Secret, isAgain = true): Promise<Unit[]> {
  const { environment, names } = erasing;
  const { ids } = names;
  const own = new Set<string>();
  const mentions = new Map<string, ItemKey>();
  const runs: Unit[] = [];
  const add = (key: ItemKey) => mentions.set(key.sk, key);
  const events: Unit[] = [];
  const keys = isAgain ? eventItemsOf(environment, ids) : eventKeysOf(environment, ids);
  for await (const { pk, sk } of keys) {
    own.add(String(sk));
    events.push({ kind: 'event', key: { pk: String(pk), sk: String(sk) } });
  }
  for (const [person, id] of ids.entries())
    for await (const item of runItems(environment, id)) {
      const { eventId, source } = runFromItem(item);
      if (!own.has(eventId)) add(eventItemKey(eventId, source));
      runs.push({ kind: 'run', person, sk: String(item.sk) });
    }
  if (secret.searchSinceMs !== undefined)
    for await (const entry of allEvents(erasing, secret.searchSinceMs))
      if (!own.has(entry.id) && isNamedIn(entry, names)) add(eventItemKey(entry.id, entry.source));
  const jobs = await jobsThatName(environment.configuration, redaction(names).json);
  const directory: Unit[] = [];
  for (const [person, id] of ids.entries())
    if (await isInDirectory(id, erasing)) directory.push({ kind: 'directory', person });
  return [
    ...[...mentions.values()].map((key): Unit => ({ kind: 'mentions', key })),
    ...events,
    ...runs,
    ...jobs.map((id): Unit => ({ kind: 'job', id })),
    ...directory,
  ];
}

async function isInDirectory(id: string, erasing: Erasing): Promise<boolean> {
  for await (const _ of directoryItems(id, erasing)) return true;
  for await (const _ of membershipMarks(id, erasing)) return true;
  return false;
}

function runItems(environment: Environment, id: string): AsyncGenerator<Item> {
  const { client, table } = workflowRunsOf(environment);
  return queryItems(client, {
    TableName: table,
    KeyConditionExpression: 'pk = :recipient',
    ExpressionAttributeValues: { ':recipient': id },
    ConsistentRead: true,
  });
}

function allEvents({ environment, sources, nowMs }: Erasing, sinceMs: number) {
  const range = { sinceMs, untilMs: nowMs + 60_000, sources: sources.known, limit: Number.POSITIVE_INFINITY };
  return eventsNewestFirst(eventLogOf(environment), range);
}

async function eraseUnit(unit: Unit, erasing: Erasing): Promise<void> {
  const { environment, names, changes } = erasing;
  switch (unit.kind) {
    case 'wait':
      return;
    case 'event':
      return eraseEvents([unit.key], erasing, 1);
    case 'mentions':
      return eraseMentions(unit.key, erasing);
    case 'job':
      changes.counts.jobs++;
      if (!changes.isCounting) await eraseNamesInJob(environment.configuration, unit.id, redaction(names).json);
      return;
    case 'directory':
      return eraseFromDirectory(names.ids[unit.person] as string, erasing);
    case 'run':
      return eraseRuns([runKeyOf(unit, erasing)], erasing);
  }
}

function runKeyOf({ person, sk }: Extract<Unit, { kind: 'run' }>, { names }: Erasing): ItemKey {
  return { pk: names.ids[person] as string, sk };
}

/** The key of a run is its recipient, so the row itself goes. */
async function eraseRuns(keys: ItemKey[], erasing: Erasing): Promise<void> {
  const { environment, changes } = erasing;
  const { client, table } = workflowRunsOf(environment);
  const items = await getEach(client, keys, { table, what: 'erasing a person' });
  const there = items.flatMap((item) => (item === undefined ? [] : [item]));
  // Only the row leads to the mark that cancels it.
  await inParallel(there, atOnce, async (item) => {
    const { workflow, cancellationKey } = runFromItem(item);
    if (cancellationKey !== undefined)
      await removeHiddenRelations(
        { actions: [{ payload: { key: workflow, cancellation_key: cancellationKey } }] },
        erasing,
      );
  });
  await changes.removeEach(
    'runs',
    table,
    keys.filter((_, i) => items[i] !== undefined),
  );
}
