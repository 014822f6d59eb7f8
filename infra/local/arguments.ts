import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export type Arguments = {
  port: number;
  environments: string[];
  /** Absent: data is not kept. */
  data?: string;
  verbose: boolean;
  /** Whether the web console is served too. */
  console: boolean;
  /** Whether the gateway answers 429 above the stage's limits. */
  throttle: boolean;
  /** Absent: on a terminal. */
  watch?: boolean;
};

export const defaultDataDirectory = fileURLToPath(new URL('../../.signalbox', import.meta.url));

export const help = `Runs Signalbox on this machine: the CloudFormation template and the bundles that would be deployed.

  npm start -- [options]

  --port N            where the first environment takes requests (3000); each further one takes the next port
  --environment A,B   which environments to run (development)
  --data DIR          where tables, queues, secrets and counts are kept between runs (.signalbox)
  --memory            keep nothing
  --no-console        do not serve the web console, whose URL is printed otherwise
  --watch             take changed files while it runs (--no-watch: not). On a terminal it does so unless told otherwise
  --throttle          answer 429 to more requests than the template lets through, as API Gateway does
  --verbose           show every line that the functions print, and what of the template is left out
  --help

  npm start
  npm start -- --environment development,staging --port 4000
  npm start -- --memory

The lowest environment of the run gets the configuration files, committed, at every start. One above it gets them the first
time only; afterwards its content comes by promotion: npx signalbox config promote --to ENVIRONMENT.

With --watch a change in functions/ or shared/ is bundled again and its workers swapped, one in infra/config/ is validated and
committed, and one in infra/constructs/ or infra/*.ts synthesizes again. What is wrong is shown, and what ran before still runs.
What a console saves is committed there, after a look.

Ctrl-C finishes what was accepted, then stops; a second one stops at once. What is still waiting is kept.`;

/** @throws UsageError that says what is wrong */
export function readArguments(args: string[]): Arguments | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    throw new UsageError(`--port takes a number from 0 to 65535, not "${values.port}"`);
  }
  const environments = values.environment.split(',').map((name) => name.trim());
  if (environments.includes('') || new Set(environments).size < environments.length) {
    throw new UsageError(`--environment takes different names with commas between, not "${values.environment}"`);
  }
  if (values.memory && values.data !== undefined) throw new UsageError('--memory keeps nothing, so --data has no use');
  return {
    port,
    environments,
    verbose: values.verbose,
    console: values.console,
    throttle: values.throttle,
    ...(values.watch !== undefined && { watch: values.watch }),
    ...(!values.memory && { data: values.data ?? defaultDataDirectory }),
  };
}

export class UsageError extends Error {
  override name = 'UsageError';
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowNegative: true,
      options: {
        port: { type: 'string', default: '3000' },
        environment: { type: 'string', default: 'development' },
        data: { type: 'string' },
        memory: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        console: { type: 'boolean', default: true },
        throttle: { type: 'boolean', default: false },
        watch: { type: 'boolean' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
