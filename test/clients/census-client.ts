import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, type Json, type JsonMap, makeMethodCaller } from './method-caller.ts';

/*
 * Plays Census: it asks what there is, plans a sync, and sends its records in parallel batches. Checked against the vendor's own
 * sample server, which is not part of this repository.
 */

export type CensusField = {
  field_api_name: string;
  label: string;
  identifier: boolean;
  required: boolean;
  createable: boolean;
  updateable: boolean;
  type: string;
  array: boolean;
};
export type CensusObject = {
  object_api_name: string;
  label: string;
  can_create_fields?: string;
  fields: CensusField[];
  operations: string[];
};

type Behaviour = 'upsert' | 'insert' | 'update' | 'mirror';
type BatchOperation = 'upsert' | 'insert' | 'update' | 'delete';

export type CensusSync = {
  object: CensusObject;
  behaviour: Behaviour;
  /** The field that is the sync key. Default: the first identifier. */
  key?: string;
  /** Types of columns that the destination has no field for. Default: text. */
  newFields?: Record<string, string>;
  syncId?: number;
  syncRunId: number;
};

export type CensusRun = {
  /** Identifiers of records that are done. */
  done: Json[];
  rejected: { identifier: Json; message: string }[];
  /** Records that were left out, since an earlier one had the same key. */
  duplicates: number;
  batches: number;
};

const fieldTypes = ['boolean', 'decimal', 'float', 'integer', 'date', 'date_time', 'string'];
const parallelMax = 50;

/** @param connection `recordsPerSecondMax`: what the vendor's own plan allows; absent: what the destination says */
export function makeCensusClient(connection: Connection & { recordsPerSecondMax?: number }) {
  const { call, told } = makeMethodCaller(connection);
  const wait = connection.wait ?? sleep;

  async function demand(method: string, params: JsonMap): Promise<JsonMap> {
    const result = await call(method, params);
    if (result === null) throw new Error(`${method}: null is no result of this protocol`);
    return result;
  }

  /**
   * What the forms show: the connection test, and every object with its fields and operations.
   * @throws Error for a failed test, and for what the protocol does not allow
   */
  async function connect(): Promise<CensusObject[]> {
    const test = await demand('test_connection', {});
    if (test.success !== true) throw new Error(String(test.error_message));
    const { objects } = (await demand('list_objects', {})) as { objects: CensusObject[] };
    if (objects.length === 0) throw new Error('there is no object');
    return Promise.all(
      objects.map(async ({ object_api_name, label, can_create_fields }) => {
        const object = { object_api_name, label };
        const [{ fields }, { operations }] = (await Promise.all([
          demand('list_fields', { object }),
          demand('supported_operations', { object }),
        ])) as unknown as [{ fields: CensusField[] }, { operations: string[] }];
        checkFields(object_api_name, fields);
        const odd = operations.filter((one) => !['upsert', 'insert', 'update', 'mirror'].includes(one));
        if (odd.length > 0 || operations.length === 0) throw new Error(`${object_api_name}: operations ${operations}`);
        return { ...object, ...(can_create_fields !== undefined && { can_create_fields }), fields, operations };
      }),
    );
  }

  /**
   * One run of a sync that sends these records; of a mirror, `removed` are the keys of records that
   * left.
   */
  async function run(sync: CensusSync, records: JsonMap[], removed: JsonMap[] = []): Promise<CensusRun> {
    const { object, behaviour } = sync;
    if (!object.operations.includes(behaviour)) throw new Error(`${object.label} cannot be synced by ${behaviour}`);
    const speed = await demand('get_sync_speed', { sync_plan: planOf(sync, 'upsert', records) });
    const run: CensusRun = { done: [], rejected: [], duplicates: 0, batches: 0 };
    const first = behaviour === 'mirror' ? 'upsert' : behaviour;
    await send(sync, first, withoutDuplicates(keyOf(sync), records, run), speed, run);
    if (behaviour === 'mirror' && removed.length > 0) await send(sync, 'delete', removed, speed, run);
    return run;
  }

  async function send(
    sync: CensusSync,
    operation: BatchOperation,
    records: JsonMap[],
    speed: JsonMap,
    run: CensusRun,
  ): Promise<void> {
    const batchSize = Number(speed.maximum_batch_size);
    const parallel = Math.min(parallelMax, Number(speed.maximum_parallel_batches));
    const { recordsPerSecondMax: ownMax = Number.POSITIVE_INFINITY } = connection;
    const perSecond = Math.min(Number(speed.maximum_records_per_second), ownMax);
    const queue: JsonMap[][] = [];
    for (let from = 0; from < records.length; from += batchSize) queue.push(records.slice(from, from + batchSize));
    const plan = planOf(sync, operation, records);
    const startedMs = Date.now();
    let sent = 0;
    const worker = async () => {
      for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
        sent += batch.length;
        const dueMs = startedMs + ((sent - batch.length) / perSecond) * 1000;
        if (dueMs > Date.now()) await wait(dueMs - Date.now());
        await sendBatch(plan, keyOf(sync), batch, run);
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
  }

  /** A batch without an answer is sent in halves, and a rejected record once more by itself. */
  async function sendBatch(plan: JsonMap, key: string, batch: JsonMap[], run: CensusRun): Promise<void> {
    run.batches++;
    const answer = await demand('sync_batch', { sync_plan: plan, records: batch }).catch((error: Error) => error);
    if (answer instanceof Error) {
      if (batch.length === 1 || answer.name === 'MethodRefused') throw answer;
      const middle = Math.ceil(batch.length / 2);
      await sendBatch(plan, key, batch.slice(0, middle), run);
      return sendBatch(plan, key, batch.slice(middle), run);
    }
    for (const { record, message } of rejectedOf(answer, key, batch, run)) {
      if (batch.length > 1) await sendBatch(plan, key, [record], run);
      else run.rejected.push({ identifier: record[key] ?? null, message });
    }
  }

  return { connect, run, told };
}

/** Records without a result that says success. Their identifier must be theirs, type included. */
function rejectedOf(answer: JsonMap, key: string, batch: JsonMap[], run: CensusRun) {
  const results = answer.record_results as { identifier?: Json; success?: Json; error_message?: Json }[];
  const left = new Map(results.map((result) => [JSON.stringify(result.identifier ?? null), result]));
  return batch.flatMap((record) => {
    const identifier = record[key] ?? null;
    const result = left.get(JSON.stringify(identifier));
    if (result?.success === true) {
      run.done.push(identifier);
      return [];
    }
    return [{ record, message: String(result?.error_message ?? 'no result names this record') }];
  });
}

function checkFields(object: string, fields: CensusField[]): void {
  const identifiers = fields.filter(({ identifier }) => identifier);
  if (identifiers.length === 0) throw new Error(`${object}: no field is an identifier`);
  for (const { field_api_name: name, type, array, identifier } of fields) {
    if (!fieldTypes.includes(type)) throw new Error(`${object}.${name}: ${type} is no type`);
    if (identifier && (array || !['string', 'integer'].includes(type)))
      throw new Error(`${object}.${name}: an identifier must be one text or whole number`);
  }
}

function keyOf({ object, key }: CensusSync): string {
  return key ?? object.fields.find(({ identifier }) => identifier)?.field_api_name ?? '';
}

function withoutDuplicates(key: string, records: JsonMap[], run: CensusRun): JsonMap[] {
  const seen = new Set<string>();
  return records.filter((record) => {
    const identifier = JSON.stringify(record[key] ?? null);
    const isNew = identifier === 'null' || !seen.has(identifier);
    seen.add(identifier);
    if (!isNew) run.duplicates++;
    return isNew;
  });
}

/** Each mapped field is described: those of the destination, and new ones where it takes them. */
function planOf(sync: CensusSync, operation: BatchOperation, records: JsonMap[]): JsonMap {
  const { object, newFields = {}, syncId = 1, syncRunId } = sync;
  const names = new Set([keyOf(sync), ...records.flatMap((record) => Object.keys(record))]);
  const known = new Map(object.fields.map((field) => [field.field_api_name, field]));
  const schema = [...names].map((name) => {
    const field = known.get(name) ?? newField(name, newFields[name] ?? 'string');
    if (!known.has(name) && object.can_create_fields !== 'on_write') throw new Error(`${object.label} take no ${name}`);
    return [name, { active_identifier: name === keyOf(sync), field }];
  });
  const { object_api_name, label } = object;
  return {
    object: { object_api_name, label },
    operation,
    sync_id: syncId,
    sync_run_id: syncRunId,
    schema: Object.fromEntries(schema),
  };
}

function newField(name: string, type: string): CensusField {
  const flags = { identifier: false, required: false, createable: true, updateable: true, array: false };
  return { field_api_name: name, label: name, type, ...flags };
}
