import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { KnockMgmt } from '@knocklabs/mgmt';
import type { SourceFile } from '../../../core/configuration/schema.ts';
import { recipientKey } from '../../../core/ids/entity-ref.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../../core/json/values.ts';
import { effectiveSettings, verifierOf } from '../../../core/live/effective-settings.ts';
import { sourceState } from '../../../core/live/source-state.ts';
import { takesEventData } from '../../../core/mappings/action-facts.ts';
import { sourceKind } from '../../../core/sources/index.ts';
import type { SourceKind } from '../../../core/sources/source.ts';
import { readEntity } from '../../directory/directory.ts';
import type { Environment } from '../../environment.ts';
import { configurationOf, recompute } from '../../events/recompute.ts';
import { failure, notFound, Refusal } from '../../refusal.ts';
import { runsOfExecution, workflowRunsOf } from '../../runs/runs.ts';
import { type FinalEvent, followEvents } from '../../send/follow.ts';
import { postEvent } from '../../send/post.ts';
import { prove } from '../../send/prove.ts';
import { ingestUrls, secretsOf } from '../../sources/ingest-urls.ts';
import { readSources } from '../../sources/known-sources.ts';
import { sourceGuide } from '../../sources/source-guides.ts';
import { didYouMean } from '../../words/did-you-mean.ts';
import { KnockSource } from '../account.ts';
import { explainKnockError, managementApi } from '../explain-knock-error.ts';
import type { KnockAccess } from '../read-account.ts';
import { comparable, type Effect, type EffectDifference, effectDifferences } from './effects.ts';
import { isOfBody, type KnockLogEntry, knockEffects, knockRunIds, readKnockLog } from './knock-log.ts';
import { type KnockRecords, openKnockRecords, runText } from './knock-records.ts';
import { keyPathsOf, type OutgoingEvent, recordedEvents, withNewId } from './outgoing-events.ts';
import { type RecordDifference, recordDifferences, type Touched, touchedBy } from './touched.ts';

export type ComparisonRequest = {
  environment: Environment;
  access: KnockAccess;
  /** An API key of the environment at Knock. Absent: runs and records are not compared. */
  api?: { key: string; baseUrl?: string };
  /** The same key on both sides. */
  source: string;
  /** The environment's slug at Knock. */
  slug: string;
  events: { files: OutgoingEvent[] } | { last: number };
  /** Whether events of files get new ids too; recorded ones always do. */
  newIds: boolean;
  /** Headers that are sent as they are, in place of a proof of our own. Absent: requests are signed. */
  headers?: Record<string, string>;
};

/** Everything is checked, and nothing was sent yet. */
export type PreparedComparison = {
  request: ComparisonRequest;
  file: SourceFile;
  kind: SourceKind | undefined;
  url: string;
  /** Where Knock takes events of the source: a credential. */
  knockUrl: string;
  secret?: string;
  vendorHeaders: Record<string, string>;
  events: OutgoingEvent[];
};

/**
 * Finds both ends and the events.
 * @throws Refusal when either side does not have the source, or Knock refuses the token or the key
 */
export async function prepareComparison(request: ComparisonRequest): Promise<PreparedComparison> {
  const { environment, source, slug } = request;
  const { live, known } = await readSources(environment);
  const file = Object.hasOwn(live.snapshot.sources, source) ? live.snapshot.sources[source] : undefined;
  if (file === undefined)
    throw notFound(
      `there is no live source "${source}" in ${environment.name}${didYouMean(source, Object.keys(live.snapshot.sources))}`,
      'commit what was imported: npx signalbox config push --commit',
    );
  const knockUrl = await knockUrlOf(request);
  // A key that Knock refuses is found out before anything has an effect.
  if (request.api) await openKnockRecords(request.api.key, request.api.baseUrl).runsSince(Date.now());
  const state = sourceState(live, source);
  const secrets = await secretsOf(environment);
  const [secret] = (await secrets.valuesOf(`sources/${source}`)) ?? [];
  const guided = await sourceGuide(file.kind);
  const kind = sourceKind(file.kind);
  const { idempotency } = effectiveSettings(kind, file, state);
  const keyPaths = keyPathsOf(idempotency.path ?? file.idempotency_key_path, kind?.idempotencyKeyPaths ?? []);
  const events =
    'files' in request.events
      ? request.events.files
      : await recordedEvents(environment, known, source, request.events.last);
  const isRenewing = request.newIds || 'last' in request.events;
  return {
    request,
    file,
    kind,
    url: (await ingestUrls(environment, secrets))(source, state.url),
    knockUrl,
    ...(secret !== undefined && { secret }),
    vendorHeaders: guided?.guide.samples.headers ?? { 'content-type': 'application/json' },
    events: isRenewing ? events.map((event) => withNewId(event, keyPaths)) : events,
  };

  async function knockUrlOf({ access }: ComparisonRequest): Promise<string> {
    const client = managementOf(access);
    try {
      const path = `/v1/sources/${encodeURIComponent(source)}`;
      const answer = KnockSource.parse(await client.get<unknown>(path, { query: { environment: slug } }));
      const endpoint = answer.environment_settings?.[slug]?.settings.endpoint;
      if (!endpoint || !URL.canParse(endpoint))
        throw failure(
          `Knock tells no URL of source ${source} in ${slug}`,
          'is the environment called so there? --as SLUG=NAME',
        );
      return endpoint;
    } catch (error) {
      throw error instanceof Refusal ? error : (explainKnockError(error, access.baseUrl ?? managementApi) ?? error);
    }
  }
}

const managementOf = ({ serviceToken, baseUrl = managementApi, maxRetries = 5 }: KnockAccess) =>
  new KnockMgmt({ serviceToken, baseURL: baseUrl, maxRetries, logLevel: 'off' });

/** One event on both sides. */
export type ComparedEvent = {
  name: string;
  /** Ids here; empty when the request was refused. */
  ids: string[];
  type: string | null;
  /** Null when Knock's log has no entry of the event. */
  knock_log_id: string | null;
  differences: (
    | EffectDifference
    | ({ kind: 'record' } & RecordDifference)
    | { kind: 'run_only_here' | 'run_only_at_knock'; run: string }
    | { kind: 'event_type' | 'answer'; here: string; knock: string }
  )[];
};

export type KnockComparison = {
  source: string;
  environment: string;
  events: ComparedEvent[];
  /** What could not be looked at, one sentence each. */
  not_compared: string[];
};

export type ComparisonPatience = {
  /** How long Knock's log may take to have an event. Absent: 60 s. */
  logMs?: number;
  /** Between two looks at it. Absent: 2 s. */
  pollMs?: number;
};

type Sent = { event: OutgoingEvent; here: { status: number; ids: string[] }; knockStatus: number; body: JsonValue };

/**
 * Sends each event to both sides, in order, and compares what became of it: the actions with their
 * resolved parameters, the runs, and the fields that were written.
 *
 * Effects at Knock are real: users change, and workflows send messages. docs/decisions/0066-a-comparison-reads-two-logs.md
 * @throws Refusal when a side cannot be reached
 */
export async function runComparison(
  prepared: PreparedComparison,
  { logMs = 60_000, pollMs = 2_000 }: ComparisonPatience = {},
): Promise<KnockComparison> {
  const { request } = prepared;
  const { environment, source, slug, access, api } = request;
  // Knock's clock may be behind ours.
  const sinceMs = Date.now() - clockSlackMs;
  const follower = followEvents(environment, source, () => undefined);
  const sent: Sent[] = [];
  try {
    // One after the other, since a user's identify comes before what depends on it.
    for (const event of prepared.events) {
      const one = await sendToBoth(prepared, event);
      sent.push(one);
      follower.add(one.here.ids);
      await follower.settle(settleMs);
    }
    const entries = await findAtKnock(sent, { logMs, pollMs, read });
    const records = api && openKnockRecords(api.key, api.baseUrl);
    const runs = records && (await records.runsSince(sinceMs));
    const notCompared: string[] = [];
    const events: ComparedEvent[] = [];
    for (const [i, one] of sent.entries()) {
      const finals = one.here.ids.flatMap((id) => follower.final.get(id) ?? []);
      events.push(await compareOne(environment, one, finals, entries[i], records, runs));
      if (finals.length < one.here.ids.length)
        notCompared.push(`${one.event.name}: it is not final here yet, so what it still does is missing above.`);
      if (entries[i] === undefined && one.knockStatus < 300)
        notCompared.push(`${one.event.name}: Knock accepted it, and its log has no entry of it yet.`);
    }
    return { source, environment: environment.name, events, not_compared: [...notCompared, ...unseen(records)] };
  } catch (error) {
    throw error instanceof Refusal ? error : (explainKnockError(error, access.baseUrl ?? managementApi) ?? error);
  } finally {
    follower.stop();
  }

  function read(): Promise<KnockLogEntry[]> {
    return readKnockLog(managementOf(access), source, slug, sinceMs);
  }
}

const clockSlackMs = 60_000;
const settleMs = 30_000;

/** What neither side's logs and records tell. */
function unseen(records: KnockRecords | undefined): string[] {
  return [
    ...(records === undefined
      ? ['Runs of recipients and written records: no API key of the environment was given (KNOCK_API_KEY).']
      : []),
    'Members of audiences and subscribers of objects, beyond the actions that name them.',
    'Preferences, channel data, and settings of tenants.',
    'What a run does after it began: steps, messages, delays, batches.',
  ];
}

async function sendToBoth(prepared: PreparedComparison, event: OutgoingEvent): Promise<Sent> {
  const { request, file, kind, url, knockUrl, secret, vendorHeaders } = prepared;
  const proof =
    request.headers ??
    prove(verifierOf(kind, file), 'once', {
      body: event.body,
      secret,
      // The same id at both sides and in the key, for schemes that sign one.
      id: event.headers['svix-id'] ?? event.headers['webhook-id'] ?? `msg_${randomUUID()}`,
      nowMs: Date.now(),
    }).headers;
  const headers = { ...vendorHeaders, ...event.headers, ...proof };
  const knock = await postToKnock(knockUrl, event.body, headers);
  const here = await postEvent(url, event.body, headers);
  return {
    event,
    here: { status: here.status, ids: here.accepted ? here.ids : [] },
    knockStatus: knock,
    body: jsonOf(event.body),
  };
}

function jsonOf(body: Uint8Array): JsonValue {
  try {
    return parseJson(new TextDecoder().decode(body));
  } catch {
    return null;
  }
}

/** Once: a second attempt could have a second effect. */
async function postToKnock(
  url: string,
  body: Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<number> {
  try {
    const response = await fetch(url, { method: 'POST', body, headers, redirect: 'manual' });
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    // Not the whole URL: its last part is a credential.
    const { message } = (error as { cause?: Error }).cause ?? (error as Error);
    throw failure(`nothing answers at ${new URL(url).origin}: ${message}`, 'events before this one were sent to both');
  }
}

/** The entries of Knock's log, by position; it is read again until all are there, with their actions. */
async function findAtKnock(
  sent: readonly Sent[],
  { logMs, pollMs, read }: Required<ComparisonPatience> & { read(): Promise<KnockLogEntry[]> },
): Promise<(KnockLogEntry | undefined)[]> {
  const endMs = performance.now() + logMs;
  let before = '';
  for (;;) {
    const entries = await read();
    const taken = new Set<string>();
    const found = sent.map(({ body, knockStatus }) => {
      const entry = knockStatus < 300 ? entries.find((one) => !taken.has(one.id) && isOfBody(one, body)) : undefined;
      if (entry !== undefined) taken.add(entry.id);
      return entry;
    });
    const isWhole = found.every((entry, i) => entry !== undefined || (sent[i] as Sent).knockStatus >= 300);
    const state = JSON.stringify(found.map((entry) => entry?.actions.map((action) => action.action_status)));
    // Actions come after the event, so the same must be seen twice.
    if ((isWhole && state === before) || performance.now() > endMs) return found;
    before = state;
    await sleep(pollMs);
  }
}

async function compareOne(
  environment: Environment,
  { event, here, knockStatus }: Sent,
  finals: FinalEvent[],
  entry: KnockLogEntry | undefined,
  records: KnockRecords | undefined,
  runs: Awaited<ReturnType<KnockRecords['runsSince']>> | undefined,
): Promise<ComparedEvent> {
  const types = finals.flatMap(({ entry: { eventType } }) => eventType ?? []);
  const compared: ComparedEvent = {
    name: event.name,
    ids: here.ids,
    type: types[0] ?? null,
    knock_log_id: entry?.id ?? null,
    differences: [],
  };
  const isAccepted = (status: number) => status < 300;
  if (isAccepted(here.status) !== isAccepted(knockStatus))
    compared.differences.push({ kind: 'answer', here: String(here.status), knock: String(knockStatus) });
  if (entry === undefined) return compared;
  if (types[0] !== undefined && types[0] !== entry.event)
    compared.differences.push({ kind: 'event_type', here: types[0], knock: entry.event });
  const ours = (await Promise.all(finals.map((final) => effectsOf(environment, final)))).flat();
  const theirs = knockEffects(entry);
  compared.differences.push(...effectDifferences(ours, theirs));
  if (records === undefined || runs === undefined) return compared;
  compared.differences.push(...(await runDifferences(environment, finals, entry, runs)));
  for (const touched of touchedBy([...ours, ...theirs]))
    compared.differences.push(...(await recordOf(environment, records, touched)));
  return compared;
}

async function effectsOf(environment: Environment, { entry, actions }: FinalEvent): Promise<Effect[]> {
  const outcomes = actions?.actions ?? [];
  // A row leaves out the event's own data, which is in the event.
  const data = outcomes.some(takesEventData) ? await dataOf(environment, entry) : undefined;
  return outcomes.map((outcome) => ({
    action: outcome.action,
    status: outcome.status,
    done: outcome.status === 'succeeded',
    parameters: comparable(outcome.action, {
      ...outcome.payload,
      ...(data !== undefined && takesEventData(outcome) && { data }),
    }),
  }));
}

async function dataOf(environment: Environment, entry: FinalEvent['entry']): Promise<JsonObject | undefined> {
  const { configuration, exact } = await configurationOf(environment, entry);
  return (await recompute(entry, configuration, exact)).planned?.event?.data;
}

async function runDifferences(
  environment: Environment,
  finals: FinalEvent[],
  entry: KnockLogEntry,
  runs: { runId: string; text: string }[],
): Promise<ComparedEvent['differences']> {
  const table = workflowRunsOf(environment);
  const ours: string[] = [];
  for (const { actions } of finals) {
    if (actions === undefined) continue;
    for (const { workflow, key, tenant } of await runsOfExecution(table, actions))
      ours.push(runText(workflow, recipientKey(key.recipient), tenant));
  }
  const ids = new Set(knockRunIds(entry));
  const theirs = runs.flatMap(({ runId, text }) => (ids.has(runId) ? [text] : []));
  return [
    ...ours.filter((run) => !theirs.includes(run)).map((run) => ({ kind: 'run_only_here' as const, run })),
    ...theirs.filter((run) => !ours.includes(run)).map((run) => ({ kind: 'run_only_at_knock' as const, run })),
  ];
}

async function recordOf(environment: Environment, records: KnockRecords, touched: Touched) {
  const [here, knock] = await Promise.all([readEntity(environment, touched.ref), records.fieldsOf(touched.ref)]);
  const attributes = here?.attributes;
  return recordDifferences(touched, isJsonObject(attributes) ? attributes : undefined, knock).map((difference) => ({
    kind: 'record' as const,
    ...difference,
  }));
}
