import { execFileSync, execSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { besideBundle } from '../../infra/constructs/beside-bundle.ts';
import { workflowTriggerExtras } from '../../infra/pipeline-stack.ts';

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

const extras = Object.entries(workflowTriggerExtras);

test('workflow-trigger is at most 600 KB, and what only some workflows need is not in it', async () => {
  const { bytes, inputs } = await bundle(extras.map(([name]) => name));
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThanOrEqual(600_000);
  expect(inputs.filter((input) => /node_modules\/(@knocklabs|jose|ajv)\//.test(input))).toEqual([]);
});

describe('beside the bundle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-beside-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(extras)('Node finds %s by its name, with the names that are taken from it', (name, exported) => {
    const commands = besideBundle(root, { [name]: exported }).commandHooks?.afterBundling(root, folder) ?? [];
    expect(commands).toHaveLength(1);
    for (const command of commands) execSync(command, { cwd: root, stdio: 'pipe' });
    const program = `const { ${exported} } = await import('${name}'); console.log(typeof new ${exported}({ apiKey: 'k' }));`;
    writeFileSync(join(folder, 'index.mjs'), program);
    expect(execFileSync(process.execPath, [join(folder, 'index.mjs')], { encoding: 'utf8' })).toBe('object\n');
  });
});
