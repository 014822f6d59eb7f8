import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Command, InvalidArgumentError } from 'commander';
import { shippedDirectory } from '../../../shared/operations/configuration/files/configuration-files.ts';
import { failure } from '../../../shared/operations/refusal.ts';
import { currentAuthor } from '../../author.ts';
import { makePageFiles } from '../../console/page-files.ts';
import { type Console, type ConsoleOptions, startConsole } from '../../console/server.ts';
import { sessionKeyIn } from '../../console/session-key.ts';
import { environments } from '../../environments.ts';
import { examples, optionsOf } from '../command.ts';
import { type DirectoryOption, folderNamed, withDirectory } from '../configuration/files.ts';
import { fileBases } from '../configuration/objections.ts';
import { connect, environmentsHere, stateDirectory } from '../environment.ts';
import { quoted } from '../terminal/shell.ts';
import { printJsonLine, processTerminal } from '../terminal/terminal.ts';

type ConsoleFlags = DirectoryOption & { also?: Further[]; port?: number; open?: boolean; readOnly?: boolean };

const usualPort = 3001;

export function register(program: Command): void {
  const command = withDirectory(program.command('console'))
    .description('a web page on this machine for all of it: what came in, what became of it, what to run again')
    .option('--port <n>', `where it is served; ${usualPort} by default, or a free one if that is taken`, port)
    .option('--open', 'opens it in the browser')
    .option(
      '--also <name>',
      'one more environment on AWS, to compare and promote; NAME=PROFILE for another account; repeatable',
      further,
    )
    .option('--read-only', 'changes nothing: what would is neither shown nor done')
    .action((_options, self: Command) => consoleCommand(optionsOf<ConsoleFlags>(self)));
  examples(
    command,
    ['console --open', 'the environment that npm start runs; npm start prints such a URL too'],
    ['console -e production --read-only', 'looks at an environment on AWS, with your own credentials'],
    ['console -e production --also staging', 'both, side by side, with promotions between them'],
    ['console --json', 'for a program: one line, { url }, then it serves'],
  );
  command.addHelpText('after', '\nThe URL opens one browser, once. Ctrl-C ends it; work that it began can be resumed.');
}

type Further = { environment: string; profile?: string };

function further(text: string, before: Further[] = []): Further[] {
  const [environment = '', profile] = text.split('=');
  if (environment === '' || profile === '') throw new InvalidArgumentError('It is NAME, or NAME=PROFILE.');
  return [...before, { environment, ...(profile !== undefined && { profile }) }];
}

function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('It is a number from 0 to 65535.');
  return Number(text);
}

async function consoleCommand(options: ReturnType<typeof optionsOf<ConsoleFlags>>): Promise<void> {
  const terminal = processTerminal();
  // What is wrong with the environment is said here, not first by the page.
  const { name, where } = await connect(options);
  // One that was seen stays, so that the page can say that it is away.
  const { also = [] } = options;
  const seen = new Set([options.environment, ...also.map(({ environment }) => environment)]);
  const names = () => [...environmentsHere().reduce((all, one) => all.add(one), seen)];
  const directory = folderNamed(options.dir);
  const started = await start(options, {
    environments: {
      names,
      connect: (environment) =>
        connect({ ...options, environment, ...also.find((one) => one.environment === environment) }),
    },
    readOnly: options.readOnly === true,
    author: currentAuthor(),
    checkout: { directory, bases: fileBases() },
    pageFiles: makePageFiles(directory),
    order: environments,
    sessionKey: sessionKeyIn(stateDirectory()),
    urlCommand: commandFor(options),
    onProblem: (line) => terminal.note(line),
  });
  if (options.json) printJsonLine(terminal, { url: started.url });
  else terminal.out(`console ${started.url}`);
  terminal.note(`of ${name} (${where})${options.readOnly ? ', read-only' : ''}; Ctrl-C ends it`);
  if (options.open) openBrowser(started.url, (line) => terminal.note(line));
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await started.stop();
}

/** A port that was not asked for by name may be another one. */
async function start({ port }: ConsoleFlags, options: Omit<ConsoleOptions, 'port'>): Promise<Console> {
  try {
    return await startConsole({ ...options, port: port ?? usualPort });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'EADDRINUSE' && port === undefined) return startConsole({ ...options, port: 0 });
    if (code === 'EADDRINUSE') throw failure(`port ${port} is taken by another program`, 'choose another: --port N');
    if (code === 'EACCES')
      throw failure(`port ${port} needs rights that you do not have`, 'take one above 1023: --port N');
    throw error;
  }
}

function commandFor({
  environment,
  profile,
  region,
  readOnly,
  dir,
  also = [],
}: ReturnType<typeof optionsOf<ConsoleFlags>>): string {
  const words = [
    'npx signalbox console --open',
    ...(environment === 'development' ? [] : ['-e', quoted(environment)]),
    ...(profile === undefined ? [] : ['--profile', quoted(profile)]),
    ...(region === undefined ? [] : ['--region', quoted(region)]),
    ...(dir === shippedDirectory ? [] : ['--dir', quoted(dir)]),
    ...also.flatMap(({ environment, profile }) => ['--also', quoted([environment, profile].filter(Boolean).join('='))]),
    ...(readOnly ? ['--read-only'] : []),
  ];
  return words.join(' ');
}

function openBrowser(url: string, note: (line: string) => void): void {
  const [program = '', ...args] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  spawn(program, [...args, url], { stdio: 'ignore', detached: true })
    .on('error', () => note('no browser could be opened; open the URL yourself'))
    .unref();
}
