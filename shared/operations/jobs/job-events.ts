import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { putEach, type TableItem } from '../../adapters/dynamodb.ts';
import { type ActionLogTable, actionLogOf, type WithActionLog } from '../actions/actions.ts';

/*
 * The events of a job, written before it begins: pages of up to a hundred, oldest first, beside the
 * action log's rows: `pk = job#{id}`, `sk = the first event of the page`. So one Query tells whether
 * a job touched an event, and rows of events and actions need no attribute for it.
 * docs/log-tables.md, "Jobs".
 */

/** What a job does with one event. */
export type JobOutcome = {
  outcome: 'replayed' | 'skipped' | 'failed';
  /** The queue that it was sent to; null when nothing was. */
  sent: 'event' | 'actions' | null;
  detail: string;
};

export type JobPage = {
  events: string[];
  /**
   * One for each event, written right before they are sent; absent: the job has not come to them. A
   * process that dies while it sends leaves them, and the next one sends the page again.
   */
  outcomes?: JobOutcome[];
};

const Stored = z.object({
  events: z.array(z.string()),
  /** Each outcome once, and for each event the number of its own: most events of a page end alike. */
  outcomes: z
    .array(
      z.object({
        outcome: z.enum(['replayed', 'skipped', 'failed']),
        sent: z.enum(['event', 'actions']).nullable(),
        detail: z.string(),
      }),
    )
    .optional(),
  of: z.array(z.number()).optional(),
});

/** Four calls, of 25 items each. */
const pagesAtOnce = 100;

const partition = (jobId: string) => `job#${jobId}`;

function itemOf(jobId: string, { events, outcomes }: JobPage, expiresAtSeconds: number): TableItem {
  const item = { pk: partition(jobId), sk: String(events[0]), events, expires_at: expiresAtSeconds };
  if (outcomes === undefined) return item;
  const distinct = [...new Map(outcomes.map((one) => [JSON.stringify(one), one])).entries()];
  const numbers = new Map(distinct.map(([text], i) => [text, i]));
  return {
    ...item,
    outcomes: distinct.map(([, one]) => one),
    of: outcomes.map((one) => numbers.get(JSON.stringify(one))),
  };
}

function pageFromItem(item: Record<string, unknown>): JobPage {
  const { events, outcomes, of } = Stored.parse(item);
  if (outcomes === undefined || of === undefined) return { events };
  return { events, outcomes: of.flatMap((n) => outcomes[n] ?? []) };
}

/**
 * Writes pages of a job, over those that begin with the same event.
 * @throws RetryableError when one was not written
 */
export async function writeJobPages(
  environment: WithActionLog,
  jobId: string,
  pages: JobPage[],
  expiresAtSeconds: number,
): Promise<void> {
  const { client, table } = actionLogOf(environment);
  for (let i = 0; i < pages.length; i += pagesAtOnce) {
    const some = pages.slice(i, i + pagesAtOnce);
    const answers = await putEach(
      client,
      some.map((page) => ({ table, item: itemOf(jobId, page, expiresAtSeconds) })),
    );
    const failed = answers.find((error) => error !== undefined);
    if (failed) throw failed;
  }
}

/**
 * The pages of a job, oldest first. With `after` only those that begin behind this event; with
 * `newestFirst` in that order, and those that begin before it.
 */
export async function* readJobPages(
  environment: WithActionLog,
  jobId: string,
  { after, newestFirst = false }: { after?: string | undefined; newestFirst?: boolean } = {},
): AsyncGenerator<JobPage> {
  const { client, table } = actionLogOf(environment);
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: after === undefined ? 'pk = :pk' : `pk = :pk AND sk ${newestFirst ? '<' : '>'} :after`,
        ScanIndexForward: !newestFirst,
        ExpressionAttributeValues: { ':pk': partition(jobId), ...(after !== undefined && { ':after': after }) },
        ConsistentRead: true,
        ...(ExclusiveStartKey && { ExclusiveStartKey }),
      }),
    );
    for (const item of page.Items ?? []) yield pageFromItem(item);
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
}

/**
 * What a job does with an event, by one Query for the last page that begins at or before it;
 * undefined when the event is not the job's, `{}` while the job has not come to it.
 */
export async function readJobOutcome(
  log: ActionLogTable,
  jobId: string,
  eventId: string,
): Promise<Partial<JobOutcome> | undefined> {
  const { Items } = await log.client.send(
    new QueryCommand({
      TableName: log.table,
      KeyConditionExpression: 'pk = :pk AND sk <= :event',
      ExpressionAttributeValues: { ':pk': partition(jobId), ':event': eventId },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: 1,
    }),
  );
  const [item] = Items ?? [];
  if (item === undefined) return undefined;
  const { events, outcomes } = pageFromItem(item);
  const place = events.indexOf(eventId);
  return place < 0 ? undefined : (outcomes?.[place] ?? {});
}
