import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import { root } from '../../infra/build/build.js';

export const functionNames = ['ingest', 'processor', 'workflow-trigger', 'dead-letter'] as const;
export type FunctionName = (typeof functionNames)[number];

/** One version of the product: the bundles that its stack deploys, and its command line. */
export type Version = {
  /** `old` or `new`, for messages. */
  name: string;
  functions: Record<FunctionName, { file: string; variables: Record<string, unknown>; timeoutMs: number }>;
  /** A module that exports `runCli`. */
  cliFile: string;
};

/** Whether this clone has the commit: a shallow one may not. */
export function hasCommit(commit: string): boolean {
  try {
    execFileSync('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: root, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The files of `commit`, in `folder`, with the packages of this checkout. */
export function checkOut(commit: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const archive = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 2 ** 28 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

const Template = z.object({
  Resources: z.record(z.string(), z.object({ Type: z.string(), Properties: z.looseObject({}).default({}) })),
});
const FunctionProperties = z.object({
  Code: z.object({ S3Key: z.string() }),
  Timeout: z.number(),
  Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
});

/**
 * Synthesizes the stack of the checkout in `tree`, whatever its version: its own build makes its own bundles.
 * @param outdir for the assembly
 */
export async function buildVersion(name: string, tree: string, outdir: string): Promise<Version> {
  const run = promisify(execFile);
  const args = [join(tree, 'infra/build/run.js'), 'infra/synth.ts', outdir, 'development'];
  await run(process.execPath, args, { cwd: tree, env: { ...process.env, CDK_VALIDATION: 'false' } });
  const build = await import(pathToFileURL(join(tree, 'infra/build/build.js')).href);
  return {
    name,
    functions: readFunctions(outdir),
    cliFile: await build.buildChanged('infra/cli/run.ts', new Map()),
  };
}

function readFunctions(outdir: string): Version['functions'] {
  const text = readFileSync(join(outdir, 'signalbox-development.template.json'), 'utf8');
  const resources = Object.entries(Template.parse(JSON.parse(text)).Resources).filter(
    ([, { Type }]) => Type === 'AWS::Lambda::Function',
  );
  const find = (name: FunctionName) => {
    const start = name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
    const found = resources.find(([id]) => id.startsWith(start));
    if (found === undefined) throw new Error(`the stack has no function ${name}`);
    const { Code, Timeout, Environment } = FunctionProperties.parse(found[1].Properties);
    const file = join(outdir, `asset.${Code.S3Key.replace(/\.zip$/, '')}`, 'index.mjs');
    if (!existsSync(file)) throw new Error(`function ${name} has no ${file}`);
    return { file, variables: Environment.Variables, timeoutMs: Timeout * 1000 };
  };
  return Object.fromEntries(functionNames.map((name) => [name, find(name)])) as Version['functions'];
}
