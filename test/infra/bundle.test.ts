import { type ChildProcess, execFileSync, execSync, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { besideBundle } from '../../infra/constructs/beside-bundle.ts';
import { processorPrograms, workflowTriggerExtras } from '../../infra/pipeline-stack.ts';
import { sourceGuides } from '../../shared/operations/sources/source-guides.ts';

const root = new URL('../../', import.meta.url).pathname;
/** As the benchmark counts them, whose targets these are. */
const kilobyte = 1024;

/** As PipelineFunction has esbuild do it. */
async function bundle(functionName: string, external: string[] = []) {
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [`functions/${functionName}/handler.ts`],
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
  return {
    bytes: output?.bytes ?? 0,
    inputs: Object.entries(output?.inputs ?? {}).flatMap(([name, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [name] : [],
    ),
    text: outputFiles[0]?.text ?? '',
  };
}

const extras = Object.entries(workflowTriggerExtras);

test('workflow-trigger is at most 600 KB, and what only some workflows need is not in it', async () => {
  const { bytes, inputs } = await bundle(
    'workflow-trigger',
    extras.map(([name]) => name),
  );
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThanOrEqual(600 * kilobyte);
  expect(inputs.filter((input) => /node_modules\/(@knocklabs|jose|ajv)\//.test(input))).toEqual([]);
});

test('ingest is at most 480 KB, with every kind of source and no vendor’s SDK, guide or sample in it', async () => {
  const { bytes, inputs, text } = await bundle('ingest');
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThanOrEqual(480 * kilobyte);
  expect(
    inputs.filter((input) => /node_modules\/(stripe|svix|@workos-inc|@shopify|@segment|jsonata)\//.test(input)),
  ).toEqual([]);
  for (const { kind, guide } of await sourceGuides()) {
    expect(text).toContain(JSON.stringify(kind.id).slice(1, -1));
    // What stands in the guide alone.
    expect({ kind: kind.id, held: text.includes(guide.about.slice(0, 40)) }).toEqual({ kind: kind.id, held: false });
  }
});

test('processor is at most 600 KB, and the expression language is not in it', async () => {
  const { bytes, inputs } = await bundle('processor');
  expect(bytes).toBeLessThanOrEqual(600 * kilobyte);
  expect(inputs.filter((input) => /node_modules\/jsonata\//.test(input))).toEqual([]);
});

test('api is at most 600 KB, and no client of ours is in it', async () => {
  const { bytes, inputs } = await bundle('api');
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThanOrEqual(600 * kilobyte);
  expect(inputs.filter((input) => /node_modules\/(@knocklabs|jose|ajv|jsonata|commander)\//.test(input))).toEqual([]);
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

  test('the program that runs expressions runs by itself, with the expression language in it', async () => {
    for (const command of besideBundle(root, {}, processorPrograms).commandHooks?.afterBundling(root, folder) ?? [])
      execSync(command, { cwd: root, stdio: 'pipe' });
    const program = fork(join(folder, 'expression-process.mjs'), [], { env: {}, serialization: 'advanced' });
    try {
      expect(await heardFrom(program)).toBe('ready');
      program.send({ text: '{"a": body.a + 1}', document: { body: { a: 1 } }, receivedAtMs: 0 });
      expect(await heardFrom(program)).toEqual({ kind: 'made', json: '{"a":2}' });
    } finally {
      program.kill();
    }
  });
});

const heardFrom = (program: ChildProcess) => new Promise((resolve) => program.once('message', resolve));
