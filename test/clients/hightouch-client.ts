import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, type Json, type JsonMap, makeMethodCaller } from './method-caller.ts';

/*
 * Plays Hightouch: it draws the form, validates the sync, and sends what a model's rows did since the last run. Checked against the
 * vendor's own sample servers, which are not part of this repository.
 */

type Choice = { id: string; label: string };
export type HightouchField = Choice & { type: string; identifier?: boolean };
export type HightouchForm = {
  /** Null: the destination has one thing to fill. */
  objects: Choice[] | null;
  modes: (Choice & { description: string })[] | null;
  fields: HightouchField[] | null;
  options: { schema: JsonMap; uiSchema: JsonMap } | null;
};

type Mapping = { from: string; to: string };
export type HightouchSync = {
  /** The model's primary key, by which rows of two runs are told apart. */
  idColumn: string;
  object?: string;
  mode?: string;
  identifierMapping?: Mapping;
  mappings?: Mapping[];
  /** What the form's options ask for. */
  options?: JsonMap;
};

export type HightouchRun = {
  sent: Record<'add' | 'change' | 'remove', number>;
  /** Rows that were rejected to the end; they come again with the next run. */
  rejected: JsonMap[];
};

/** What a sync remembers between its runs. */
export type HightouchState = { rows: JsonMap[]; rejected: { method: 'add' | 'change' | 'remove'; row: JsonMap }[] };

const fieldTypes = ['STRING', 'NUMBER', 'DATETIME', 'ENUM', 'UNKNOWN'];
const retriesMax = 2;

export function makeHightouchClient(connection: Connection) {
  const { call } = makeMethodCaller(connection);
  const wait = connection.wait ?? sleep;

  async function demand<Result extends object>(method: string, params: JsonMap): Promise<Result> {
    const result = await call(method, params);
    if (result === null) throw new Error(`${method}: null means that it is not offered`);
    return result as unknown as Result;
  }

  /** What the form shows for an object and a mode; without them, for what a new sync begins with. */
  async function form(object?: string, mode?: string): Promise<HightouchForm> {
    const { objects } = await demand<{ objects: Choice[] | null }>('list_objects', {});
    const chosen: JsonMap = object === undefined ? {} : { object };
    const { modes } = await demand<Pick<HightouchForm, 'modes'>>('list_modes', chosen);
    const { fields } = await demand<Pick<HightouchForm, 'fields'>>('list_fields', {
      ...chosen,
      ...(mode !== undefined && { mode }),
    });
    const { options } = await demand<Pick<HightouchForm, 'options'>>('list_options', chosen);
    for (const { id, type } of fields ?? [])
      if (!fieldTypes.includes(type)) throw new Error(`${id}: ${type} is no type`);
    if (fields !== null && fields.filter(({ identifier }) => identifier).length !== 1)
      throw new Error('one field must be the identifier');
    return { objects, modes, fields, options };
  }

  /** What is wrong with the sync's configuration. */
  async function validate(sync: HightouchSync): Promise<Json[]> {
    const { errors } = await demand<{ errors: Json[] }>('validate', { configuration: configurationOf(sync) });
    return errors;
  }

  /** One run: what was added, changed and removed since the state, in batches. */
  async function run(
    sync: HightouchSync,
    rows: JsonMap[],
    before: HightouchState | undefined,
  ): Promise<{ run: HightouchRun; state: HightouchState }> {
    const configuration = configurationOf(sync);
    const behavior = await demand<{
      batchSize: number;
      operations: Record<'add' | 'change' | 'remove', boolean>;
      skipInitialRun: boolean;
    }>('behavior', { configuration });
    const state: HightouchState = { rows, rejected: [] };
    const run: HightouchRun = { sent: { add: 0, change: 0, remove: 0 }, rejected: [] };
    if (before === undefined && behavior.skipInitialRun) return { run, state };
    const since = difference(sync.idColumn, before?.rows ?? [], rows);
    for (const method of ['add', 'change', 'remove'] as const) {
      const again = (before?.rejected ?? []).filter((one) => one.method === method).map(({ row }) => row);
      const due = [...again, ...since[method]];
      if (!behavior.operations[method] || due.length === 0) continue;
      for (let from = 0; from < due.length; from += behavior.batchSize) {
        const left = await send(method, sync, configuration, due.slice(from, from + behavior.batchSize), run);
        run.rejected.push(...left);
        state.rejected.push(...left.map((row) => ({ method, row: withoutError(row) })));
      }
    }
    return { run, state };
  }

  /** Sends a batch, then what was rejected, a few times; answers what was rejected to the end. */
  async function send(
    method: 'add' | 'change' | 'remove',
    { idColumn }: HightouchSync,
    configuration: JsonMap,
    batch: JsonMap[],
    run: HightouchRun,
  ): Promise<JsonMap[]> {
    let due = batch;
    for (let attempt = 0; ; attempt++) {
      run.sent[method] += due.length;
      const params = { idColumn, configuration, rows: due };
      const { rejectedRows } = await demand<{ rejectedRows: JsonMap[] }>(method, params);
      if (rejectedRows.length === 0 || attempt === retriesMax) return rejectedRows;
      await wait(100 * 2 ** attempt);
      due = rejectedRows.map(withoutError);
    }
  }

  return { form, validate, run };
}

function withoutError({ _error, ...row }: JsonMap): JsonMap {
  return row;
}

function configurationOf({ object, mode, identifierMapping, mappings = [], options = {} }: HightouchSync): JsonMap {
  return {
    ...options,
    ...(object !== undefined && { object }),
    ...(mode !== undefined && { mode }),
    ...(identifierMapping && { identifierMapping }),
    mappings,
  };
}

function difference(
  idColumn: string,
  before: JsonMap[],
  now: JsonMap[],
): Record<'add' | 'change' | 'remove', JsonMap[]> {
  const idOf = (row: JsonMap) => JSON.stringify(row[idColumn]);
  const [old, current] = [before, now].map((rows) => new Map(rows.map((row) => [idOf(row), row]))) as [
    Map<string, JsonMap>,
    Map<string, JsonMap>,
  ];
  return {
    add: now.filter((row) => !old.has(idOf(row))),
    change: now.filter((row) => old.has(idOf(row)) && JSON.stringify(old.get(idOf(row))) !== JSON.stringify(row)),
    remove: before.filter((row) => !current.has(idOf(row))),
  };
}
