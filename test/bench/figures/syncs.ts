import { type Runtime, type RuntimeEnvironment, startRuntime } from '../../../infra/local/runtime.ts';
import { Snapshot } from '../../../shared/core/configuration/schema.ts';
import { openEnvironment, StackOutputs } from '../../../shared/operations/environment.ts';
import { createKey } from '../../../shared/operations/keys/keys.ts';
import { configure } from '../../support/config.ts';
import { developmentStack } from '../assembly.ts';
import { type CountedPipeline, startCountedPipeline } from '../counted-pipeline.ts';
import type { Figure, Section } from '../figure.ts';
import { percentile } from '../measure.ts';

const recordsPerBatch = 500;
const batches = 20;
const lists = 100;
const path = '/v1/integrations/census/custom-destination';

/** What a sync that calls methods costs, and how long its calls take. */
export const syncs: Section = {
  name: 'syncs',
  about: `batches of ${recordsPerBatch} records by JSON-RPC: time in the local runtime, units counted on the wire`,
  async measure(say) {
    const stack = await developmentStack(say);
    say('counting units');
    const pipeline = await startCountedPipeline(stack, {
      snapshot: Snapshot.parse({ sources: {}, workflows: {} }),
      variables: { USERS_INDEX: 'true' },
    });
    const units = await measureUnits(pipeline).finally(() => pipeline.stop());
    say('starting the local runtime');
    const runtime = await startRuntime({ environments: ['development'], port: 0, outdir: stack.outdir, configure });
    try {
      return [...(await measureTimes(runtime, say)), ...units];
    } finally {
      await runtime.stop();
    }
  },
};

type Records = { id: string; name: string; email: string; plan: string }[];

function records(batch: number, plan = 'pro'): Records {
  return Array.from({ length: recordsPerBatch }, (_, i) => {
    const id = `warehouse-${batch}-${i}`;
    return { id, name: `Customer ${i}`, email: `${id}@orchard.example`, plan };
  });
}

function batchCall(some: Records) {
  const names = ['id', 'name', 'email', 'plan'];
  const schema = names.map((name) => [name, { active_identifier: name === 'id', field: { field_api_name: name } }]);
  const object = { object_api_name: 'users', label: 'Users' };
  const sync_plan = { object, operation: 'upsert', sync_id: 1, sync_run_id: 1, schema: Object.fromEntries(schema) };
  return { jsonrpc: '2.0', id: 'b', method: 'sync_batch', params: { sync_plan, records: some } };
}

async function measureTimes(runtime: Runtime, say: (line: string) => void): Promise<Figure[]> {
  const environment = runtime.environments.development as RuntimeEnvironment;
  const key = await keyOf(environment);
  const ask = async (body: object): Promise<number> => {
    const startedMs = performance.now();
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
    const response = await fetch(environment.ingestUrl + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await response.text();
    if (response.status !== 200 || text.includes('"success":false'))
      throw new Error(`${response.status}: ${text.slice(0, 500)}`);
    return performance.now() - startedMs;
  };
  const timesOf = async (count: number, bodyOf: (i: number) => object) => {
    const times: number[] = [];
    for (let i = 0; i < count; i++) times.push(await ask(bodyOf(i)));
    return times;
  };
  say('warming up');
  await timesOf(2, (i) => batchCall(records(-1 - i)));
  say(`${batches} batches of new users`);
  const made = await timesOf(batches, (i) => batchCall(records(i)));
  say(`${batches} batches of the same users`);
  const unchanged = await timesOf(batches, (i) => batchCall(records(i)));
  say(`${batches} batches of changed users`);
  const changed = await timesOf(batches, (i) => batchCall(records(i, 'free')));
  const listed = await timesOf(lists, () => ({ jsonrpc: '2.0', id: 'l', method: 'list_objects' }));
  const figure = (what: string, times: number[], percent: number, atMost?: number): Figure => ({
    name: `${what}, ${percent === 50 ? 'median' : `p${percent}`}`,
    measured: percentile(times, percent),
    unit: 'ms',
    ...(atMost !== undefined && { bound: { atMost } }),
  });
  return [
    figure('500 new users', made, 50),
    figure('500 new users', made, 95, 1_500),
    figure('500 changed users', changed, 95, 1_500),
    figure('500 users without a change', unchanged, 95, 1_500),
    figure('list_objects', listed, 95, 50),
  ];
}

async function keyOf({ region, credentials, endpoints, outputs }: RuntimeEnvironment): Promise<string> {
  const environment = openEnvironment(
    'development',
    'local',
    StackOutputs.parse(outputs),
    { region, credentials },
    endpoints,
  );
  try {
    const asked = { author: 'bench', nowMs: Date.now(), entropy: new Uint8Array(32).fill(7) };
    return (await createKey(environment, { name: 'bench', kind: 'secret' }, asked)).key;
  } finally {
    environment.documents.destroy();
  }
}

async function measureUnits(pipeline: CountedPipeline): Promise<Figure[]> {
  const run = async (what: string, some: Records, unitsMax: number): Promise<Figure[]> => {
    const { calls } = await pipeline.api(path, batchCall(some));
    const ofBatch = calls.filter(({ tables }) => !tables.includes(pipeline.names.Configuration));
    const written = new Map<string, number>();
    for (const { writeUnits } of ofBatch)
      for (const [where, count] of Object.entries(writeUnits)) written.set(where, (written.get(where) ?? 0) + count);
    const total = [...written.values()].reduce((sum, count) => sum + count, 0);
    const read = ofBatch.reduce((sum, { readUnits }) => sum + readUnits, 0);
    const parts = [...written].filter(([, count]) => count > 0).map(([where, count]) => `${where} ${count}`);
    const caveat = pipeline.isReference ? '' : ' (counted by dynalite, which leaves out indexes: no Java was found)';
    const note = `${ofBatch.length} requests for 500 records: ${parts.join(', ')}${caveat}`;
    return [
      {
        name: `${what}: write units per record`,
        measured: total / some.length,
        unit: 'units',
        bound: { atMost: unitsMax },
        note,
      },
      { name: `${what}: read units per record`, measured: read / some.length, unit: 'units', bound: { atMost: 1 } },
    ];
  };
  await pipeline.api(path, batchCall(records(1_000)));
  return [
    ...(await run('a new user', records(0), 4)),
    ...(await run('a changed user', records(0, 'free'), 3)),
    ...(await run('a user without a change', records(0, 'free'), 2)),
  ];
}
