import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import * as z from 'zod';
import { root } from '../build/build.js';
import type { FunctionResource } from './resources/function.ts';

const Commands = z.array(z.object({ command: z.string(), args: z.array(z.string()) }));
type Commands = z.infer<typeof Commands>;

/** How CDK made the bundle of one function. */
export type Recipe = {
  /** `functions/ingest/handler.ts` */
  entry: string;
  /** The folder that CDK's commands wrote into; it was renamed since. */
  madeIn: string;
  commands: Commands;
};

/** The data that infra/synth.ts wrote into the cloud assembly, per bundle. */
export function readRecipes(outdir: string): Recipe[] {
  const file = join(outdir, 'bundling.json');
  if (!existsSync(file)) return [];
  const recipes: Recipe[] = [];
  for (const { command, args } of Commands.parse(JSON.parse(readFileSync(file, 'utf8')))) {
    const entry = args[args.indexOf('--bundle') + 1];
    const out = args.find((arg) => arg.startsWith('--outfile='));
    if (args.includes('--bundle') && entry !== undefined && out !== undefined) {
      // CDK goes through npx, which takes longer than esbuild.
      const esbuild = { command: join(root, 'node_modules/.bin/esbuild'), args: args.slice(args.indexOf('--bundle')) };
      recipes.push({
        entry: relative(root, entry),
        madeIn: dirname(out.slice('--outfile='.length)),
        commands: [esbuild],
      });
    } else recipes.at(-1)?.commands.push({ command, args });
  }
  return recipes;
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
 * Runs CDK's commands again, into `folder`; answers the new main file.
 * @throws Error with esbuild's messages when the sources do not compile
 */
export async function rebundle({ commands, madeIn }: Recipe, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  for (const { command, args } of commands) {
    await run(
      command,
      args.map((arg) => arg.replaceAll(madeIn, folder)),
    );
  }
  return join(folder, 'index.mjs');
}

function run(command: string, args: string[]): Promise<void> {
  return new Promise((done, fail) => {
    execFile(command, args, { cwd: root, encoding: 'utf8' }, (error, _stdout, stderr) => {
      if (error) fail(new Error(stderr.trim() || error.message));
      else done();
    });
  });
}
