// node infra/build/run.js ENTRY [arguments]: runs one of the entries of build.js, built anew when a source has changed.
import * as module from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureBuilt, outputFolder } from './build.js';
import { nameSourcesInStacks } from './stack-traces.js';

/** Runs an entry in this process, as if it had been started itself. */
export async function run(entry) {
  const file = await ensureReady(entry).catch((error) => {
    console.error(`error: ${error.message}`);
    process.exit(1);
  });
  nameSourcesInStacks();
  // Node 22.1 and newer; a third of the CPU of a short command is compiling.
  module.enableCompileCache?.(join(outputFolder, 'compiled'));
  process.argv[1] = file;
  await import(pathToFileURL(file).href);
}

const product = 'infra/cli/main.ts';

/** A tool starts parts of the product. */
async function ensureReady(entry) {
  if (entry !== product) await ensureBuilt(product);
  return ensureBuilt(entry);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry] = process.argv.splice(2, 1);
  if (entry === undefined) throw new Error('name an entry: node infra/build/run.js infra/cli/main.ts');
  await run(entry);
}
