import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { handlerOptions } from '../../infra/build/bundle-function.js';

/**
 * Bundles a baseline with the options of the stack's own functions, but for the stand-ins that leave out parts of the
 * SDK: those are a saving of ours. Answers the file.
 */
export async function bundleBaseline(name: string, folder: string): Promise<string> {
  const outfile = join(folder, 'index.mjs');
  const entry = fileURLToPath(new URL(`./baselines/${name}.ts`, import.meta.url));
  await build({ ...handlerOptions, entryPoints: [entry], outfile, write: true });
  return outfile;
}
