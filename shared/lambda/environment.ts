import * as z from 'zod';

/** Where alarms are told; docs/notifications.md. */
export const NotifySettings = z.strictObject({
  /** An incoming webhook, whose address is the secret `notifier/slack`. */
  slack: z.literal(true).optional(),
  /** The Events API v2, whose routing key is the secret `notifier/pagerduty`. */
  pagerDuty: z.strictObject({ url: z.url().default('https://events.pagerduty.com/v2/enqueue') }).optional(),
  /** Posts signed per Standard Webhooks, with the secret `notifier/webhook`. */
  webhook: z.strictObject({ url: z.url() }).optional(),
  /** Alarms that change within this time of each other are told together. */
  gatherSeconds: z.number().min(0).max(25).default(20),
  /** Where docs/runbooks can be read, for links. */
  runbooks: z.url().optional(),
});
export type NotifySettings = z.infer<typeof NotifySettings>;

/**
 * The variables that the stack sets for its functions. Each function names those it reads. A
 * missing one stops the function at its cold start, not at the first event that needs it.
 */
const variables = {
  ENVIRONMENT: z.string().min(1),
  EVENTS_QUEUE_URL: z.url(),
  ACTIONS_QUEUE_URL: z.url(),
  EVENTS_DEAD_LETTER_QUEUE_URL: z.url(),
  ACTIONS_DEAD_LETTER_QUEUE_URL: z.url(),
  CLAIMS_TABLE: z.string().min(1),
  EVENT_LOG_TABLE: z.string().min(1),
  ACTION_LOG_TABLE: z.string().min(1),
  WORKFLOW_RUNS_TABLE: z.string().min(1),
  DIRECTORY_TABLE: z.string().min(1),
  CONFIGURATION_TABLE: z.string().min(1),
  /** Every secret of an environment is named `<prefix>/…`: signalbox/production. */
  SECRETS_PREFIX: z.string().min(1),
  /** Log shards of sources that set none themselves, 1-32. */
  LOG_SHARDS: z.coerce.number().int().min(1).max(32),
  /** What syncs of a vendor are told to keep to; JSON. */
  SYNC_LIMITS: z
    .string()
    .transform((text) => JSON.parse(text))
    .pipe(
      z.object({
        batchSize: z.int().positive(),
        parallelBatches: z.int().positive(),
        recordsPerSecond: z.int().positive(),
        requestsPerSecond: z.int().positive(),
      }),
    ),
  LOG_RETENTION_DAYS: z.coerce.number().int().positive(),
  /** Whether event-log rows can be found by user; costs one write unit per event. */
  USERS_INDEX: z.stringbool(),
  /** Deliveries after which a message goes to the dead-letter queue. */
  MAX_RECEIVE_COUNT: z.coerce.number().int().positive(),
  /** `NotifySettings` as JSON. */
  NOTIFY: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(NotifySettings),
  /** What the functions' code was at the deploy, as `FunctionCode` of the stack's outputs. */
  FUNCTION_CODE: z.string(),
  /** Only the local runtime sets it: it allows targets with http and on this machine. */
  LOCAL: z.stringbool().default(false),
} as const;

type Variables = typeof variables;
type Read<Names extends keyof Variables> = { [Name in Names]: z.infer<Variables[Name]> };

/** @throws Error that names every missing or wrong variable */
export function readEnvironment<Names extends keyof Variables>(
  env: Record<string, string | undefined>,
  ...names: Names[]
): Read<Names> {
  const problems: string[] = [];
  const read: Record<string, unknown> = {};
  for (const name of names) {
    const result = variables[name].safeParse(env[name]);
    if (result.success) read[name] = result.data;
    else problems.push(`${name}: ${result.error.issues.map((issue) => issue.message).join(', ')}`);
  }
  if (problems.length > 0) throw new Error(`the function's environment is incomplete: ${problems.join('; ')}`);
  return read as Read<Names>;
}
