import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The options of a program for developers. A wrong one ends it with one line and exit code 2. */
export function readOptions<const Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    return refuse((error as Error).message);
  }
}

/** A whole number, checked before any work: `Number('x')` would be NaN, which no loop reaches. */
export function wholeNumber(name: string, text: string, least: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  return refuse(`--${name} takes a whole number from ${least}, not "${text}"`);
}

/** Ends the program with one line, for a value that does not exist: a mutant, a benchmark. */
export function refuse(why: string): never {
  console.error(`error: ${why}`);
  process.exit(2);
}
