import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtFile } from '../../infra/build/build.js';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { WorkflowFile } from '../../shared/core/configuration/schema.ts';
import { Mapping } from '../../shared/core/mappings/schema.ts';
import { pushAndCommit } from '../../shared/operations/configuration/commit.ts';
import { readConfigurationFiles } from '../../shared/operations/configuration/files/configuration-files.ts';
import { type Environment, openEnvironment, StackOutputs } from '../../shared/operations/environment.ts';
import { readSources } from '../../shared/operations/sources/known-sources.ts';
import { makeAcceptedCounts } from '../../shared/operations/verify/accepted-counts.ts';
import { verifyEvents } from '../../shared/operations/verify/verify-events.ts';
import { verifyRange } from '../../shared/operations/verify/verify-range.ts';
import { configFolder, configure } from './config.ts';

/*
 * A whole local stack whose events have a run of each of two workflows, `receipt` and `note`, at a target that
 * counts what it gets. The command line runs in processes of its own, which a test may kill.
 */

type Receipts = { receipt: Map<string, number>; note: Map<string, number> };
type Options = {
  usersCount: number;
  /** What the file of `receipt` has besides its target. */
  receipt?: Partial<WorkflowFile>;
  /** Answers a request for receipts itself: true, and nothing of it counts. */
  onReceipt?: (response: ServerResponse) => boolean | Promise<boolean>;
  /** Called for each receipt, with the number of its order. */
  onRun?: (user: string, order: number) => void;
};
export type PaidStack = Awaited<ReturnType<typeof startPaidStack>>;

export async function startPaidStack({ usersCount, receipt = {}, onReceipt, onRun }: Options) {
  const startedMs = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-paid-'));
  const children: ChildProcess[] = [];
  /** Requests by run, as far as the target took them. */
  const taken: Receipts = { receipt: new Map(), note: new Map() };
  const target = createServer(async (request, response) => {
    const name = request.url === '/receipt' ? 'receipt' : 'note';
    // Read in any case, so that a client that sends on is not cut off.
    const read = new Response(request as never).text();
    if (name === 'receipt' && (await onReceipt?.(response))) return;
    const { data } = JSON.parse(await read);
    for (const run of Array.isArray(data) ? data : [data]) {
      const key = `${run.data.order} ${run.recipient.id}`;
      taken[name].set(key, (taken[name].get(key) ?? 0) + 1);
      if (name === 'receipt') onRun?.(run.recipient.id, Number(run.data.order));
    }
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  const runtime = await startRuntime({ environments: ['development'], port: 0, configure });
  const environment = open(runtime, folder);

  function start(args: string[], input = ''): { child: ChildProcess; ended: Promise<Ended> } {
    const child = spawn(process.execPath, [builtFile('infra/cli/main.ts'), ...args], {
      env: { ...process.env, NODE_OPTIONS: '', SIGNALBOX_RUNTIME_FILE: join(folder, 'runtime.json') },
    });
    children.push(child);
    child.stdin?.end(input);
    let [stdout, stderr] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text));
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
    return { child, ended };
  }

  async function signalbox(args: string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await start(args, input).ended;
    if (code !== 0) throw new Error(`signalbox ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  await commit(environment, target, receipt);
  const secret = `whsec_${Buffer.from('secret-of-a-target-0123456789').toString('base64')}`;
  for (const key of ['receipt', 'note']) await signalbox(['secrets', 'set', `targets/${key}`], secret);

  return {
    runtime,
    environment,
    taken,
    /** The command line, by a process that may be killed. */
    start,
    /** The same, which must succeed. @returns its standard output */
    signalbox,

    /**
     * Sends events in lists of fifty, so many at once; the sender tries again like any other. With one
     * at once, events are received in their order.
     */
    async send(events: object[], atOnce = 4): Promise<void> {
      const [{ url } = { url: '' }] = JSON.parse(await signalbox(['sources', '--json']));
      const lists = Array.from({ length: Math.ceil(events.length / 50) }, (_, i) => events.slice(i * 50, i * 50 + 50));
      const sender = async () => {
        for (let list = lists.shift(); list !== undefined; list = lists.shift()) {
          const headers = { 'content-type': 'application/json' };
          const { status } = await fetch(url, { method: 'POST', body: JSON.stringify(list), headers });
          if (status !== 200) lists.unshift(list);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, sender));
    },
    users: () =>
      Array.from({ length: usersCount }, (_, i) => ({ type: 'identify', userId: `u-${i}`, messageId: `i-${i}` })),
    paid: (count: number, first = 0) =>
      Array.from({ length: count }, (_, i) => ({
        type: 'track',
        event: 'paid',
        userId: `u-${(first + i) % usersCount}`,
        messageId: `order-${first + i}`,
        properties: { order: first + i },
      })),

    /** Which runs of the first events the target lacks, and which it got more than once. */
    unequal(name: keyof Receipts, count: number): { missing: string[]; twice: string[] } {
      const counts = taken[name];
      const keys = Array.from({ length: count }, (_, i) => `${i} u-${i % usersCount}`);
      return {
        missing: keys.filter((key) => !counts.has(key)),
        twice: [...counts].flatMap(([key, times]) => (times > 1 ? [key] : [])),
      };
    },

    async verify() {
      const { known } = await readSources(environment);
      const range = verifyRange({ since: startedMs }, { nowMs: Date.now(), local: true, retentionDays: 14 });
      const counts = makeAcceptedCounts(await environment.metrics(), 'development');
      return verifyEvents(environment, counts, { known, range, all: true });
    },

    async stop(): Promise<void> {
      for (const child of children) child.kill('SIGKILL');
      environment.documents.destroy();
      await runtime.stop();
      target.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const exact = { missing: [], twice: [] };

type Ended = { code: number | null; stdout: string; stderr: string };

/** The environment as operations use it; commands find it by the file of the runtime. */
function open({ environments }: Runtime, folder: string): Environment {
  const { development } = environments;
  if (development === undefined) throw new Error('development does not run');
  const { region, credentials, endpoints, outputs } = development;
  const content = {
    pid: process.pid,
    started_at: new Date().toISOString(),
    environments: { development: { region, endpoints, credentials, outputs } },
  };
  writeFileSync(join(folder, 'runtime.json'), JSON.stringify(content));
  return openEnvironment('development', 'local', StackOutputs.parse(outputs), { region, credentials }, endpoints);
}

async function commit({ configuration }: Environment, target: Server, receipt: Partial<WorkflowFile>): Promise<void> {
  const { snapshot, environments } = readConfigurationFiles(configFolder);
  const { port } = target.address() as AddressInfo;
  for (const key of ['receipt', 'note']) {
    const type = { type: 'http', url: `http://127.0.0.1:${port}/${key}` };
    const more = key === 'receipt' ? receipt : {};
    snapshot.workflows[key] = WorkflowFile.parse({ name: key, target: { development: type }, ...more });
    snapshot.sources.rudderstack?.mappings.push(
      Mapping.parse({
        id: key,
        event: 'track/paid',
        action: 'workflows_trigger',
        parameters: { key, recipients: { id: 'user_id' }, data: { order: 'data.order' } },
      }),
    );
  }
  const asked = { author: 'test', message: 'test', nowMs: Date.now() };
  await pushAndCommit(configuration, { snapshot, seed: environments.development, ...asked });
}
