import { setTimeout as sleep } from 'node:timers/promises';
import Knock from '@knocklabs/node';
import type { Figure, Section } from '../figure.ts';
import { type LocalRuntime, processorMsOf, startLocalRuntime } from '../local-runtime.ts';
import { percentile } from '../measure.ts';

const warmUps = 200;
const puts = 500;
const many = 1_000;

/** The REST API of the local runtime, called by the official client over HTTP. */
export const api: Section = {
  name: 'api',
  about: 'the REST API of the local runtime, called by the official client over HTTP, one call after the other',
  async measure(say) {
    say('starting the local runtime');
    const runtime = await startLocalRuntime();
    try {
      const { key } = runtime.signalbox('keys', 'create', 'bench') as { key: string };
      const client = new Knock({ apiKey: key, baseURL: new URL(runtime.url).origin, maxRetries: 0 });
      say(`setting ${puts} users one by one`);
      await setUsers(client, warmUps, 'warm');
      const put = await withProcessor(runtime, () => setUsers(client, puts, 'put'));
      say(`${many} members in a request`);
      const members = Array.from({ length: many }, (_, i) => ({ user: { id: `member_${i}`, name: `Member ${i}` } }));
      const add = () => client.audiences.addMembers('vip', { members, create_audience: true });
      const added = await withProcessor(runtime, () => millisecondsOf(add));
      const addedAgain = await millisecondsOf(add);
      const removed = await millisecondsOf(() => client.audiences.removeMembers('vip', { members }));
      say(`${many} users in a bulk request`);
      const users = Array.from({ length: many }, (_, i) => customer(`bulk_${i}`, i));
      const { result: bulk, processorMs } = await withProcessor(runtime, () => bulkIdentify(client, users));
      const bulkAgain = await bulkIdentify(client, users);
      return [
        { name: 'PUT of a user, median', measured: percentile(put.result, 50), unit: 'ms' },
        { name: 'PUT of a user, p95', measured: percentile(put.result, 95), unit: 'ms', bound: { atMost: 30 } },
        ...processor('PUT of a user', put.processorMs, puts),
        ...inSeconds(`${count(many)} new members, each a new user`, added.result, 10),
        ...processor('a new member that is a new user', added.processorMs, many),
        ...inSeconds('the same again', addedAgain, 10),
        ...inSeconds(`${count(many)} members removed`, removed, 10),
        { name: `bulk request for ${count(many)} new users, until answered`, measured: bulk.answeredMs, unit: 'ms' },
        ...inSeconds(`bulk request for ${count(many)} new users, until completed`, bulk.completedMs),
        ...processor('a user of it', processorMs, many),
        ...inSeconds('the same again, which changes no user', bulkAgain.completedMs),
      ];
    } finally {
      runtime.child.kill('SIGKILL');
    }
  },
};

const customer = (id: string, i: number) => ({
  id,
  ...{ name: `Customer ${i}`, email: `customer.${i}@orchard.example`, plan: i % 2 === 0 ? 'pro' : 'free', seats: i },
});

/** Half of them are new, half change. */
async function setUsers(client: Knock, times: number, name: string): Promise<number[]> {
  const latencies: number[] = [];
  for (let i = 0; i < times; i++) {
    const { id, ...body } = customer(`${name}_${i >> 1}`, i);
    latencies.push(await millisecondsOf(() => client.users.update(id, body)));
  }
  return latencies;
}

async function bulkIdentify(client: Knock, users: { id: string }[]) {
  const startedMs = performance.now();
  const { id } = await client.users.bulk.identify({ users });
  const answeredMs = performance.now() - startedMs;
  for (;;) {
    const { status, success_count } = await client.bulkOperations.get(id);
    if (status === 'completed' && success_count === users.length) break;
    if (status === 'completed' || status === 'failed') throw new Error(`the operation ${status} with ${success_count}`);
    await sleep(20);
  }
  return { answeredMs, completedMs: performance.now() - startedMs };
}

async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

async function withProcessor<Result>(runtime: LocalRuntime, work: () => Promise<Result>) {
  const before = processorMsOf(runtime);
  const result = await work();
  const after = processorMsOf(runtime);
  return { result, processorMs: before === undefined || after === undefined ? undefined : after - before };
}

/** It varies much less with what else the machine does than times do. */
function processor(what: string, ms: number | undefined, times: number): Figure[] {
  if (ms === undefined) return [];
  const note = 'of the whole runtime: function, tables, queues and gateway, all threads';
  return [{ name: `${what}, processor time`, measured: ms / times, unit: 'ms', note }];
}

function inSeconds(name: string, measuredMs: number, atMost?: number): Figure[] {
  return [{ name, measured: measuredMs / 1000, unit: 's', ...(atMost !== undefined && { bound: { atMost } }) }];
}

const count = (value: number) => value.toLocaleString('en-US');
