import { availableParallelism, loadavg } from 'node:os';
import { readOptions, wholeNumber } from '../support/program-arguments.ts';
import { type Figure, formatted, rowOf, type Section, tableOf, target, verdictOf } from './figure.ts';

const help = `Measures what docs/figures.md explains and prints it beside its target.

  npm run bench -- [NAME…] [--json] [--events N] [--tables FOLDER]

  --events N       in the tables of \`lists\`, \`console\` and \`rows\`; a million by default
  --tables FOLDER  keeps these tables there, so that the next run need not fill them

Without names everything is measured, in about twenty minutes. A bound that is missed is said loudly and fails nothing:
times depend on the machine.`;

// Loaded one by one: what a section brings with it would be memory and garbage collection of those before it.
const sections: Record<string, () => Promise<Section>> = {
  writes: async () => (await import('./figures/writes.ts')).writes,
  cost: async () => (await import('./figures/cost.ts')).cost,
  bundles: async () => (await import('./figures/bundles.ts')).bundles,
  cpu: async () => (await import('./figures/cpu.ts')).cpu,
  signatures: async () => (await import('./figures/signatures.ts')).signatures,
  mappings: async () => (await import('./figures/mappings.ts')).mappings,
  'fan-out': async () => (await import('./figures/fan-out.ts')).fanOut,
  pipeline: async () => (await import('./figures/pipeline.ts')).pipeline,
  ingest: async () => (await import('./figures/ingest.ts')).ingest,
  api: async () => (await import('./figures/api.ts')).api,
  syncs: async () => (await import('./figures/syncs.ts')).syncs,
  runtime: async () => (await import('./figures/runtime.ts')).runtime,
  logs: async () => (await import('./figures/logs.ts')).logs,
  cli: async () => (await import('./figures/cli.ts')).cli,
  lists: async () => (await import('./figures/lists.ts')).lists,
  page: async () => (await import('./figures/page.ts')).page,
  console: async () => (await import('./figures/console.ts')).pages,
  rows: async () => (await import('./figures/console.ts')).rows,
};

async function main(): Promise<void> {
  const { values, positionals } = readOptions({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      events: { type: 'string', default: '1000000' },
      tables: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(help);
  const unknown = positionals.filter((name) => !Object.hasOwn(sections, name));
  if (unknown.length > 0) {
    console.error(`there is no "${unknown.join('", "')}"; there are: ${Object.keys(sections).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  const { tables } = values;
  const settings = { events: wholeNumber('events', values.events, 1_000), ...(tables !== undefined && { tables }) };
  const startedMs = performance.now();
  const rows: ReturnType<typeof rowOf>[] = [];
  const missed: Figure[] = [];
  for (const [name, load] of Object.entries(sections)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    warnIfBusy();
    try {
      const section = await load();
      const figures = await section.measure((line) => console.error(`${name}: ${line} …`), settings);
      if (values.json) rows.push(...figures.map((figure) => rowOf(name, figure)));
      else console.log(`${tableOf(section, figures)}\n`);
      missed.push(...figures.filter((figure) => verdictOf(figure) === 'MISSED'));
    } catch (error) {
      // The others can still be measured; one that cannot is no "ok".
      console.error(`${name} could not be measured:`, error);
      process.exitCode = 1;
    }
  }
  if (values.json) console.log(JSON.stringify(rows, undefined, 2));
  for (const figure of missed) {
    console.error(`MISSED: ${figure.name}: ${formatted(figure.measured)} ${figure.unit}, target ${target(figure)}`);
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  const verdict = missed.length === 0 ? 'no bound is missed' : `${missed.length} bounds are missed`;
  console.error(`${verdict} (${seconds} s)`);
}

/** Times say little on a machine that is at work on something else; counts and sizes are what they are. */
function warnIfBusy(): void {
  const [lastMinute = 0] = loadavg();
  const cores = availableParallelism();
  if (lastMinute <= cores) return;
  console.error(`the load is ${lastMinute.toFixed(1)} on ${cores} cores; times are too long if that is not this run`);
}

await main();
// What a section may have left behind must not keep a finished run alive.
process.exit();
