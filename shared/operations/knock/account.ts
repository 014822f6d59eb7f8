import * as z from 'zod';

/*
 * What Knock's management API answers, as far as an import reads it. Fields that the published
 * documents call optional may be absent or null. https://docs.knock.app/mapi-reference
 */

export const KnockEnvironment = z.object({
  slug: z.string().min(1),
  name: z.string().default(''),
  /** The lowest number is the environment in which content is edited. */
  order: z.number().default(0),
  deleted_at: z.string().nullish(),
});
export type KnockEnvironment = z.infer<typeof KnockEnvironment>;

export const KnockMapping = z.object({
  event_type: z.string().min(1),
  /** Not a closed list: an action that this version does not know is reported. */
  action_type: z.string().min(1),
  /** By the action's parameter: a path into the event, a constant, or a map or list of these. */
  action_parameters: z.record(z.string(), z.unknown()).nullish(),
  active: z.boolean().default(true),
  /** Deleted, but live until its workflow is committed. */
  is_deleted: z.boolean().default(false),
  created_at: z.string().default(''),
});
export type KnockMapping = z.infer<typeof KnockMapping>;

const Script = z.object({ language: z.string().default('javascript'), source: z.string().default('') });

/** An open map: other kinds of sources have settings of their own. */
export const KnockSettings = z.looseObject({
  /** Where its sender posts to. A credential, like our URLs. */
  endpoint: z.string().nullish(),
  event_type_path: z.string().nullish(),
  /** Null: no event is taken for a copy. */
  idempotency_key_path: z.string().nullish(),
  timestamp_path: z.string().nullish(),
  enforce_verification: z.boolean().nullish(),
  preprocess_script: Script.nullish(),
  /** Only sources of the first generation have these two. */
  handle_identifies: z.boolean().nullish(),
  enforce_idempotency: z.boolean().nullish(),
});
export type KnockSettings = z.infer<typeof KnockSettings>;

export const KnockSourceSettings = z.object({
  settings: KnockSettings.default({}),
  mappings: z.array(KnockMapping).default([]),
});
export type KnockSourceSettings = z.infer<typeof KnockSourceSettings>;

export const KnockSource = z.object({
  key: z.string().min(1),
  name: z.string().default(''),
  description: z.string().nullish(),
  custom_image_url: z.string().nullish(),
  /** By the environment's slug. */
  environment_settings: z.record(z.string(), KnockSourceSettings).nullish(),
});

/** A template for sources, which names what its sources begin with. */
export const KnockProvider = z.object({
  key: z.string().min(1),
  default_settings: z
    .object({
      event_type_path: z.string().nullish(),
      idempotency_key_path: z.string().nullish(),
      timestamp_path: z.string().nullish(),
      preprocessing_script: Script.nullish(),
    })
    .default({}),
});
export type KnockProvider = z.infer<typeof KnockProvider>;

/** A workflow-trigger mapping that is changed and not committed. */
export const KnockPending = z.object({
  event_type: z.string(),
  resource_key: z.string().default(''),
  status: z.string().default('updated'),
});
export type KnockPending = z.infer<typeof KnockPending>;

export const KnockCondition = z.object({
  variable: z.string(),
  operator: z.string(),
  /** JSON of a constant, or a path. */
  argument: z.string().nullish(),
});
export type KnockCondition = z.infer<typeof KnockCondition>;

const AllOf = z.object({ all: z.array(KnockCondition) });
export const KnockConditions = z.union([AllOf, z.looseObject({})]).nullish();
export type KnockConditions = z.infer<typeof KnockConditions>;

export const KnockWorkflow = z.object({
  key: z.string().min(1),
  name: z.string().default(''),
  description: z.string().nullish(),
  active: z.boolean().default(true),
  conditions: KnockConditions,
  trigger_data_json_schema: z.record(z.string(), z.unknown()).nullish(),
  trigger_frequency: z.string().nullish(),
  deleted_at: z.string().nullish(),
});
export type KnockWorkflow = z.infer<typeof KnockWorkflow>;

export const KnockAudience = z.object({
  key: z.string().min(1),
  name: z.string().default(''),
  description: z.string().nullish(),
  type: z.string(),
});
export type KnockAudience = z.infer<typeof KnockAudience>;

/** A source with what it is in each environment that was read. */
export type KnockSourceRead = {
  key: string;
  name: string;
  description?: string;
  hasImage: boolean;
  /** By slug. An environment that does not have the source is absent. */
  environments: Map<string, KnockSourceSettings & { pending: KnockPending[] }>;
};

/** What an import knows of an account. Everything "by slug" has the environments that were read. */
export type KnockAccount = {
  /** All environments, lowest first, also those that were not read. */
  environments: KnockEnvironment[];
  sources: KnockSourceRead[];
  /** By key. Undefined: the account's API does not offer them. */
  providers: Map<string, KnockProvider> | undefined;
  workflows: Map<string, KnockWorkflow[]>;
  audiences: Map<string, KnockAudience[]>;
};
