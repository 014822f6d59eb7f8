import { expect, jest } from '@jest/globals';
import { EnvironmentState, Snapshot } from '../../shared/core/configuration/schema.ts';
import type { JsonObject, JsonValue } from '../../shared/core/json/values.ts';
import { planEvent } from '../../shared/core/plan/plan-event.ts';
import { listEvents } from '../../shared/operations/events/events.ts';
import type { LiveConfiguration } from '../../shared/ports/configuration.ts';
import type { ApiAnswer, TestApi } from './api-for-tests.ts';

export const censusPath = '/v1/integrations/census/custom-destination';

type Files = { sources?: object; workflows?: object; audiences?: object };

/** Makes this the live configuration. */
export function configure(api: TestApi, files: Files, state: object = {}): LiveConfiguration {
  const snapshot = Snapshot.parse({ sources: {}, workflows: {}, audiences: {}, ...files });
  const live = { version: 7, snapshot, state: EnvironmentState.parse(state) };
  api.deps.configuration = async () => live;
  return live;
}

/** A call of a method, and its answer's result. Fails for an error. */
export async function resultOf(api: TestApi, path: string, method: string, params: object = {}): Promise<JsonObject> {
  const { status, body } = await call(api, path, method, params);
  expect({ status, body }).toMatchObject({ status: 200, body: { jsonrpc: '2.0', id: 'c1', result: {} } });
  return (body as { result: JsonObject }).result;
}

export function call(api: TestApi, path: string, method: string, params: object = {}): Promise<ApiAnswer> {
  return api.call('POST', path, { body: { jsonrpc: '2.0', id: 'c1', method, params } });
}

type Column = { type?: string; array?: boolean };
type Plan = {
  object?: string;
  operation?: string;
  /** The active identifier. */
  key?: string;
  /** Columns with other types than text; all others are found in the records. */
  columns?: Record<string, Column>;
  syncId?: number;
  syncRunId?: number;
};

/** The parameters of `sync_batch`, as the vendor describes the records in its plan. */
export function syncBatch(records: JsonValue[], plan: Plan = {}) {
  const { object = 'users', operation = 'upsert', key = 'id', columns = {}, syncId = 3, syncRunId = 602 } = plan;
  const names = new Set([
    key,
    ...Object.keys(columns),
    ...records.flatMap((one) => Object.keys((one ?? {}) as object)),
  ]);
  const schema = Object.fromEntries(
    [...names].map((name) => [
      name,
      { active_identifier: name === key, field: fieldOf(name, name === key, columns[name]) },
    ]),
  );
  return {
    sync_plan: {
      object: { object_api_name: object, label: object },
      operation,
      sync_id: syncId,
      sync_run_id: syncRunId,
      schema,
    },
    records,
  };
}

function fieldOf(name: string, identifier: boolean, { type = 'string', array = false }: Column = {}) {
  const flags = { identifier, required: identifier, createable: true, updateable: !identifier };
  return { field_api_name: name, label: name, ...flags, type, array };
}

type RecordResult = { identifier: JsonValue; success: boolean; error_message?: string };

export async function syncCensus(
  api: TestApi,
  records: JsonValue[],
  plan: Plan = {},
  path = censusPath,
): Promise<RecordResult[]> {
  const { record_results } = await resultOf(api, path, 'sync_batch', syncBatch(records, plan));
  return record_results as RecordResult[];
}

/** The rows of a source, oldest first. */
export async function rowsOf(api: TestApi, source = 'census') {
  const log = { client: api.tables.client, table: api.tables.names.EventLog };
  const filter = { sources: [{ key: source, shards: 1 }], sinceMs: 0, untilMs: Date.now() + 1, limit: 20_000 };
  const rows = await listEvents(log, { ...filter, sinceMs: Date.now() - 3_600_000 });
  return rows.reverse();
}

/** Counts the writes to the directory's table while something is done: users, objects, members. */
export async function directoryWrites(api: TestApi, work: () => Promise<unknown>): Promise<number> {
  const spy = jest.spyOn(api.tables.client, 'send');
  try {
    await work();
    return spy.mock.calls.filter(([command]) => {
      const isWrite = /^(Put|Update|Delete)Command$/.test(command.constructor.name);
      return isWrite && (command.input as { TableName?: string }).TableName === api.tables.names.Directory;
    }).length;
  } finally {
    spy.mockRestore();
  }
}

/** What the processor makes of the events that the API queued, under the live configuration. */
export async function planned(api: TestApi) {
  const live = await api.deps.configuration();
  return api.events.map((raw) => planEvent(raw, live));
}
