import { GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { v7 as uuidv7 } from 'uuid';
import * as z from 'zod';
import { answerOf, writeIf } from '../../adapters/dynamodb.ts';
import { type ConfigurationTable, queryAll } from '../../adapters/dynamodb-configuration-table.ts';
import { defined } from '../../core/defined.ts';
import { eventIdTimeMs } from '../../core/ids/event-id.ts';
import type { JsonObject, JsonValue } from '../../core/json/values.ts';

/*
 * Long work of operators, in the Configuration table: `pk = jobs`, `sk = id`. A job outlives the
 * process that runs it: another one carries on behind `cursor`. Its events are in pages beside the
 * action log (`job-events.ts`). docs/cli.md, "jobs".
 */

const Counts = z.record(z.string(), z.number());

export const JobKind = z.enum(['replay', 'release', 'discard', 'erase', 'drain', 'release_source']);
export type JobKind = z.infer<typeof JobKind>;

const Stored = z.object({
  sk: z.string(),
  kind: JobKind,
  author: z.string(),
  reason: z.string().optional(),
  request: z.record(z.string(), z.unknown()),
  secret: z.record(z.string(), z.unknown()).optional(),
  state: z.enum(['running', 'done', 'cancelled']),
  /** All that it has to do; it was counted before it began. */
  total: z.number(),
  first: z.string().optional(),
  last: z.string().optional(),
  cursor: z.string().optional(),
  counts: Counts,
  created_at: z.string(),
  updated_at: z.string(),
  worker: z.string().optional(),
  lease_ends_at: z.number().optional(),
});

export type Job = {
  id: string;
  kind: JobKind;
  author: string;
  /** Why, in the operator's words. */
  reason?: string;
  /** What was asked, in the form of its kind. */
  request: JsonObject;
  /** What only its work needs to know: it is never shown, and goes when the job is over. */
  secret?: JsonObject;
  state: 'running' | 'done' | 'cancelled';
  total: number;
  /** Its oldest and its newest event; absent: it has none. */
  first?: string;
  last?: string;
  /** The id of the last event that it is done with. */
  cursor?: string;
  /** What became of the events so far. */
  counts: Record<string, number>;
  createdAt: string;
  updatedAt: string;
  /** The process that runs it, and until when no other one may. */
  worker?: string;
  leaseEndsAtMs?: number;
};

const partition = 'jobs';
/** The process that has a job records its progress more often than this. */
const leaseMs = 30_000;

function jobFromItem(item: Record<string, unknown>): Job {
  const { sk, created_at, updated_at, lease_ends_at, request, secret, kind, author, state, total, counts, ...rest } =
    Stored.parse(item);
  return {
    id: sk,
    kind,
    author,
    request: request as JsonObject,
    state,
    total,
    counts,
    createdAt: created_at,
    updatedAt: updated_at,
    ...(secret !== undefined && { secret: secret as JsonObject }),
    ...defined({ ...rest, leaseEndsAtMs: lease_ends_at }),
  };
}

export type NewJob = Pick<Job, 'kind' | 'author' | 'request' | 'total' | 'secret'> & {
  /** Absent: a new one. */
  id?: string;
  reason?: string | undefined;
  first?: string | undefined;
  last?: string | undefined;
};

/** Ids of jobs sort by the time of their beginning. */
export const newJobId = (nowMs: number) => uuidv7({ msecs: nowMs });

/** Records a job before it begins. */
export async function createJob(table: ConfigurationTable, job: NewJob, nowMs: number): Promise<Job> {
  const at = new Date(nowMs).toISOString();
  const { id = newJobId(nowMs), ...rest } = job;
  const item = {
    pk: partition,
    sk: id,
    ...defined(rest),
    state: 'running',
    counts: {},
    created_at: at,
    updated_at: at,
  };
  await table.client.send(new PutCommand({ TableName: table.table, Item: item }));
  return jobFromItem(item);
}

/** Undefined when there is no such job. */
export async function readJob({ client, table }: ConfigurationTable, id: string): Promise<Job | undefined> {
  const { Item } = await client.send(
    new GetCommand({ TableName: table, Key: { pk: partition, sk: id }, ConsistentRead: true }),
  );
  return Item && jobFromItem(Item);
}

/** Every job, newest first. */
export async function listJobs(table: ConfigurationTable): Promise<Job[]> {
  return (await queryAll(table, partition)).map(jobFromItem).reverse();
}

/** The jobs that may have touched an event, by when they began and by their first and last event; oldest first. */
export async function jobsAround({ client, table }: ConfigurationTable, eventId: string): Promise<Job[]> {
  const jobs: Job[] = [];
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk AND sk >= :since',
        FilterExpression: '#first <= :event AND #last >= :event',
        ExpressionAttributeNames: { '#first': 'first', '#last': 'last' },
        ExpressionAttributeValues: {
          ':pk': partition,
          // Clocks differ: the event's is that of the function that received it.
          ':since': newJobId(Math.max(0, eventIdTimeMs(eventId) - clockSkewMs)).slice(0, 13),
          ':event': eventId,
        },
        ExclusiveStartKey,
      }),
    );
    jobs.push(...(page.Items ?? []).map(jobFromItem));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return jobs;
}

const clockSkewMs = 5 * 60_000;

export type Taken =
  | { kind: 'taken'; job: Job }
  /** It ended, or was cancelled; or there is none. */
  | { kind: 'over'; job: Job | undefined }
  /** Another process runs it until then, unless it goes on. */
  | { kind: 'elsewhere'; job: Job };

/** Takes the job for this process for half a minute. */
export async function takeJob(table: ConfigurationTable, id: string, worker: string, nowMs: number): Promise<Taken> {
  const answer = await answerOf(
    table.client.send(
      new UpdateCommand({
        TableName: table.table,
        Key: { pk: partition, sk: id },
        UpdateExpression: 'SET worker = :worker, lease_ends_at = :until',
        ConditionExpression:
          '#state = :running AND (attribute_not_exists(lease_ends_at) OR lease_ends_at < :now OR worker = :worker)',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: {
          ':worker': worker,
          ':until': nowMs + leaseMs,
          ':now': nowMs,
          ':running': 'running',
        },
        ReturnValues: 'ALL_NEW',
      }),
    ),
    'taking a job',
  );
  if (answer.kind === 'written') return { kind: 'taken', job: jobFromItem(answer.output.Attributes ?? {}) };
  const job = await readJob(table, id);
  return job?.state === 'running' ? { kind: 'elsewhere', job } : { kind: 'over', job };
}

export type Progress = Pick<Job, 'counts'> & { cursor: string | undefined; isDone: boolean };

/**
 * Records how far this process got, and keeps the job for another half minute.
 * @returns false when it was cancelled meanwhile, or another process has it: nothing more may be done
 */
export function recordProgress(
  table: ConfigurationTable,
  { id, worker }: { id: string; worker: string },
  { cursor, counts, isDone }: Progress,
  nowMs: number,
): Promise<boolean> {
  return writeIf(
    table.client.send(
      new UpdateCommand({
        TableName: table.table,
        Key: { pk: partition, sk: id },
        UpdateExpression: `SET #state = :state, counts = :counts, updated_at = :at, lease_ends_at = :until${cursor === undefined ? '' : ', #cursor = :cursor'}${isDone ? ' REMOVE secret' : ''}`,
        ConditionExpression: '#state = :running AND worker = :worker',
        ExpressionAttributeNames: { '#state': 'state', ...(cursor !== undefined && { '#cursor': 'cursor' }) },
        ExpressionAttributeValues: {
          ':state': isDone ? 'done' : 'running',
          ':running': 'running',
          ':worker': worker,
          ':counts': counts,
          ':at': new Date(nowMs).toISOString(),
          ':until': nowMs + leaseMs,
          ...(cursor !== undefined && { ':cursor': cursor }),
        },
      }),
    ),
    'recording the progress of a job',
  );
}

/** Gives the job back, so that another process need not wait for the lease to end. */
export function leaveJob(
  table: ConfigurationTable,
  { id, worker }: { id: string; worker: string },
  nowMs: number,
): Promise<boolean> {
  return writeIf(
    table.client.send(
      new UpdateCommand({
        TableName: table.table,
        Key: { pk: partition, sk: id },
        UpdateExpression: 'SET lease_ends_at = :now',
        ConditionExpression: 'worker = :worker',
        ExpressionAttributeValues: { ':worker': worker, ':now': nowMs - 1 },
      }),
    ),
    'leaving a job',
  );
}

/**
 * Stops a job, wherever it runs: it ends after the events that it is at.
 * @returns false when it is over already, or there is none
 */
export function cancelJob({ client, table }: ConfigurationTable, id: string, nowMs: number): Promise<boolean> {
  return writeIf(
    client.send(
      new UpdateCommand({
        TableName: table,
        Key: { pk: partition, sk: id },
        UpdateExpression: 'SET #state = :cancelled, updated_at = :at REMOVE secret',
        ConditionExpression: '#state = :running',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: {
          ':cancelled': 'cancelled',
          ':running': 'running',
          ':at': new Date(nowMs).toISOString(),
        },
      }),
    ),
    'cancelling a job',
  );
}

/** The jobs whose request or reason names a person, by id. One Query: jobs are few. */
export async function jobsThatName(
  table: ConfigurationTable,
  without: (value: JsonValue) => JsonValue,
): Promise<string[]> {
  const jobs = await listJobs(table);
  return jobs.flatMap(({ id, request, reason = '' }) =>
    without(request) === request && without(reason) === reason ? [] : [id],
  );
}

/** Takes a person out of a job's request and reason. */
export async function eraseNamesInJob(
  { client, table }: ConfigurationTable,
  id: string,
  without: (value: JsonValue) => JsonValue,
): Promise<void> {
  const job = await readJob({ client, table }, id);
  if (job === undefined) return;
  await client.send(
    new UpdateCommand({
      TableName: table,
      Key: { pk: partition, sk: id },
      UpdateExpression: `SET #request = :request${job.reason === undefined ? '' : ', reason = :reason'}`,
      ExpressionAttributeNames: { '#request': 'request' },
      ExpressionAttributeValues: {
        ':request': without(job.request),
        ...(job.reason !== undefined && { ':reason': without(job.reason) }),
      },
    }),
  );
}
