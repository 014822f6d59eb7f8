import * as z from 'zod';
import { ResourceKey } from '../ids/resource-key.ts';
import { ExactJson } from '../json/exact-json.ts';
import type { JsonObject } from '../json/values.ts';
import { FieldPathText } from '../mappings/field-path.ts';
import { Condition, Mapping, ParameterValue } from '../mappings/schema.ts';
import { dataSchemaProblems } from './data-schema.ts';
import { delayDaysMax, delaySeconds, recipientWaitSecondsMax } from './delays.ts';
import { ExpectationText } from './expectation.ts';
import { headerName } from './header-name.ts';
import { retentionDaysMax, retentionDaysMin, windowHoursMax } from './retention.ts';
import { Target } from './targets/index.ts';
import { Verification } from './verification.ts';

const Name = z.string().min(1).describe('For people; may be changed at any time.');
const Description = z.string().optional().describe('For people: what it is for.');

/** A member's name, with `*` for any text at its start, its end or both: `*_token`. */
const MemberPattern = z
  .string()
  .regex(/^\*?[^*]+\*?$/, 'must be the name of a field, with * only at its start or end: password, *_token*');

/** What a sync may do whose vendor calls methods: docs/destinations.md. */
const Destination = z.strictObject({
  deletes: z
    .boolean()
    .default(false)
    .describe('On: a mirror deletes users, tenants and objects that leave its query. Default: off.'),
  log_rows: z
    .boolean()
    .default(true)
    .describe('Off: a record that was stored has no row, unless a mapping or a workflow runs for it. Default: on.'),
  create_audiences: z
    .boolean()
    .default(true)
    .describe(
      'Off: audiences that are not there are not made by a Hightouch sync. Census never makes any. Default: on.',
    ),
  preview: z
    .boolean()
    .default(false)
    .describe("On: protocols that are a preview are spoken: Hightouch's. Default: off."),
});

/** `sources/<key>.yaml` */
export const SourceFile = z.strictObject({
  kind: z.string().min(1).describe('Who sends: `npx signalbox sources kinds` lists them all.'),
  name: Name,
  description: Description,
  event_type_path: FieldPathText.optional().describe("Where the event type is. Default: the kind's own rule."),
  idempotency_key_path: FieldPathText.optional().describe(
    "Where the idempotency key is. Default: the kind's own path.",
  ),
  user_id_path: FieldPathText.optional().describe("Where the id of the user is. Default: the kind's own path."),
  timestamp_path: FieldPathText.optional().describe(
    "When it happened: ISO 8601, or seconds or milliseconds since 1970. Default: the kind's own path, else when it was received.",
  ),
  verification: Verification.optional().describe(
    "How requests are checked. Default: the kind's own way; kinds whose vendor signs have no other.",
  ),
  preprocess: z
    .strictObject({
      jsonata: z
        .string()
        .min(1)
        .max(16_384)
        .describe('A JSONata expression over { body, headers, preprocess }; the map it makes is read as preprocess.*'),
    })
    .optional()
    .describe('What no path can say. https://docs.jsonata.org'),
  redact: z
    .array(MemberPattern)
    .default([])
    .describe('Fields whose values are blotted out before an event is stored, at any depth: password, *_token*'),
  headers: z
    .array(z.string().toLowerCase().regex(headerName, 'cannot be the name of a header; write one such as x-shop'))
    .default([])
    .describe('Request headers to keep besides those every event keeps.'),
  destination: Destination.optional().describe('What a sync may do that calls methods instead of posting rows.'),
  expect: ExpectationText.optional().describe('What it usually sends: an alarm tells of silence and odd volumes.'),
  mappings: z.array(Mapping).default([]).describe('What its events do; several may be for one event type.'),
});
export type SourceFile = z.infer<typeof SourceFile>;

/** Seconds, or text with a unit: `15m`. */
const Delay = z
  .union([z.number(), z.string().regex(/^\d+[smhd]$/, 'must be seconds, or a number and s, m, h or d')])
  .refine((delay) => {
    const seconds = delaySeconds(delay);
    return seconds > 0 && seconds <= delayDaysMax * 86_400;
  }, `must be more than nothing and at most ${delayDaysMax}d`);

/** Seconds, or text with a unit: `30s`. */
const RecipientWait = z
  .union([z.number(), z.string().regex(/^\d+[sm]$/, 'must be seconds, or a number and s or m')])
  .refine(
    (wait) => {
      const seconds = delaySeconds(wait);
      return seconds >= 0 && seconds <= recipientWaitSecondsMax;
    },
    `must be 0 to ${recipientWaitSecondsMax / 60}m`,
  );

const DataSchema = z.record(z.string(), ExactJson).superRefine((schema, context) => {
  for (const message of dataSchemaProblems(schema as JsonObject)) context.addIssue({ code: 'custom', message });
});

/**
 * An event that starts the workflow, written in the workflow's file. It is short for a mapping of
 * that source with the action `workflows_trigger`, whose parameters are beside `source` and
 * `event`.
 */
export const WorkflowTrigger = z.strictObject({
  source: ResourceKey.describe('Key of the source that sends the event.'),
  event: z.string().min(1).describe('The exact event type: track/order_completed, invoice.paid.'),
  id: ResourceKey.optional().describe(
    'Id of the mapping that this is short for. Default: trigger-, the key of the workflow and the event type.',
  ),
  when: z.array(Condition).optional().describe('Conditions that must all hold; none by default.'),
  recipients: ParameterValue.optional().describe('Who gets a run. Default: user_id.'),
  data: ParameterValue.optional().describe("What the workflow is given. Default: the event's data."),
  actor: ParameterValue.optional().describe('Who did it.'),
  tenant: ParameterValue.optional().describe('The tenant that the runs are for.'),
  cancellation_key: ParameterValue.optional().describe('For workflows_cancel; best unique per trigger.'),
  settings: ParameterValue.optional().describe('Passed on to the target.'),
});
export type WorkflowTrigger = z.infer<typeof WorkflowTrigger>;

/** `workflows/<key>.yaml` */
export const WorkflowFile = z.strictObject({
  name: Name,
  description: Description,
  target: z
    .record(z.string(), Target)
    .describe('By environment. An environment that is missing cannot start the workflow.'),
  delay: Delay.optional().describe(
    'How long after its event was received a run is handed off: 90 (seconds), 15m, 2h, 3d. Until then it can be cancelled.',
  ),
  wait_for_recipients: RecipientWait.optional().describe(
    'How long a trigger waits for a recipient that is not known yet, since its identify may be on its way: 10 (seconds, the default), 30s, 2m, at most 15m. 0: not at all.',
  ),
  max_per_second: z
    .number()
    .positive('must be more than 0: 0.5 is one every two seconds')
    .max(10_000, 'must be at most 10000')
    .optional()
    .describe('How many runs may begin a second. Others wait for their turn, without an attempt. Default: no limit.'),
  max_concurrent: z
    .int('must be a whole number from 1 to 1000')
    .min(1, 'must be 1 to 1000')
    .max(1000, 'must be 1 to 1000')
    .optional()
    .describe('How many calls to the target may be under way. Other runs wait, without an attempt. Default: no limit.'),
  data_schema: DataSchema.optional().describe('JSON Schema (2020-12) that the data of a trigger must match.'),
  audience: ResourceKey.optional().describe('Every new member of this audience starts a run.'),
  triggers: z.array(WorkflowTrigger).optional().describe('Events that start it. Mappings of sources may start it too.'),
});
export type WorkflowFile = z.infer<typeof WorkflowFile>;

/**
 * `audiences/<key>.yaml`: an audience that exists before it has members. Actions add the members.
 */
export const AudienceFile = z.strictObject({
  name: Name,
  description: Description,
});
export type AudienceFile = z.infer<typeof AudienceFile>;

/**
 * Per-environment state of one source. It takes effect at once and is never promoted. Absent
 * members take the kind's defaults.
 */
export const SourceSettings = z.strictObject({
  enabled: z.boolean().default(true).describe('Off: events are accepted and logged `rejected: source_disabled`.'),
  identify: z
    .boolean()
    .optional()
    .describe(
      'Off: `identify` events run nothing and are logged `identify_disabled`. Default: on, except for legacy kinds.',
    ),
  verification: z
    .strictObject({
      enforced: z
        .union([z.boolean(), z.literal('once_set')])
        .optional()
        .describe(
          "On: a request that fails the check is answered 401. once_set: on as soon as the source has a secret. Default: the kind's own.",
        ),
      partial: z
        .enum(['accept', 'refuse'])
        .optional()
        .describe(
          'Batches whose signature covers only their first event: accept the rest as unverified (default), or refuse the request.',
        ),
      destructive: z
        .enum(['verified', 'any'])
        .optional()
        .describe(
          'Mappings of actions that delete: run them for no event whose check failed or did not cover it (verified, the default), or for any.',
        ),
    })
    .prefault({})
    .describe('Whether requests must prove who sent them.'),
  idempotency: z
    .strictObject({
      enabled: z
        .boolean()
        .optional()
        .describe('Off: every copy of an event runs. Default: on, except for legacy kinds.'),
      path: FieldPathText.optional().describe("Default: the source's idempotency_key_path."),
      window_hours: z
        .number()
        .positive(`must be more than 0 and at most ${windowHoursMax}`)
        .max(windowHoursMax, `must be at most ${windowHoursMax}: a week, which every log row outlives`)
        .optional()
        .describe('How long a copy counts as one. Default: 24, or longer where the sender tries again for longer.'),
    })
    .prefault({})
    .describe('How copies of an event are told.'),
  log_shards: z
    .int('must be a whole number from 1 to 32')
    .min(1, 'must be 1 to 32')
    .max(32, 'must be 1 to 32: an event id has one character for it')
    .optional()
    .describe("Default: the environment's."),
  retention_days: z
    .int(`must be a whole number of days, ${retentionDaysMin} to ${retentionDaysMax}`)
    .min(
      retentionDaysMin,
      `must be at least ${retentionDaysMin}: copies are recognised by the row of the first, for up to ${windowHoursMax / 24} days`,
    )
    .max(retentionDaysMax, `must be at most ${retentionDaysMax}`)
    .optional()
    .describe(
      "How many days this source's rows of the event log and the action log are kept. Default: the environment's.",
    ),
  inactive_mappings: z.array(ResourceKey).default([]).describe('Ids of mappings that do not run here.'),
});
export type SourceSettings = z.infer<typeof SourceSettings>;

/** `environments/<env>.yaml`: first values for a new environment. Afterwards the table wins. */
export const EnvironmentFile = z.strictObject({
  sources: z.record(ResourceKey, SourceSettings).default({}).describe('By key of the source.'),
  inactive_workflows: z.array(ResourceKey).default([]).describe('Keys of workflows that start nothing here.'),
});
export type EnvironmentFile = z.infer<typeof EnvironmentFile>;

/**
 * Ingest URL generations of a source: `generation` only ever grows; the previous one stays valid
 * until retired.
 */
export const UrlState = z.strictObject({
  generation: z.int().positive().default(1),
  previous_valid: z.boolean().default(false),
  rotated_at: z.iso.datetime().optional().describe('When this generation began. Absent for the first.'),
});

export const SourceState = z.strictObject({
  ...SourceSettings.shape,
  url: UrlState.default({ generation: 1, previous_valid: false }),
});
export type SourceState = z.infer<typeof SourceState>;

/** A workflow's hold: since when, by whom, and why. `since` also names it. */
export const WorkflowHold = z.strictObject({
  since: z.iso.datetime(),
  by: z.string(),
  reason: z.string().optional(),
  /** The job that releases its runs now. */
  job: z.string().optional(),
});
export type WorkflowHold = z.infer<typeof WorkflowHold>;

/** A source's pause: since when, by whom, and why. */
export const SourceHold = z.strictObject({
  since: z.iso.datetime(),
  by: z.string(),
  reason: z.string().optional(),
});
export type SourceHold = z.infer<typeof SourceHold>;

/** All per-environment state, as the `current` item holds it. */
export const EnvironmentState = z.strictObject({
  sources: z.record(ResourceKey, SourceState).default({}),
  inactive_workflows: z.array(ResourceKey).default([]),
  // Absent where none is held, and in older states.
  held_workflows: z.record(ResourceKey, WorkflowHold).optional(),
  // Absent where none is paused, and in older states.
  held_sources: z.record(ResourceKey, SourceHold).optional(),
});
export type EnvironmentState = z.infer<typeof EnvironmentState>;

/**
 * Versioned content, which a commit makes live. It is immutable and stored compressed under its
 * content hash.
 */
export const Snapshot = z.strictObject({
  sources: z.record(ResourceKey, SourceFile),
  workflows: z.record(ResourceKey, WorkflowFile),
  // Older snapshots have no audiences.
  audiences: z.record(ResourceKey, AudienceFile).default({}),
});
export type Snapshot = z.infer<typeof Snapshot>;
