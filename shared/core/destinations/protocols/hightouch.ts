import * as z from 'zod';
import { withoutMarks } from '../../json/long-integers.ts';
import { describeType, isJsonObject, type JsonObject, type JsonValue, own } from '../../json/values.ts';
import { isPresent } from '../../sources/parts/present.ts';
import {
  type DestinationField,
  type DestinationObject,
  type DestinationProtocol,
  type DestinationSettings,
  defineMethod,
  type Operation,
  type Reply,
  type ReplyContext,
  type SyncRecord,
} from '../destination.ts';
import { wrongParams } from '../json-rpc.ts';
import { audienceKeyProblem, audiences } from '../objects/audiences.ts';
import { objects } from '../objects/objects.ts';
import { tenants } from '../objects/tenants.ts';
import { users } from '../objects/users.ts';

type Mode = { id: 'insert' | 'upsert' | 'mirror'; label: string; description: string };

const mirror = (description: string): Mode => ({ id: 'mirror', label: 'Mirror', description });
const upsert: Mode = {
  id: 'upsert',
  label: 'Upsert',
  description: 'New rows are made, changed rows are changed. Nothing is deleted.',
};
const entityModes = [upsert, mirror('As upsert; rows that left the model are deleted.')];
const audienceModes = [
  { id: 'insert', label: 'Insert only', description: 'New rows join the audience. Nothing is removed.' } as const,
  mirror('New rows join, rows that left the model leave.'),
];

/** A field whose value is the same for all rows: the form asks for it once, as an option. */
type Option = { field: string; title: string; description: string; problemOf(value: string): string | undefined };

/** `takesChanges`: whether changed rows are sent. */
type Offer = { object: DestinationObject; modes: readonly Mode[]; takesChanges: boolean; option?: Option };

/** In the order in which the form lists them. Without a word about the object, the first is meant. */
const offers: readonly [Offer, ...Offer[]] = [
  {
    object: audiences,
    modes: audienceModes,
    takesChanges: false,
    option: {
      field: 'audience_key',
      title: 'Audience Key',
      description: 'The key of the audience to sync to.',
      problemOf: audienceKeyProblem,
    },
  },
  { object: users, modes: entityModes, takesChanges: true },
  { object: tenants, modes: entityModes, takesChanges: true },
  {
    object: objects,
    modes: entityModes,
    takesChanges: true,
    option: {
      field: 'collection',
      title: 'Collection',
      description: 'The collection of the objects; plural names read well.',
      problemOf: () => undefined,
    },
  },
];
const offerOf = new Map(offers.map((offer) => [offer.object.id, offer]));

const Configuration = z.record(z.string(), z.unknown());
const OfConfiguration = z.looseObject({ configuration: Configuration.default({}) });
const OfObject = z.looseObject({ object: z.unknown().optional() });
// Rows are looked at one by one: an odd one must not fail the others.
const Rows = z.looseObject({ configuration: Configuration, rows: z.array(z.unknown()) });

/**
 * Hightouch's Embedded Destination. Its public text names the methods; what they take and give is
 * known from two samples of 2021, so unknown shapes are read tolerantly, and it is a preview.
 * https://hightouch.com/docs/destinations/custom
 */
export const hightouch: DestinationProtocol = {
  kind: 'hightouch',
  call: 'integrations.hightouch.embeddedDestination',
  path: '/v1/integrations/hightouch/embedded-destination',
  does: 'answers a method call of a Hightouch embedded destination (JSON-RPC 2.0); a preview',
  isPreview: true,
  methods: new Map(
    Object.entries({
      list_objects: defineMethod({
        params: z.looseObject({}),
        reply: () => result({ objects: offers.map(({ object: { id, label } }) => ({ id, label })) }),
      }),

      list_modes: defineMethod({
        params: OfObject,
        reply: ({ object }, { settings }) => {
          const offer = offerNamed(object);
          if (offer === undefined) return unknownObject(object);
          return result({ modes: modesOf(offer, settings).map((mode): JsonObject => ({ ...mode })) });
        },
      }),

      list_fields: defineMethod({
        params: OfObject,
        reply: ({ object }) => {
          const offer = offerNamed(object);
          if (offer === undefined) return unknownObject(object);
          const fields = offer.object.fields.filter(({ name }) => name !== offer.option?.field);
          return result({ fields: fields.map(fieldShape) });
        },
      }),

      list_options: defineMethod({
        params: OfObject,
        reply: ({ object }) => {
          const offer = offerNamed(object);
          return offer === undefined ? unknownObject(object) : result({ options: optionsShape(offer) });
        },
      }),

      validate: defineMethod({
        params: OfConfiguration,
        reply: ({ configuration }, { settings }) =>
          result({ errors: problemsOf(configuration as JsonObject, settings) }),
      }),

      behavior: defineMethod({
        params: OfConfiguration,
        reply: ({ configuration }, { settings, limits }) => {
          const { offer, mode } = targetOf(configuration as JsonObject, settings);
          const operations = { add: true, change: offer.takesChanges, remove: mode?.id === 'mirror' };
          return result({ batchSize: limits.batchSize, operations, skipInitialRun: false });
        },
      }),

      add: rowsMethod('row.added'),
      change: rowsMethod('row.changed'),
      remove: rowsMethod('row.removed'),
    }),
  ),
};

function result(value: JsonValue): Reply {
  return { kind: 'result', result: value };
}

/** The object as the form names it: its id, or a map with one. Absent: the first. */
function offerNamed(object: unknown): Offer | undefined {
  const id = isJsonObject(object) ? object.id : object;
  if (id === undefined || id === null) return offers[0];
  return typeof id === 'string' ? offerOf.get(id) : undefined;
}

function unknownObject(object: unknown): Reply {
  const message = `is ${JSON.stringify(object)}; there are: ${[...offerOf.keys()].join(', ')}`;
  return { kind: 'error', error: wrongParams([{ path: 'object', message }]) };
}

function modesOf({ object, modes }: Offer, { deletes }: DestinationSettings): readonly Mode[] {
  return modes.filter(({ id }) => id !== 'mirror' || deletes || !object.guardsDeletes);
}

function fieldShape({ name, label, identifier, type }: DestinationField): JsonObject {
  return {
    id: name,
    label,
    type: type === 'date_time' ? 'DATETIME' : 'STRING',
    ...(identifier && { identifier }),
  };
}

/** A form, as JSON Schema; null without options. */
function optionsShape({ option }: Offer): JsonValue {
  if (option === undefined) return null;
  const { field, title, description } = option;
  const schema = { type: 'object', required: [field], properties: { [field]: { type: 'string', title, description } } };
  return { schema, uiSchema: {} };
}

type Target = { offer: Offer; mode: Mode | undefined };

/**
 * What a sync fills, and how. Whether a configuration names the object and the mode is not known: so
 * without them an option tells the object, and a mirror is meant where there may be one.
 */
function targetOf(configuration: JsonObject, settings: DestinationSettings): Target {
  const byOption = offers.find(({ option }) => option !== undefined && isPresent(own(configuration, option.field)));
  const named = own(configuration, 'object');
  const offer = (isPresent(named) ? offerNamed(named) : byOption) ?? offers[0];
  const modes = modesOf(offer, settings);
  const mode = own(configuration, 'mode');
  const id = isJsonObject(mode) ? mode.id : mode;
  return { offer, mode: isPresent(id) ? modes.find((one) => one.id === id) : modes.at(-1) };
}

/** Everything that is wrong with a sync's configuration: a sentence each. */
function problemsOf(configuration: JsonObject, settings: DestinationSettings): string[] {
  const named = own(configuration, 'object');
  if (isPresent(named) && offerNamed(named) === undefined)
    return [`There is no object ${JSON.stringify(named)}; there are: ${[...offerOf.keys()].join(', ')}`];
  const { offer, mode } = targetOf(configuration, settings);
  const { object, option } = offer;
  const problems: string[] = [];
  if (mode === undefined) {
    const modes = modesOf(offer, settings).map(({ id }) => id);
    problems.push(`${object.label} have no mode ${JSON.stringify(configuration.mode)}; there are: ${modes.join(', ')}`);
  }
  const identifier = identifierOf(object);
  const { from, to } = identifierMapping(configuration);
  if (from === undefined) problems.push(`No column is mapped to ${identifier.label}, which identifies a row`);
  else if (to !== undefined && to !== identifier.name)
    problems.push(`Rows are identified by ${to}; choose ${identifier.label} (${identifier.name})`);
  if (option !== undefined) {
    const value = own(configuration, option.field);
    const problem = isPresent(value) ? option.problemOf(String(value)) : 'is empty';
    if (problem !== undefined) problems.push(`${option.title} ${problem}`);
  }
  return problems;
}

function identifierOf({ fields }: DestinationObject): DestinationField {
  const found = fields.find(({ identifier }) => identifier);
  if (found === undefined) throw new Error('an object has no identifier');
  return found;
}

type ColumnMapping = { from: string | undefined; to: string | undefined };

function identifierMapping(configuration: JsonObject): ColumnMapping {
  return columnMapping(own(configuration, 'identifierMapping'));
}

function columnMapping(mapping: JsonValue | undefined): ColumnMapping {
  const text = (value: JsonValue | undefined) => (typeof value === 'string' && value !== '' ? value : undefined);
  return isJsonObject(mapping)
    ? { from: text(mapping.from), to: text(mapping.to) }
    : { from: undefined, to: undefined };
}

function rowsMethod(eventType: 'row.added' | 'row.changed' | 'row.removed') {
  return defineMethod({
    params: Rows,
    reply: ({ configuration, rows }, context) =>
      rowsReply(eventType, configuration as JsonObject, rows as JsonValue[], context),
  });
}

function rowsReply(
  eventType: 'row.added' | 'row.changed' | 'row.removed',
  configuration: JsonObject,
  rows: JsonValue[],
  { settings }: ReplyContext,
): Reply {
  const { offer, mode } = targetOf(configuration, settings);
  const { object, takesChanges, option } = offer;
  if (eventType === 'row.changed' && !takesChanges) return result(null);
  // Refused row by row where deletes are off: a mirror that was chosen before must not look done.
  const isMirror = mode?.id === 'mirror' || own(configuration, 'mode') === 'mirror';
  if (eventType === 'row.removed' && !isMirror) return result(null);
  const { from } = identifierMapping(configuration);
  if (from === undefined) {
    const message = `maps no column to ${identifierOf(object).label}, which identifies a row`;
    return { kind: 'error', error: wrongParams([{ path: 'configuration.identifierMapping', message }]) };
  }
  const mappings = own(configuration, 'mappings');
  const columns = (Array.isArray(mappings) ? mappings : []).map(columnMapping);
  const constant = option === undefined ? {} : { [option.field]: own(configuration, option.field) ?? null };
  const operation: Operation = eventType === 'row.removed' ? 'delete' : takesChanges ? 'upsert' : 'insert';
  return {
    kind: 'sync',
    batch: {
      object,
      operation,
      eventType,
      createsAudiences: settings.createsAudiences,
      records: rows.map((row) => readRow(row, object, from, columns, constant)),
    },
    answer: (outcomes) => ({
      rejectedRows: outcomes.flatMap((outcome, i) => {
        const row = rows[i] as JsonValue;
        return outcome.done ? [] : [{ ...(isJsonObject(row) ? row : { row }), _error: outcome.message }];
      }),
    }),
  };
}

/** The row under the names of the fields. Columns without a mapping are not sent on. */
function readRow(
  row: JsonValue,
  object: DestinationObject,
  from: string,
  columns: ColumnMapping[],
  constant: JsonObject,
): SyncRecord {
  if (!isJsonObject(row)) return { fields: {}, problem: `the row is ${describeType(row)}, not a map of columns` };
  const plain = withoutMarks(row) as JsonObject;
  const cell = (column: string) => own(plain, column) ?? null;
  const identifier = identifierOf(object);
  // The form may repeat the identifier's pair among the others.
  const fields: [string, JsonValue][] = columns.flatMap(({ from, to }) =>
    from === undefined || to === undefined || to === identifier.name ? [] : [[to, cell(from)]],
  );
  const known = new Set(object.fields.map(({ name }) => name));
  const reserved = fields.find(([name]) => !known.has(name) && object.reserved.includes(name));
  const all = { ...Object.fromEntries(fields), ...constant, [identifier.name]: cell(from) };
  if (reserved === undefined) return { fields: all };
  return { fields: all, problem: `${reserved[0]} cannot be set by a sync: ${object.label} keep it for themselves` };
}
