import { execFileSync, execSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { besideBundle } from '../../infra/constructs/beside-bundle.ts';

const root = new URL('../../', import.meta.url).pathname;

/** As PipelineFunction has esbuild do it. */
async function bundle(external: string[]) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['functions/workflow-trigger/handler.ts'],
    outfile: 'handler.mjs',
    write: false,
    metafile: true,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    external,
    alias: { '@aws-sdk/credential-provider-node': './shared/lambda/environment-credentials.ts' },
    logLevel: 'silent',
  });
  const [output] = Object.values(metafile.outputs);
  return { bytes: output?.bytes ?? 0, inputs: Object.keys(output?.inputs ?? {}) };
}

test('workflow-trigger is at most 600 KB, and what only Knock needs is not in it', async () => {
  const { bytes, inputs } = await bundle(['@knocklabs/node']);
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThanOrEqual(600 * 1024);
  expect(inputs.filter((input) => /knocklabs|node_modules\/jose/.test(input))).toEqual([]);
});

test('beside the bundle Node finds the client, by its name and whole', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-beside-'));
  try {
    const commands = besideBundle(root, ['@knocklabs/node']).commandHooks?.afterBundling(root, folder) ?? [];
    expect(commands).toHaveLength(1);
    for (const command of commands) execSync(command, { cwd: root, stdio: 'pipe' });
    expect(statSync(join(folder, 'node_modules/@knocklabs/node/index.js')).size).toBeLessThan(100_000);
    const program =
      "const { Knock } = await import('@knocklabs/node'); console.log(typeof new Knock({ apiKey: 'k' }).workflows.trigger);";
    writeFileSync(join(folder, 'index.mjs'), program);
    expect(execFileSync(process.execPath, [join(folder, 'index.mjs')], { encoding: 'utf8' })).toBe('function\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
