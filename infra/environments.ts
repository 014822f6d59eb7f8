// Its type alone: the CLI reads this file too, and the CDK would take a tenth of the start of a command.
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type * as z from 'zod';
import type { NotifySettings } from '../shared/lambda/environment.ts';

/**
 * One environment of the pipeline: a separate stack, `signalbox-<name>`, that shares nothing with
 * the others.
 */
export type PipelineEnvironment = {
  name: string;
  /**
   * The account of the deploy. Absent: `-c account=…`, else the account of the CLI's credentials.
   */
  account?: string;
  /** Absent: `-c region=…`, else the CLI's region. */
  region?: string;
  /**
   * Your own domain name for the ingest URLs, so that a rebuilt API does not change every URL
   * pasted at vendors. Absent: the name that API Gateway assigns. The certificate is an issued one
   * of ACM in the environment's region. With `hostedZone` the stack writes the DNS record too;
   * without it you do (docs/custom-domain.md).
   */
  customDomain?: {
    domainName: string;
    certificateArn: string;
    hostedZone?: { id: string; name: string };
  };
  /**
   * The recipient of alarms. Absent: `-c alarmEmail=…`; without either the alarms exist but notify
   * no person.
   */
  alarmRecipient?: AlarmRecipient;
  /**
   * Where alarms are told besides, in words: what, since when, how many, why, and the next command.
   * Each channel has its secret (docs/notifications.md). Absent: nothing of it is deployed.
   */
  notify?: Notify;
  /**
   * States each day whether every event of the day before is accounted for, keeps the statement, and
   * raises an alarm when something differs (docs/statements.md). Reads every row of the day once.
   * Absent: nothing of it is deployed.
   */
  dailyStatement?: true;
  /** Rows of the event log, the action log and workflow runs are kept this long. */
  logRetentionDays: number;
  /**
   * Log lines of functions and the API are kept for so many days, one of the numbers that CloudWatch Logs
   * knows (1, 3, 5, 7, 14, 30, 60, 90…). They hold ids and sizes, never bodies.
   */
  functionLogRetention: RetentionDays;
  /**
   * Shards of a day's log rows for sources that set none themselves, 1-32; each takes 1,000 writes
   * per second.
   */
  logShards: number;
  /** Find events by user: `events --user`, `why USER`. Costs one write unit per event. */
  usersIndex: boolean;
  /**
   * Requests per second, and the largest burst. Beyond that API Gateway answers 429, and senders
   * retry.
   */
  throttle: { requestsPerSecond: number; burst: number };
  /**
   * The same for calls of the REST API, which are limited apart from events. API Gateway answers
   * 429; the official clients and reverse-ETL tools repeat it.
   */
  apiThrottle: { requestsPerSecond: number; burst: number };
  /**
   * What syncs of reverse-ETL tools are told to keep to, each for itself. Absent: 500 records to a
   * batch, 8 batches at once, 500 records a second.
   */
  syncSpeed?: { batchSize: number; parallelBatches: number; recordsPerSecond: number };
  /**
   * More accepted events in five minutes than a normal day ever has: the alarm `events-surge`.
   * Absent: 50,000.
   */
  surgeAbove?: number;
  /**
   * Reserves this much of the account's concurrency for ingest, which never takes more. Absent: it
   * shares with all other functions. A new account may have too little to reserve any
   * (docs/deploy.md).
   */
  ingestReservedConcurrency?: number;
  /**
   * The most batches that each consumer processes at once, 2-1,000. It limits the queue's poller,
   * so Lambda throttles no call.
   */
  concurrency: { processor: number; workflowTrigger: number; deadLetter: number };
  /**
   * Lets `config push --commit` change content here directly. Absent: content is committed in the
   * first environment of the list only, and comes here by `config promote`.
   */
  directCommits?: boolean;
  /**
   * Keeps the tables when the stack is deleted. Tables and stack cannot be deleted until the
   * protection is switched off by hand. The first deploy leaves it off: `-c firstDeploy=true`
   * (docs/deploy.md).
   */
  protectData: boolean;
};

export type Notify = z.input<typeof NotifySettings>;

export type AlarmRecipient = { email: string } | { topicArn: string };

/** The environments that exist, in the order in which a change is promoted. */
export const environments = [
  {
    name: 'development',
    logRetentionDays: 14,
    functionLogRetention: 7,
    logShards: 1,
    usersIndex: true,
    throttle: { requestsPerSecond: 200, burst: 400 },
    apiThrottle: { requestsPerSecond: 100, burst: 200 },
    // The local runtime runs this environment. Two cores store some 440 records a second and nothing
    // else then, and two batches keep both of its workers of the API.
    // docs/decisions/0072-a-sync-is-told-what-leaves-room-for-events.md
    syncSpeed: { batchSize: 200, parallelBatches: 1, recordsPerSecond: 200 },
    concurrency: { processor: 5, workflowTrigger: 5, deadLetter: 2 },
    protectData: false,
  },
  {
    name: 'staging',
    logRetentionDays: 30,
    functionLogRetention: 14,
    logShards: 1,
    usersIndex: true,
    throttle: { requestsPerSecond: 200, burst: 400 },
    apiThrottle: { requestsPerSecond: 100, burst: 200 },
    concurrency: { processor: 10, workflowTrigger: 10, deadLetter: 2 },
    protectData: false,
  },
  {
    name: 'production',
    logRetentionDays: 90,
    functionLogRetention: 90,
    logShards: 4,
    usersIndex: true,
    throttle: { requestsPerSecond: 1000, burst: 2000 },
    apiThrottle: { requestsPerSecond: 500, burst: 1000 },
    ingestReservedConcurrency: 200,
    concurrency: { processor: 50, workflowTrigger: 50, deadLetter: 5 },
    protectData: true,
  },
] as const satisfies readonly PipelineEnvironment[];

/** @throws Error that names the known ones */
export function environmentNamed(name: string): PipelineEnvironment {
  const found = environments.find((environment) => environment.name === name);
  if (found === undefined) {
    const known = environments.map((environment) => environment.name).join(', ');
    throw new Error(`there is no environment "${name}"; there are: ${known} (infra/environments.ts)`);
  }
  return found;
}

/**
 * Limits for syncs of reverse-ETL tools. A connection gets half of the requests that the stage lets
 * through, so that other callers have the other half.
 */
export function syncLimits({ syncSpeed, throttle, apiThrottle }: PipelineEnvironment) {
  const { batchSize, parallelBatches, recordsPerSecond } = syncSpeed ?? syncSpeedDefault;
  const letThrough = Math.min(throttle.requestsPerSecond, apiThrottle.requestsPerSecond);
  return { batchSize, parallelBatches, recordsPerSecond, requestsPerSecond: Math.max(5, Math.floor(letThrough / 2)) };
}

const syncSpeedDefault = { batchSize: 500, parallelBatches: 8, recordsPerSecond: 500 };
