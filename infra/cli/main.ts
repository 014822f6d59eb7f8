#!/usr/bin/env node
import { runCli } from './run.ts';
import { printNote } from './terminal/terminal.ts';

// `signalbox events | head -1` closes the pipe early; that is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  printNote(`error: standard output cannot be written (${error.code ?? error.message})`);
  process.exit(1);
});

process.exitCode = await runCli(process.argv.slice(2));
