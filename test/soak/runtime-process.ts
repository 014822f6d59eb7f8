import { setInterval } from 'node:timers';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { pushLocalConfiguration } from '../../infra/local/configuration.ts';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { writeRuntimeFile } from '../../infra/local/runtime-file.ts';

/*
 * The local runtime as a process of its own, which the soak starts, kills, and asks to kill its functions.
 */

export type RuntimeArguments = {
  port: number;
  data: string;
  outdir: string;
  configuration: string;
  runtimeFile: string;
};
export type Order = { kind: 'kill-function'; function: string };
export type Sample = {
  kind: 'sample';
  residentMb: number;
  /** The fullest worker of each function, in megabytes of heap. */
  heapsMb: Record<string, number>;
  /** Messages in the queues, dead-letter queues apart. */
  queued: number;
  parked: number;
  /** Since this process started. */
  lag: { samples: number; sumMs: number; maxMs: number };
  actionsRetried: number;
  handedBack: number;
};
export type Report =
  | { kind: 'ready'; ingestUrls: Record<string, string>; port: number; memoryMb: Record<string, number> }
  | { kind: 'killed'; function: string; wasBusy: boolean }
  | Sample;

const args = JSON.parse(process.argv[2] ?? '') as RuntimeArguments;
const tell = (report: Report) => void process.send?.(report);
// Whoever started it is gone: so is its data.
process.on('disconnect', () => process.exit(1));

const runtime = await startRuntime({
  environments: ['development'],
  port: args.port,
  data: args.data,
  outdir: args.outdir,
  async configure(environment) {
    const client = new SecretsManagerClient({
      endpoint: environment.endpoints.secretsmanager,
      region: environment.region,
      credentials: environment.credentials,
    });
    await client
      .send(
        new CreateSecretCommand({
          Name: `${environment.outputs.SecretsPrefix}/targets/order`,
          SecretString: JSON.stringify({ values: [`whsec_${Buffer.alloc(32, 7).toString('base64')}`] }),
        }),
      )
      .catch((error: Error) => {
        // There since the run before.
        if (error.name !== 'ResourceExistsException') throw error;
      });
    client.destroy();
    return pushLocalConfiguration(environment, [environment.name], args.configuration);
  },
});
process.on('exit', writeRuntimeFile(args.runtimeFile, runtime));
const environment = developmentOf(runtime);

process.on('message', (order: Order) => {
  const host = environment.functions.get(order.function);
  tell({ kind: 'killed', function: order.function, wasBusy: host?.killBusyWorker() ?? false });
});
setInterval(() => void sample(), 1_000);
tell({
  kind: 'ready',
  port: Number(new URL(environment.ingestUrl).port),
  ingestUrls: Object.fromEntries(environment.configuration.sources.map(({ key, ingestUrl }) => [key, ingestUrl])),
  memoryMb: Object.fromEntries([...environment.functions.values()].map(({ name, memoryMb }) => [name, memoryMb])),
});

function developmentOf({ environments }: Runtime) {
  const { development } = environments;
  if (development === undefined) throw new Error('the runtime has no environment "development"');
  return development;
}

async function sample(): Promise<void> {
  const heaps = [...environment.functions.values()].map((host) => [host.name, host.heapsMb()] as const);
  const depth = (isWanted: (name: string) => boolean) =>
    Object.entries(environment.queues())
      .filter(([name]) => isWanted(name))
      .reduce((sum, [, { visible, inFlight, delayed }]) => sum + visible + inFlight + delayed, 0);
  const isParked = (name: string) => name.endsWith('-dead-letters');
  const lag = environment.metrics
    .list()
    .find(({ name, dimensions }) => name === 'ProcessingLagMs' && dimensions.source === undefined);
  tell({
    kind: 'sample',
    residentMb: process.memoryUsage.rss() / 2 ** 20,
    heapsMb: Object.fromEntries(heaps.map(([name, workers]) => [name, Math.max(0, ...workers)])),
    queued: depth((name) => !isParked(name)),
    parked: depth(isParked),
    lag: { samples: lag?.samples ?? 0, sumMs: lag?.sum ?? 0, maxMs: lag?.max ?? 0 },
    actionsRetried: environment.metrics.total('ActionsRetried'),
    handedBack: environment.metrics.total('EventsHandedBack'),
  });
}
