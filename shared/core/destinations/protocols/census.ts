import * as z from 'zod';
import { defined } from '../../defined.ts';
import { withoutMarks } from '../../json/long-integers.ts';
import { describeType, isJsonObject, type JsonObject, type JsonValue } from '../../json/values.ts';
import {
  type DestinationField,
  type DestinationObject,
  type DestinationProtocol,
  defineMethod,
  type Reply,
  type SyncRecord,
} from '../destination.ts';
import { fieldValue } from '../field-value.ts';
import { wrongParams } from '../json-rpc.ts';
import { audiences } from '../objects/audiences.ts';
import { objects } from '../objects/objects.ts';
import { tenants } from '../objects/tenants.ts';
import { users } from '../objects/users.ts';
import { workflows } from '../objects/workflows.ts';

type SyncBehaviour = 'upsert' | 'insert' | 'update' | 'mirror';

/** In the order in which the form lists them: it preselects the first. */
const offers: readonly { object: DestinationObject; behaviours: readonly SyncBehaviour[] }[] = [
  { object: audiences, behaviours: ['insert', 'mirror'] },
  { object: users, behaviours: ['upsert', 'insert', 'update', 'mirror'] },
  { object: tenants, behaviours: ['upsert', 'insert', 'update', 'mirror'] },
  { object: objects, behaviours: ['upsert', 'insert', 'update', 'mirror'] },
  { object: workflows, behaviours: ['insert'] },
];
const offerOf = new Map(offers.map((offer) => [offer.object.id, offer]));

const ObjectParam = z.looseObject({ object_api_name: z.string() });
const OfObject = z.looseObject({ object: ObjectParam });

const Field = z.looseObject({ field_api_name: z.string(), type: z.string().optional() });
const RunNumber = z.union([z.string(), z.number()]).transform(String).nullish();

const Plan = z.looseObject({
  object: ObjectParam,
  operation: z.enum(['insert', 'upsert', 'update', 'delete']),
  sync_id: RunNumber,
  sync_run_id: RunNumber,
  schema: z.record(z.string(), z.looseObject({ active_identifier: z.boolean().optional(), field: Field })),
});
// Records are looked at one by one: an odd one must not fail the others.
const Batch = z.looseObject({ sync_plan: Plan, records: z.array(z.unknown()) });
type Batch = z.output<typeof Batch>;

/**
 * Census's Custom Destination API, version 1.
 * https://developers.getcensus.com/custom-destinations/custom-destination-api
 */
export const census: DestinationProtocol = {
  kind: 'census',
  call: 'integrations.census.customDestination',
  path: '/v1/integrations/census/custom-destination',
  does: 'answers a method call of a Census custom destination (JSON-RPC 2.0)',
  methods: new Map(
    Object.entries({
      test_connection: defineMethod({
        params: z.looseObject({}),
        reply: () => ({
          kind: 'check',
          answer: (problem) => (problem === undefined ? { success: true } : { success: false, error_message: problem }),
        }),
      }),

      list_objects: defineMethod({
        params: z.looseObject({}),
        reply: () => ({
          kind: 'result',
          result: {
            objects: offers.map(({ object: { id, label, takesProperties } }) => ({
              object_api_name: id,
              label,
              ...(takesProperties && { can_create_fields: 'on_write' }),
            })),
          },
        }),
      }),

      list_fields: defineMethod({
        params: OfObject,
        reply: ({ object: { object_api_name } }) => {
          const offer = offerOf.get(object_api_name);
          if (offer === undefined) return unknownObject('object', object_api_name);
          return { kind: 'result', result: { fields: offer.object.fields.map(fieldShape) } };
        },
      }),

      supported_operations: defineMethod({
        params: OfObject,
        reply: ({ object: { object_api_name } }, { settings }) => {
          const offer = offerOf.get(object_api_name);
          if (offer === undefined) return unknownObject('object', object_api_name);
          const operations = offer.behaviours.filter(
            (one) => one !== 'mirror' || settings.deletes || !offer.object.guardsDeletes,
          );
          return { kind: 'result', result: { operations } };
        },
      }),

      get_sync_speed: defineMethod({
        params: z.looseObject({}),
        reply: (_params, { limits }) => ({
          kind: 'result',
          result: {
            maximum_batch_size: limits.batchSize,
            maximum_parallel_batches: limits.parallelBatches,
            maximum_records_per_second: limits.recordsPerSecond,
          },
        }),
      }),

      sync_batch: defineMethod({ params: Batch, reply: syncReply }),
    }),
  ),
};

function unknownObject(path: string, name: string): Reply {
  const message = `is ${JSON.stringify(name)}; there are: ${[...offerOf.keys()].join(', ')}`;
  return { kind: 'error', error: wrongParams([{ path: `${path}.object_api_name`, message }]) };
}

function fieldShape({ name, label, identifier, required, type = 'string' }: DestinationField) {
  const isIdentifier = identifier === true;
  return {
    field_api_name: name,
    label,
    identifier: isIdentifier,
    required: required === true,
    createable: true,
    updateable: !isIdentifier,
    type,
    array: false,
  };
}

function syncReply({ sync_plan: plan, records }: Batch): Reply {
  const offer = offerOf.get(plan.object.object_api_name);
  if (offer === undefined) return unknownObject('sync_plan.object', plan.object.object_api_name);
  const { object } = offer;
  if (!object.operations.includes(plan.operation)) {
    const message = `is ${plan.operation}; ${object.label} take ${object.operations.join(', ')}`;
    return { kind: 'error', error: wrongParams([{ path: 'sync_plan.operation', message }]) };
  }
  const path = 'sync_plan.schema';
  const wrong = (message: string): Reply => ({ kind: 'error', error: wrongParams([{ path, message }]) });
  const active = Object.entries(plan.schema).filter(([, { active_identifier }]) => active_identifier === true);
  const [identifier, second] = active.map(([name]) => name);
  if (identifier === undefined) return wrong('marks no field as the active identifier');
  if (second !== undefined) return wrong(`marks both ${identifier} and ${second} as the active identifier`);
  const key = object.fields.find((field) => field.identifier);
  if (key !== undefined && identifier !== key.name)
    return wrong(`identifies ${object.label} by ${identifier}; choose ${key.label} (${key.name}) as the sync key`);
  const typeOf = new Map(Object.entries(plan.schema).map(([name, { field }]) => [name, field.type]));
  return {
    kind: 'sync',
    batch: {
      object,
      operation: plan.operation,
      eventType: `record.${plan.operation}`,
      ...defined({ syncId: plan.sync_id ?? undefined, syncRunId: plan.sync_run_id ?? undefined }),
      records: records.map((record) => readRecord(record as JsonValue, object, typeOf)),
    },
    answer: (outcomes) => ({
      record_results: outcomes.map((outcome, i) => ({
        identifier: identifierOf(records[i] as JsonValue, identifier),
        success: outcome.done,
        ...(!outcome.done && { error_message: outcome.message }),
      })),
    }),
  };
}

/** As it was sent: the vendor compares it, type included. */
function identifierOf(record: JsonValue, name: string): JsonValue {
  return (isJsonObject(record) && Object.hasOwn(record, name) ? record[name] : undefined) ?? null;
}

function readRecord(
  record: JsonValue,
  object: DestinationObject,
  typeOf: ReadonlyMap<string, string | undefined>,
): SyncRecord {
  if (!isJsonObject(record))
    return { fields: {}, problem: `the record is ${describeType(record)}, not a map of fields` };
  const own = new Set(object.fields.map(({ name }) => name));
  const fields: [string, JsonValue][] = [];
  let problem: string | undefined;
  for (const [name, value] of Object.entries(withoutMarks(record) as JsonObject)) {
    if (!own.has(name)) {
      if (!object.takesProperties) continue;
      if (object.reserved.includes(name))
        problem ??= `${name} cannot be created by a sync: ${object.label} keep it for themselves. Map the column to another name`;
    }
    fields.push([name, fieldValue(value, typeOf.get(name))]);
  }
  return { fields: Object.fromEntries(fields), ...defined({ problem }) };
}
