import {
  itemFromEntry as actionItem,
  actionItemKey,
  entryFromItem as actionsFromItem,
} from '../../adapters/dynamodb-action-log.ts';
import { claimItemKey } from '../../adapters/dynamodb-claim-store.ts';
import { entryFromItem, itemFromEntry } from '../../adapters/dynamodb-event-log.ts';
import { getEach, type ItemKey } from '../../adapters/dynamodb-get-each.ts';
import { runItemKey } from '../../adapters/dynamodb-workflow-runs.ts';
import { packJson } from '../../adapters/packed-json.ts';
import { findAction } from '../../core/actions/index.ts';
import { withoutErased } from '../../core/actions/parts/without-erased.ts';
import { packEventText } from '../../core/events/raw-event.ts';
import { apiSource } from '../../core/ids/api-source.ts';
import { recipientKey } from '../../core/ids/entity-ref.ts';
import { inParallel } from '../../core/in-parallel.ts';
import { markLongIntegers, restoreLongIntegers } from '../../core/json/long-integers.ts';
import { type PersonNames, redaction } from '../../core/json/redact-names.ts';
import type { JsonObject, JsonValue } from '../../core/json/values.ts';
import type { ActionLogEntry, ActionOutcome } from '../../core/logs/action-log-entry.ts';
import { actionsWithoutPerson } from '../../core/logs/actions-without-person.ts';
import type { EventLogEntry } from '../../core/logs/event-log-entry.ts';
import { eventWithoutPerson } from '../../core/logs/event-without-person.ts';
import type { WorkflowRun } from '../../core/runs/workflow-run.ts';
import { executionsOfEvent } from '../actions/actions.ts';
import type { Environment } from '../environment.ts';
import { eventOfRow } from '../events/event-text.ts';
import { findRuns } from '../runs/find-runs.ts';
import { readRun, recipientsOf, runsOfExecutions, workflowRunsOf } from '../runs/runs.ts';
import { type Item, queryItems } from '../tables/tables.ts';
import type { Changes } from './changes.ts';
import { removeHiddenRelations } from './erase-relations.ts';
import { type Erasing, readItem } from './erasing.ts';

const attemptsMax = 5;

/** Rows that were read for many events at once. */
type Known = {
  event: Item | undefined;
  /** By execution. */
  actions: ReadonlyMap<string, Item | undefined>;
  /** Absent: they must be looked for. */
  runs?: WorkflowRun[];
  claims?: Item[];
};

/**
 * Erases events of the person. What they need is read for all at once.
 * @param keys up to 100
 */
export async function eraseEvents(keys: ItemKey[], erasing: Erasing, atOnce: number): Promise<void> {
  const known = await readKnown(keys, erasing);
  const { environment, changes, nowMs } = erasing;
  const found = known.flatMap(({ event, ...rest }, i) =>
    event === undefined || event.erased_at !== undefined
      ? []
      : [{ key: keys[i] as ItemKey, item: event, entry: entryFromItem(event), ...rest }],
  );
  // Their rows lead to the rest, so they go last.
  await inParallel(found, atOnce, async ({ entry, runs, actions, claims }) => {
    await eraseRunsOfOthers(entry, erasing, runs);
    await eraseActions(entry, erasing, actions);
    if (claims === undefined) await removeClaims(entry, erasing);
  });
  const claims = found.flatMap(({ entry, claims = [] }) => ownClaims(entry, claims));
  await changes.removeEach('claims', environment.outputs.ClaimsTable, claims);
  await inParallel(found, atOnce, async ({ key, item, entry }) => {
    if (await putEvent('events', item, eventWithoutPerson(entry, nowMs), environment, changes)) return;
    await eraseEvent(key, erasing);
  });
}

async function readKnown(keys: ItemKey[], { environment }: Erasing): Promise<Known[]> {
  const { documents, outputs } = environment;
  const what = 'erasing a person';
  const events = await getEach(documents, keys, { table: outputs.EventLogTable, what });
  const entries = events.map((item) =>
    item === undefined || item.erased_at !== undefined ? undefined : entryFromItem(item),
  );
  const executions = entries.map((entry) => (entry === undefined ? [] : executionsOfEvent(entry)));
  const claimKeys = entries.map((entry) => entry && claimKeyOf(entry));
  const [actions, claims] = await Promise.all([
    getEach(documents, executions.flat().map(actionItemKey), { table: outputs.ActionLogTable, what }),
    getEach(
      documents,
      claimKeys.filter((key) => key !== undefined),
      { table: outputs.ClaimsTable, what },
    ),
  ]);
  const actionOf = new Map(executions.flat().map((execution, i) => [execution, actions[i]]));
  const claimOf = new Map(
    claims.flatMap((item) => (item === undefined ? [] : [[`${item.pk}\n${item.sk}`, item] as const])),
  );
  const logs = executions.map((some) => some.flatMap((one) => logsOf(actionOf.get(one))));
  const runs = await runsOfExecutions(workflowRunsOf(environment), logs.flat().filter(listsItsRuns));
  const runsOf = Map.groupBy(runs, ({ key }) => key.execution);
  return keys.map((_, i): Known => {
    const claimKey = claimKeys[i];
    const claim = claimKey && claimOf.get(`${claimKey.pk}\n${claimKey.sk}`);
    const some = executions[i] ?? [];
    return {
      event: events[i],
      actions: new Map(some.map((one) => [one, actionOf.get(one)])),
      ...(logs[i]?.every(listsItsRuns) && { runs: some.flatMap((one) => runsOf.get(one) ?? []) }),
      ...((claimKey !== undefined || entries[i]?.key === undefined) && { claims: claim === undefined ? [] : [claim] }),
    };
  });
}

const logsOf = (item: Item | undefined) => (item === undefined ? [] : [actionsFromItem(item)]);

/** Subscribers of objects and greeted members are not in the row of the actions. */
function listsItsRuns({ actions }: ActionLogEntry): boolean {
  return actions.every(({ action, payload }) => {
    const { startsRunsFor, adds } = findAction(action) ?? {};
    if (adds !== undefined) return false;
    return (
      startsRunsFor === undefined || recipientsOf(payload[startsRunsFor] ?? null).every(({ kind }) => kind === 'user')
    );
  });
}

/** Undefined without a key, and where the row does not say the whole key of the claim. */
function claimKeyOf({ key, source, eventType }: EventLogEntry): ItemKey | undefined {
  const isWhole = source !== apiSource && eventType !== undefined && eventType.length < 512;
  return key !== undefined && isWhole ? claimItemKey({ key, source, eventType }) : undefined;
}

/**
 * Erases an event of the person: claims, runs that it began for others, actions, and last its own
 * row. The row leads to all of them, so a process that dies finds the event again.
 */
async function eraseEvent(key: ItemKey, erasing: Erasing): Promise<void> {
  const { environment, changes, nowMs } = erasing;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const item = await readItem(environment, environment.outputs.EventLogTable, key);
    if (item === undefined || item.erased_at !== undefined) return;
    const entry = entryFromItem(item);
    await eraseRunsOfOthers(entry, erasing);
    await eraseActions(entry, erasing);
    await removeClaims(entry, erasing);
    if (await putEvent('events', item, eventWithoutPerson(entry, nowMs), environment, changes)) return;
  }
  throw new Error(`event ${key.sk} kept changing while it was erased`);
}

/**
 * Takes the person out of an event of another person that names them: out of its text, its actions
 * and the runs of others. It stays an event that can run again.
 */
export async function eraseMentions(key: ItemKey, erasing: Erasing): Promise<void> {
  const { environment, names, changes } = erasing;
  const { text } = redaction(names);
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const item = await readItem(environment, environment.outputs.EventLogTable, key);
    if (item === undefined || item.erased_at !== undefined) return;
    const entry = entryFromItem(item);
    if (entry.userId !== undefined && names.ids.includes(entry.userId)) return eraseEvent(key, erasing);
    // They are found by what the actions say.
    await eraseMentionsInRuns(entry, erasing);
    await eraseMentionsInActions(entry, erasing);
    const isKeyNamed = entry.key !== undefined && text(entry.key) !== entry.key;
    if (isKeyNamed) await removeClaims(entry, erasing);
    const { key: named, ...rest } = entry;
    const next = {
      ...rest,
      ...(named !== undefined && !isKeyNamed && { key: named }),
      ...(entry.detail !== undefined && { detail: text(entry.detail) }),
      ...(entry.discarded && { discarded: { ...entry.discarded, reason: text(entry.discarded.reason) } }),
      ...(entry.preprocessError !== undefined && { preprocessError: text(entry.preprocessError) }),
      payload: payloadWithout(entry, names),
    };
    const isSame =
      next.payload === entry.payload &&
      !isKeyNamed &&
      next.detail === entry.detail &&
      next.discarded?.reason === entry.discarded?.reason &&
      next.preprocessError === entry.preprocessError;
    if (isSame || (await putEvent('mentions', item, next, environment, changes))) return;
  }
  throw new Error(`event ${key.sk} kept changing while a person was taken out of it`);
}

/** Whether an event's text names the person. */
export function isNamedIn(entry: Pick<EventLogEntry, 'payload'>, names: PersonNames): boolean {
  return payloadWithout(entry, names) !== entry.payload;
}

/** The same bytes when nothing names the person. */
function payloadWithout(entry: Pick<EventLogEntry, 'payload'>, names: PersonNames): Uint8Array {
  const found = eventOfRow(entry);
  if (found === undefined) return entry.payload;
  const { text, json } = redaction(names);
  const body = parsed(found.body);
  const bodyWithout = body === undefined ? text(found.body) : json(body);
  const headers = json(found.headers);
  if (bodyWithout === (body ?? found.body) && headers === found.headers) return entry.payload;
  return packEventText({
    headers: headers as Record<string, string>,
    body: body === undefined ? String(bodyWithout) : restoreLongIntegers(JSON.stringify(bodyWithout)),
  });
}

/** Long integers keep their digits. */
function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(markLongIntegers(text));
  } catch {
    return undefined;
  }
}

/** Whatever a row's source keeps rows for, it expires when it would have. */
function putEvent(
  kind: 'events' | 'mentions',
  item: Item,
  entry: EventLogEntry,
  { outputs }: Environment,
  changes: Changes,
): Promise<boolean> {
  const usersIndex = item.user_bucket !== undefined;
  const next = itemFromEntry(entry, { retentionDays: outputs.LogRetentionDays, usersIndex });
  return changes.put(
    kind,
    outputs.EventLogTable,
    { ...next, expires_at: item.expires_at },
    {
      ConditionExpression: '#status = :status AND processed_at = :processed',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: { ':status': item.status, ':processed': item.processed_at },
    },
  );
}

async function eraseActions(entry: EventLogEntry, erasing: Erasing, known?: Known['actions']): Promise<void> {
  const { environment, changes, nowMs } = erasing;
  for (const execution of executionsOfEvent(entry))
    await changeActions({ execution, known }, environment, async (item, log) => {
      if (log.erasedAtMs !== undefined) return true;
      await removeHiddenRelations(log, erasing);
      return putActions('actions', item, actionsWithoutPerson(log, nowMs), environment, changes);
    });
}

async function eraseMentionsInActions(entry: EventLogEntry, erasing: Erasing): Promise<void> {
  const { environment, changes, names, nowMs } = erasing;
  for (const execution of executionsOfEvent(entry))
    await changeActions({ execution }, environment, async (item, log) => {
      if (log.erasedAtMs !== undefined) return true;
      await removeHiddenRelations(log, erasing);
      const next = actionsWithoutMentions(log, names, nowMs);
      return next === log || putActions('mentions', item, next, environment, changes);
    });
}

async function changeActions(
  { execution, known }: { execution: string; known?: Known['actions'] | undefined },
  environment: Environment,
  change: (item: Item, log: ActionLogEntry) => Promise<boolean>,
): Promise<void> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const item =
      attempt === 1 && known?.has(execution)
        ? known.get(execution)
        : await readItem(environment, environment.outputs.ActionLogTable, actionItemKey(execution));
    if (item === undefined || (await change(item, actionsFromItem(item)))) return;
  }
  throw new Error(`the actions of ${execution} kept changing while a person was erased`);
}

function putActions(
  kind: 'actions' | 'mentions',
  item: Item,
  log: ActionLogEntry,
  { outputs }: Environment,
  changes: Changes,
): Promise<boolean> {
  const next = actionItem({ ...log, revision: log.revision + 1 }, outputs.LogRetentionDays);
  return changes.put(
    kind,
    outputs.ActionLogTable,
    { ...next, expires_at: item.expires_at },
    {
      ConditionExpression: 'revision = :seen',
      ExpressionAttributeValues: { ':seen': item.revision },
    },
  );
}

/** The same row when nothing in it names the person. */
function actionsWithoutMentions(log: ActionLogEntry, names: PersonNames, nowMs: number): ActionLogEntry {
  const { text } = redaction(names);
  const actions = log.actions.map((outcome) => outcomeWithoutMentions(outcome, names, nowMs));
  const message = log.message === undefined ? undefined : text(log.message);
  if (message === log.message && actions.every((outcome, i) => outcome === log.actions[i])) return log;
  return { ...log, actions, ...(message !== undefined && { message }) };
}

function outcomeWithoutMentions(outcome: ActionOutcome, names: PersonNames, nowMs: number): ActionOutcome {
  const { json, text } = redaction(names);
  const action = findAction(outcome.action);
  const isPerson = { has: (id: string) => names.ids.includes(id) };
  // Not only marked, since a replay of the action would take the mark for a recipient.
  const without = action === undefined ? undefined : withoutErased(action, outcome.payload, isPerson);
  if (without?.kind === 'refused') {
    const [ended] = actionsWithoutPerson({ actions: [outcome] } as ActionLogEntry, nowMs).actions;
    return ended as ActionOutcome;
  }
  const { detail, result, warnings, progress, discarded } = outcome;
  const next = {
    ...outcome,
    payload: json(without?.payload ?? outcome.payload) as JsonObject,
    ...(detail !== undefined && { detail: text(detail) }),
    ...(result && { result: json(result) as JsonObject }),
    ...(warnings && { warnings: json(warnings) as ActionOutcome['warnings'] & object }),
    ...(progress && { progress: json(progress) as JsonObject }),
    ...(discarded && { discarded: json(discarded as JsonObject) as ActionOutcome['discarded'] & object }),
  };
  const isSame = (['payload', 'detail', 'result', 'warnings', 'progress', 'discarded'] as const).every(
    (name) => next[name] === outcome[name],
  );
  return isSame ? outcome : next;
}

/** Runs that the person's event began for others hold its data; pending and held ones end. */
async function eraseRunsOfOthers(entry: EventLogEntry, erasing: Erasing, known?: WorkflowRun[]): Promise<void> {
  const { ids } = erasing.names;
  const others = known?.filter(({ key }) => !ids.includes(recipientKey(key.recipient)));
  for await (const run of others ?? runsOf(entry, erasing)) {
    const { status } = run;
    await updateRun(run, erasing, 'runs', {
      set: {
        trigger_data: packJson({}),
        ...((status === 'pending' || status === 'held') && { '#status': 'cancelled', cancel_reason: 'person_erased' }),
      },
      remove: ['actor', 'target_reference', '#error', 'cancellation', 'cancellation_key'],
    });
  }
}

async function* runsOf(entry: EventLogEntry, { environment, sources, names }: Erasing): AsyncGenerator<WorkflowRun> {
  if (executionsOfEvent(entry).length === 0) return;
  const found = findRuns(environment, sources, { event: entry.id }, { sinceMs: 0, untilMs: 0 });
  for await (const { row } of found)
    if (row !== undefined && !names.ids.includes(recipientKey(row.key.recipient))) yield row;
}

async function eraseMentionsInRuns(entry: EventLogEntry, erasing: Erasing): Promise<void> {
  const { names } = erasing;
  const { json, text } = redaction(names);
  for await (const run of runsOf(entry, erasing)) {
    const data = json(run.data);
    const isActor = run.actor?.kind === 'user' && names.ids.includes(run.actor.id);
    const { cancellationKey } = run;
    const isKeyNamed = cancellationKey !== undefined && text(cancellationKey) !== cancellationKey;
    const reference = 'targetReference' in run ? run.targetReference : undefined;
    const isAnswerNamed = reference !== undefined && json(reference) !== reference;
    if (data === run.data && !isActor && !isKeyNamed && !isAnswerNamed) continue;
    await updateRun(run, erasing, 'mentions', {
      set: { trigger_data: packJson(data) },
      remove: [
        ...(isActor ? ['actor'] : []),
        ...(isKeyNamed ? ['cancellation', 'cancellation_key'] : []),
        ...(isAnswerNamed ? ['target_reference'] : []),
      ],
    });
  }
}

async function updateRun(
  run: WorkflowRun,
  { environment, changes, nowMs }: Erasing,
  kind: 'runs' | 'mentions',
  { set, remove }: { set: Record<string, unknown>; remove: string[] },
): Promise<void> {
  const { table } = workflowRunsOf(environment);
  const entries = Object.entries({ ...set, updated_at: new Date(nowMs).toISOString() });
  const names = [...Object.keys(set), ...remove];
  const isWritten = await changes.update(kind, table, runItemKey(run.key), {
    UpdateExpression: `SET ${entries.map(([name], i) => `${name} = :v${i}`).join(', ')}${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''}`,
    ConditionExpression: '#status = :seen',
    ExpressionAttributeNames: { '#status': 'status', ...(names.includes('#error') && { '#error': 'error' }) },
    ExpressionAttributeValues: {
      ...Object.fromEntries(entries.map(([, value], i) => [`:v${i}`, value])),
      ':seen': run.status,
    },
  });
  if (isWritten) return;
  // It ended meanwhile.
  const now = await readRun(workflowRunsOf(environment), run.key);
  if (now !== undefined && now.status !== run.status)
    await updateRun(now, { environment, changes, nowMs } as Erasing, kind, {
      set: Object.fromEntries(Object.entries(set).filter(([name]) => name === 'trigger_data')),
      remove,
    });
}

/** Claims on the event's key: the key is the sender's text. Copies of the event are refused without them. */
async function removeClaims(entry: EventLogEntry, { environment, changes }: Erasing): Promise<void> {
  const { documents, outputs } = environment;
  if (entry.key === undefined) return;
  const claims: Item[] = [];
  for await (const item of queryItems(documents, {
    TableName: outputs.ClaimsTable,
    KeyConditionExpression: 'pk = :key',
    ExpressionAttributeValues: { ':key': entry.key },
    ConsistentRead: true,
  }))
    claims.push(item);
  await changes.removeEach('claims', outputs.ClaimsTable, ownClaims(entry, claims));
}

/** Other events may have taken the same key since. */
function ownClaims({ id, execution: own }: EventLogEntry, claims: readonly Item[]): ItemKey[] {
  return claims
    .filter(({ owner, execution }) => [id, own].includes(String(owner)) || [id, own].includes(String(execution)))
    .map(({ pk, sk }) => ({ pk: String(pk), sk: String(sk) }));
}
