import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/*
 * The shapes of answers of Knock's management API, as its OpenAPI document and its client publish them: required fields,
 * types and closed lists, for the calls that an import makes. https://docs.knock.app/mapi-reference
 */

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const flag = { type: 'boolean' };
const flagOrNull = { type: ['boolean', 'null'] };
const map = { type: 'object' };
const mapOrNull = { type: ['object', 'null'] };
const object = (properties: Record<string, unknown>, required: string[]) => ({ type: 'object', properties, required });
const listOf = (items: unknown) => ({ type: 'array', items });

const actionTypes = [
  'workflows_trigger',
  'users_identify',
  'users_delete',
  'objects_set',
  'objects_delete',
  'objects_subscribe',
  'objects_unsubscribe',
  'tenants_set',
  'tenants_delete',
  'audiences_add_member',
  'audiences_remove_member',
];

const script = object({ language: { const: 'javascript' }, source: text }, ['language', 'source']);
const mapping = object(
  {
    event_type: text,
    action_type: { enum: actionTypes },
    action_parameters: mapOrNull,
    active: flag,
    is_deleted: flag,
    created_at: text,
    updated_at: text,
  },
  ['event_type', 'action_type', 'active', 'is_deleted', 'created_at', 'updated_at'],
);
const settings = object(
  {
    endpoint: text,
    event_type_path: textOrNull,
    idempotency_key_path: textOrNull,
    timestamp_path: textOrNull,
    enforce_verification: flag,
    enforce_idempotency: flagOrNull,
    handle_identifies: flagOrNull,
    preprocess_script: { anyOf: [script, { type: 'null' }] },
  },
  [],
);
const environmentSettings = {
  type: ['object', 'null'],
  additionalProperties: object({ settings, mappings: listOf(mapping), updated_at: text }, [
    'settings',
    'mappings',
    'updated_at',
  ]),
};
const pageInfo = object({ after: textOrNull, before: textOrNull, page_size: { type: 'integer' } }, ['page_size']);
const condition = object({ variable: text, operator: text, argument: textOrNull }, ['variable', 'operator']);
const workflow = object(
  {
    key: { type: 'string', pattern: '^[a-z0-9_-]+$' },
    name: text,
    active: flag,
    valid: flag,
    steps: listOf(map),
    sha: text,
    environment: text,
    created_at: text,
    updated_at: text,
    description: text,
    conditions: {
      anyOf: [{ type: 'null' }, object({ all: listOf(condition) }, []), object({ any: listOf(map) }, [])],
    },
    trigger_data_json_schema: map,
    trigger_frequency: { enum: ['every_trigger', 'once_per_recipient', 'once_per_recipient_per_tenant'] },
  },
  ['key', 'name', 'active', 'valid', 'steps', 'sha', 'environment', 'created_at', 'updated_at'],
);
const audience = {
  oneOf: [
    object({ type: { const: 'static' } }, ['key', 'name', 'type', 'environment', 'created_at', 'updated_at']),
    object({ type: { const: 'dynamic' }, segments: listOf(map) }, [
      'key',
      'name',
      'type',
      'segments',
      'environment',
      'created_at',
      'updated_at',
    ]),
  ],
};
const environment = object(
  { slug: text, name: text, order: { type: 'integer' }, owner: { enum: ['system', 'user'] } },
  ['slug', 'name', 'order', 'owner', 'created_at', 'updated_at'],
);
const pages = (items: unknown) => object({ entries: listOf(items), page_info: pageInfo }, ['entries', 'page_info']);
const source = { key: text, name: text, description: textOrNull, custom_image_url: textOrNull };
const log = object(
  {
    id: text,
    event: text,
    data: mapOrNull,
    inserted_at: textOrNull,
    verification_status: textOrNull,
    actions: listOf(
      object(
        {
          id: text,
          action_type: text,
          action_status: textOrNull,
          action_parameters: mapOrNull,
          action_payload: mapOrNull,
          action_result: mapOrNull,
          inserted_at: textOrNull,
        },
        ['id'],
      ),
    ),
  },
  ['id', 'event'],
);

const shapes = {
  environments: pages(environment),
  workflows: pages(workflow),
  audiences: pages(audience),
  sources: object(
    { entries: listOf(object({ ...source, environment_settings: environmentSettings }, ['key', 'name'])) },
    ['entries'],
  ),
  source: object({ ...source, environment_settings: environmentSettings, created_at: text, updated_at: text }, [
    'key',
    'name',
    'environment_settings',
    'created_at',
    'updated_at',
  ]),
  status: object(
    {
      events_count: { type: 'integer' },
      mappings_count: { type: 'integer' },
      last_event_received: textOrNull,
      mappings_requiring_commit: listOf(
        object(
          {
            action_type: { const: 'workflows_trigger' },
            event_type: text,
            resource_key: text,
            active: flag,
            is_deleted: flag,
            status: { enum: ['deleted', 'updated'] },
          },
          ['action_type', 'event_type', 'resource_key', 'active', 'is_deleted', 'status'],
        ),
      ),
    },
    ['events_count', 'mappings_count', 'last_event_received', 'mappings_requiring_commit'],
  ),
  source_providers: object(
    {
      entries: listOf(
        object(
          { key: text, version: text, provider: object({ name: text, description: text }, ['name', 'description']) },
          ['key', 'version', 'provider'],
        ),
      ),
    },
    ['entries'],
  ),
  source_provider: object(
    {
      key: text,
      version: text,
      provider: map,
      default_settings: object(
        {
          enforce_verification: flag,
          event_type_path: text,
          idempotency_key_path: textOrNull,
          timestamp_path: textOrNull,
          preprocessing_script: { anyOf: [script, { type: 'null' }] },
        },
        ['enforce_verification', 'event_type_path'],
      ),
    },
    ['key', 'version', 'provider', 'default_settings'],
  ),
  logs: pages(log),
} as const;

export type KnockShape = keyof typeof shapes;

const compiled = new Map<KnockShape, ValidateFunction>();

/** @throws Error when an answer of a fake is not as Knock publishes it */
export function checkKnockShape(name: KnockShape, answer: unknown): void {
  const validate = compiled.get(name) ?? new Ajv2020({ strict: false, allErrors: true }).compile(shapes[name]);
  compiled.set(name, validate);
  if (!validate(answer))
    throw new Error(`the fake's answer is not of the published shape "${name}": ${JSON.stringify(validate.errors)}`);
}
