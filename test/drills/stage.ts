import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pushLocalConfiguration } from '../../infra/local/configuration.ts';
import { type MetricHistory, openMetricHistory } from '../../infra/local/metric-history.ts';
import { type Runtime, type RuntimeEnvironment, startRuntime } from '../../infra/local/runtime.ts';
import { writeRuntimeFile } from '../../infra/local/runtime-file.ts';
import { synthesize } from '../../infra/local/synthesize.ts';
import { type Environment, openEnvironment, StackOutputs } from '../../shared/operations/environment.ts';
import { trackEvent } from '../support/build.ts';
import { type CliEnded, startWarmCli } from '../support/warm-cli.ts';

/** The shop of the drills, on a local stack of its own: what is deployed, and a target that a test can break. */
export type Stage = {
  runtime: Runtime;
  local: RuntimeEnvironment;
  environment: Environment;
  /** Of the configuration files. */
  folder: string;
  /** How the target of runs answers: a status, or never; and what it says with it. */
  target: { answers: number | 'never'; says: string };
  /** Orders that the target took, in order. */
  taken: string[];
  /** A command, as a person types it behind `npx signalbox`. */
  signalbox(args: string[], input?: string): Promise<CliEnded>;
  /** @throws Error with its output when it fails */
  mend(...args: string[]): Promise<string>;
  /** Posts events to a source. @returns the status */
  post(source: string, events: unknown, headers?: Record<string, string>): Promise<number>;
  /** @returns the ids that were answered */
  postForIds(source: string, events: unknown): Promise<string[]>;
  /** An order of a known user, with an id of its own. @returns its message id */
  order(change?: Record<string, unknown>): Record<string, unknown>;
  /** Returns when the queues are empty. @returns the status */
  identify(userId: string, headers?: Record<string, string>): Promise<number>;
  setSecret(name: string, value: string, ...options: string[]): Promise<void>;
  /** A count of the functions, over all sources. */
  environmentMetric(name: string): number;
  /** The workflow goes from the configuration, and with it what starts it. */
  deleteWorkflow(): Promise<void>;
  restoreWorkflow(): Promise<void>;
  /** The files become live. */
  commit(): Promise<void>;
  /** Replaces text in a configuration file. */
  edit(file: string, from: string, to: string): void;
  stop(): Promise<void>;
};

/** Template and bundles, made once for all drills of a file. @returns its folder */
export async function synthesizeStage(environment = 'development'): Promise<string> {
  const outdir = mkdtempSync(join(tmpdir(), 'signalbox-drills-'));
  await synthesize(outdir, [environment]);
  return outdir;
}

const source = (more: string) => `kind: rudderstack
name: Shop
${more}
mappings:
  - id: identify
    event: identify
    action: users_identify
    parameters: { id: user_id, email: data.email }
  - id: order-completed
    event: track/order_completed
    action: workflows_trigger
    parameters: { key: confirm-order, recipients: user_id, data: data }
`;

type StageOptions = {
  /** Adds counts of the days before, when the stack was running already. */
  before?: ((history: MetricHistory) => void) | undefined;
  /** The environment that `outdir` was synthesized for. */
  name?: string;
};

export async function startStage(outdir: string, { before, name = 'development' }: StageOptions = {}): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-drill-'));
  const folder = join(directory, 'config');
  const kept = join(directory, 'kept');
  const data = join(directory, 'data');
  writeFiles(folder, name);
  if (before !== undefined) {
    mkdirSync(data, { mode: 0o700 });
    const history = openMetricHistory(join(data, 'metrics.ndjson'));
    before(history);
    history.close();
  }
  const target: Stage['target'] = { answers: 200, says: '' };
  const taken: string[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      if (target.answers === 'never') return;
      if (target.answers < 300) taken.push(...[...text.matchAll(/"order_id":"([^"]+)"/g)].map(([, id = '']) => id));
      response.writeHead(target.answers).end(target.says);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const targetUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/runs`;
  writeFileSync(
    join(folder, 'workflows', 'confirm-order.yaml'),
    `name: Confirm an order\nwait_for_recipients: 0s\ntarget:\n  ${name}: { type: http, url: "${targetUrl}" }\n`,
  );
  const runtime = await startRuntime({
    environments: [name],
    port: 0,
    outdir,
    ...(before && { data }),
    configure: (environment, running) => pushLocalConfiguration(environment, running, folder),
  });
  const local = runtime.environments[name] as RuntimeEnvironment;
  const { region, credentials, endpoints, outputs } = local;
  const config = { region, credentials };
  const environment = openEnvironment(name, 'local', StackOutputs.parse(outputs), config, endpoints);
  const file = join(directory, 'runtime.json');
  writeRuntimeFile(file, runtime);
  const cli = startWarmCli({ SIGNALBOX_RUNTIME_FILE: file });
  const signalbox: Stage['signalbox'] = (args, input) =>
    cli.run(name === 'development' ? args : [...args, '--environment', name], input === undefined ? {} : { input });
  const request = (key: string, events: unknown, headers: Record<string, string> = {}) =>
    fetch(local.configuration.sources.find((one) => one.key === key)?.ingestUrl ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(events),
    });
  let orders = 0;
  const stage: Stage = {
    runtime,
    local,
    environment,
    folder,
    target,
    taken,
    signalbox,
    async mend(...args) {
      const { code, stdout, stderr } = await signalbox(args);
      if (code !== 0) throw new Error(`npx signalbox ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
      return stdout + stderr;
    },
    post: async (key, events, headers) => (await request(key, events, headers)).status,
    postForIds: async (key, events) => ((await (await request(key, events)).json()) as { ids: string[] }).ids,
    order(change = {}) {
      const id = `A-${++orders}`;
      return trackEvent({
        messageId: `message-${id}`,
        userId: 'lena',
        properties: { order_id: id, total: 42 },
        ...change,
      });
    },
    async setSecret(name, value, ...options) {
      const { code, stderr } = await signalbox(['secrets', 'set', name, ...options], `${value}\n`);
      if (code !== 0) throw new Error(`the secret ${name} was not set: ${stderr}`);
    },
    async identify(userId, headers) {
      const traits = { email: 'a@b.example' };
      const event = { type: 'identify', userId, messageId: `identify-${userId}`, traits };
      const status = await stage.post('shop', event, headers);
      await runtime.idle();
      return status;
    },
    environmentMetric: (name) => local.metrics.total(name),
    async commit() {
      await stage.mend('config', 'push', '--dir', folder, '--commit', '--force', '-m', 'a change of the drill');
    },
    async deleteWorkflow() {
      cpSync(folder, kept, { recursive: true });
      rmSync(join(folder, 'workflows', 'confirm-order.yaml'));
      for (const name of ['shop', 'market']) {
        const path = join(folder, 'sources', `${name}.yaml`);
        writeFileSync(path, readFileSync(path, 'utf8').replace(/ {2}- id: order-completed[\s\S]*$/, ''));
      }
      await stage.commit();
    },
    async restoreWorkflow() {
      cpSync(kept, folder, { recursive: true });
      await stage.commit();
    },
    edit(name, from, to) {
      const path = join(folder, name);
      const before = readFileSync(path, 'utf8');
      if (!before.includes(from)) throw new Error(`${name} has no "${from}"`);
      writeFileSync(path, before.replaceAll(from, to));
    },
    async stop() {
      cli.stop();
      environment.documents.destroy();
      await runtime.stop();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
  const key = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
  await stage.setSecret('targets/confirm-order', key);
  return stage;
}

function writeFiles(folder: string, environment: string): void {
  cpSync(join(import.meta.dirname, '../fixtures/config'), folder, { recursive: true });
  rmSync(join(folder, 'sources', 'rudderstack.yaml'));
  rmSync(join(folder, 'workflows', 'order-completed.yaml'));
  for (const name of ['development', 'staging', 'production']) rmSync(join(folder, 'environments', `${name}.yaml`));
  writeFileSync(join(folder, 'sources', 'shop.yaml'), source(''));
  writeFileSync(join(folder, 'sources', 'market.yaml'), source(''));
  const settings = 'enabled: true, identify: true, verification: { enforced: false }';
  writeFileSync(
    join(folder, 'environments', `${environment}.yaml`),
    `sources:\n  shop: { ${settings} }\n  market: { ${settings} }\n`,
  );
}
