import { expect, test } from '@jest/globals';
import { build } from 'esbuild';

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
