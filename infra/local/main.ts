import { dirname, join, relative } from 'node:path';
import { shippedDirectory } from '../../shared/operations/configuration/files/configuration-files.ts';
import { type FileBases, fileBasesAt } from '../../shared/operations/configuration/files/file-bases.ts';
import { openEnvironment, StackOutputs } from '../../shared/operations/environment.ts';
import { currentAuthor } from '../author.ts';
import { makeLeftFiles, makePageFiles } from '../console/page-files.ts';
import { type Console, startConsole } from '../console/server.ts';
import { sessionKeyIn } from '../console/session-key.ts';
import { environments as environmentsInOrder } from '../environments.ts';
import { type Arguments, help, readArguments, UsageError } from './arguments.ts';
import { pushLocalConfiguration } from './configuration.ts';
import { DataDirectoryTaken } from './data-directory.ts';
import { type Runtime, type RuntimeEnvironment, startRuntime } from './runtime.ts';
import { defaultRuntimeFile, findRunning, writeRuntimeFile } from './runtime-file.ts';
import { closingSummary } from './summary.ts';

// The longest wait for the queues at the end; the rest stays in the queues for the next start.
const drainMs = 10_000;
const startedMs = performance.now();

async function main(): Promise<void> {
  // Only this user may read what it writes: events, secrets, the credentials of the run.
  process.umask(0o077);
  const args = readArguments(process.argv.slice(2));
  if (args === 'help') return console.log(help);
  let runtime: Runtime | undefined;
  let served: Console | undefined;
  let stopping = false;
  const onSignal = () => {
    // The second signal, or one before the run has work to finish, ends it at once.
    if (stopping || runtime === undefined) process.exit(130);
    stopping = true;
    void shutDown(runtime, served);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);

  // Commands and consoles that find this run by its runtime file look beside that.
  const bases = fileBasesAt(join(dirname((await chooseRuntimeFile(args)).file), 'file-bases.json'));
  const left = makeLeftFiles(shippedDirectory);
  runtime = await startRuntime({
    port: args.port,
    environments: args.environments,
    throttle: args.throttle,
    ...(args.data !== undefined && { data: args.data }),
    configure: (environment, running) => pushLocalConfiguration(environment, running, shippedDirectory, bases),
    onStep: (what, milliseconds) => console.log(`  ${seconds(milliseconds)}  ${what}`),
    onProblem: (line) => console.error(line),
    ...(args.verbose && { onDetail: (line: string) => console.log(line) }),
  });
  if (args.console) served = await serveConsole(runtime, args, bases);
  await announce(runtime, args, served);
  if (args.watch ?? process.stdout.isTTY) {
    runtime.watch({
      onChange: (line) => console.log(line),
      onTemplate: () => registered(),
      areOfConsole: () => left.areAsLeft(),
    });
  }
}

/**
 * The web console of this run's environments, on the port after theirs, or on a free one. Without it
 * everything else runs.
 */
async function serveConsole(
  { environments }: Runtime,
  args: Arguments,
  bases: FileBases,
): Promise<Console | undefined> {
  const options = {
    environments: {
      names: () => Object.keys(environments),
      async connect(name: string) {
        const { region, credentials, outputs, endpoints } = environments[name] as RuntimeEnvironment;
        return openEnvironment(name, 'local', StackOutputs.parse(outputs), { region, credentials }, endpoints);
      },
    },
    readOnly: false,
    author: currentAuthor(),
    checkout: { directory: relative(process.cwd(), shippedDirectory) || '.', bases },
    pageFiles: makePageFiles(shippedDirectory),
    order: environmentsInOrder,
    ...(args.data !== undefined && { sessionKey: sessionKeyIn(args.data) }),
    urlCommand: 'npx signalbox console --open',
    onProblem: (line: string) => console.error(line),
  };
  const port = args.port === 0 ? 0 : args.port + args.environments.length;
  try {
    return await startConsole({ ...options, port }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') return startConsole({ ...options, port: 0 });
      throw error;
    });
  } catch (error) {
    console.error(`the console cannot be served: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** Writes the addresses for the CLI again. */
let registered: () => void = () => undefined;

/** Where this run writes its addresses: with its data, while another run has the file of this checkout. */
async function chooseRuntimeFile({ data }: Pick<Arguments, 'data'>) {
  const other = await findRunning(defaultRuntimeFile);
  const file = other === undefined || data === undefined ? defaultRuntimeFile : join(data, 'runtime.json');
  return { file, other };
}

async function announce(runtime: Runtime, args: Arguments, served: Console | undefined): Promise<void> {
  const { file, other } = await chooseRuntimeFile(args);
  if (other !== undefined && file === defaultRuntimeFile) {
    console.log(`\nnpx signalbox keeps talking to the run of process ${other.pid}.`);
  } else {
    process.on('exit', writeRuntimeFile(file, runtime));
    registered = () => void writeRuntimeFile(file, runtime);
  }
  const [first, ...others] = Object.values(runtime.environments);
  for (const { name, ingestUrl, configuration } of Object.values(runtime.environments)) {
    console.log(`\n${name}  ${ingestUrl}`);
    for (const source of configuration.sources) console.log(`  ${source.key}: ${shown(source.ingestUrl)}`);
  }
  if (served !== undefined) console.log(`\nconsole ${served.url}`);
  const source = first?.configuration.sources[0]?.key ?? 'SOURCE';
  const prefix = file === defaultRuntimeFile ? '' : `SIGNALBOX_RUNTIME_FILE=${file} `;
  // The CLI's default is development.
  const suffix = first === undefined || first.name === 'development' ? '' : ` --environment ${first.name}`;
  const commands = [`send ${source}`, 'events', 'actions', 'runs', 'why ID'];
  console.log(`\nTry next${others.length > 0 ? ' (--environment NAME for the other environments)' : ''}:`);
  for (const command of commands) console.log(`  ${prefix}npx signalbox ${command}${suffix}`);
  console.log(
    `\nUp after ${seconds(performance.now() - startedMs).trim()}. Ctrl-C finishes what was accepted, then stops.${watchLine(args.watch)}\nready`,
  );
}

async function shutDown(runtime: Runtime, served: Console | undefined): Promise<void> {
  console.log('\nNothing more is accepted; finishing what was …');
  const drained = await runtime.drain(drainMs);
  console.log(closingSummary(runtime, drained));
  await served?.stop();
  await runtime.stop();
  process.exit(0);
}

/** The token in a URL is a credential: a terminal shows it, a log does not. */
function shown(ingestUrl: string): string {
  return process.stdout.isTTY ? ingestUrl : ingestUrl.replace(/[^/]+$/, '…  (npx signalbox sources shows it)');
}

function watchLine(watch = process.stdout.isTTY): string {
  return watch ? ' Changed files are taken while it runs.' : '';
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1).padStart(5)} s`;
}

/** One line for the problem and its remedy; a stack trace only for a bug of ours. */
async function explain(error: unknown): Promise<string> {
  if (error instanceof UsageError) return `${error.message} (--help shows what it takes)`;
  if (error instanceof DataDirectoryTaken) return error.message;
  const { code, port } = error as { code?: string; port?: number };
  if (code === 'EADDRINUSE') return takenPort(Number(port));
  if (code === 'EACCES') return `port ${port} needs rights that you do not have: take one above 1023 with --port`;
  return error instanceof Error ? error.message : String(error);
}

async function takenPort(port: number): Promise<string> {
  const other = await findRunning(defaultRuntimeFile);
  const isOther = Object.values(other?.environments ?? {}).some(({ outputs }) =>
    outputs.IngestUrl?.endsWith(`:${port}`),
  );
  const by = isOther ? `by the local runtime that is already up (process ${other?.pid})` : 'by another program';
  const remedy = isOther
    ? `stop that one, or run this one beside it: npm start -- --port ${port + 100} --memory`
    : `choose another: npm start -- --port ${port + 100}`;
  return `port ${port} is taken ${by}; ${remedy}`;
}

try {
  await main();
} catch (error) {
  console.error(`error: ${await explain(error)}`);
  process.exit(error instanceof UsageError ? 2 : 1);
}
