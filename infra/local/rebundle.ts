import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import * as z from 'zod';
import { root } from '../build/build.js';
import type { FunctionBundle } from '../build/bundle-function.js';
import type { FunctionResource } from './resources/function.ts';

const Bundles: z.ZodType<FunctionBundle[]> = z.array(
  z.object({
    entry: z.string(),
    loadedWhenUsed: z.record(z.string(), z.array(z.string())),
    startedWhenUsed: z.array(z.string()),
  }),
);

/** What infra/synth.ts wrote into the cloud assembly of each function's bundle. */
export function readBundles(outdir: string): FunctionBundle[] {
  const file = join(outdir, 'bundles.json');
  return existsSync(file) ? Bundles.parse(JSON.parse(readFileSync(file, 'utf8'))) : [];
}

/**
 * Our source files in a function's bundle, by their paths in the checkout; read from its source
 * map.
 */
export function sourcesOf({ file }: Pick<FunctionResource, 'file'>): string[] {
  if (!existsSync(`${file}.map`)) return [];
  const { sources } = z.object({ sources: z.array(z.string()) }).parse(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
  return sources
    .map((source) => relative(root, resolve(dirname(file), source)))
    .filter((path) => !path.includes('node_modules/') && !path.startsWith('..'));
}

/**
 * Bundles a function again as a synthesis does, into `folder`; answers the new main file.
 * @throws Error with esbuild's messages when the sources do not compile
 */
export async function rebundle(bundle: FunctionBundle, folder: string): Promise<string> {
  const program = [join(root, 'infra/build/bundle-function.js'), folder, JSON.stringify(bundle)];
  await new Promise<void>((done, fail) => {
    execFile(process.execPath, program, { encoding: 'utf8' }, (error, _stdout, stderr) => {
      if (error) fail(new Error(stderr.trim() || error.message));
      else done();
    });
  });
  return join(folder, 'index.mjs');
}
