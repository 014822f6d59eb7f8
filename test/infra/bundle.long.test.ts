import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bundleFunction, type FunctionBundle } from '../../infra/build/bundle-function.js';
import { PipelineFunction } from '../../infra/constructs/pipeline-function.ts';
import { environmentNamed } from '../../infra/environments.ts';
import { PipelineStack, workflowTriggerExtras } from '../../infra/pipeline-stack.ts';
import { sourceGuides } from '../../shared/operations/sources/source-guides.ts';
import { emptyApp } from './apps.ts';

const root = new URL('../../', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'signalbox-bundles-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A function's bundle as the stack has it made, with the files that it is made of. */
type Made = { folder: string; bytes: number; text: string; inputs: Map<string, number> };

async function made(bundle: FunctionBundle, name: string): Promise<Made> {
  const into = join(folder, name);
  const { outputs } = await bundleFunction(bundle, into);
  const main = Object.entries(outputs).find(([file]) => file.endsWith('index.mjs'))?.[1];
  const inputs = Object.entries(main?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const text = readFileSync(join(into, 'index.mjs'), 'utf8');
  return {
    folder: into,
    bytes: Buffer.byteLength(text),
    text,
    inputs: new Map(inputs.map(([file, { bytesInOutput }]) => [file, bytesInOutput])),
  };
}

const all = new Map<string, Made>();
beforeAll(async () => {
  const stack = new PipelineStack(
    emptyApp(),
    { ...environmentNamed('production'), notify: { slack: true }, dailyStatement: true },
    {},
    { web: { volume: { text: '0.2..5', low: 0.2, high: 5 } } },
  );
  const functions = stack.node.findAll().filter((one) => one instanceof PipelineFunction);
  for (const { bundle } of functions) {
    const name = bundle.entry.split('/')[1] ?? '';
    all.set(name, await made(bundle, name));
  }
  // The bundler takes all processors, and on a busy machine gets few.
});
function bundle(name: string): Made {
  const found = all.get(name);
  if (found === undefined) throw new Error(`the stack has no function ${name}`);
  return found;
}
const packagesIn = ({ inputs }: Made, names: RegExp) => [...inputs.keys()].filter((input) => names.test(input));

test('workflow-trigger is at most 600 KB, and what only some workflows need is not in it', () => {
  const made = bundle('workflow-trigger');
  expect(made.bytes).toBeGreaterThan(100_000);
  expect(made.bytes).toBeLessThanOrEqual(600_000);
  expect(packagesIn(made, /node_modules\/(@knocklabs|jose|ajv)\//)).toEqual([]);
});

test('ingest is at most 480 KB, with every kind of source and no vendor’s SDK, guide or sample in it', async () => {
  const made = bundle('ingest');
  expect(made.bytes).toBeGreaterThan(100_000);
  expect(made.bytes).toBeLessThanOrEqual(480_000);
  expect(packagesIn(made, /node_modules\/(stripe|svix|@workos-inc|@shopify|@segment|jsonata)\//)).toEqual([]);
  for (const { kind, guide } of await sourceGuides()) {
    expect(made.text).toContain(JSON.stringify(kind.id).slice(1, -1));
    // What stands in the guide alone.
    const held = made.text.includes(guide.about.slice(0, 40));
    expect({ kind: kind.id, held }).toEqual({ kind: kind.id, held: false });
  }
});

test('processor is at most 600 KB, and the expression language is not in it', () => {
  const made = bundle('processor');
  expect(made.bytes).toBeLessThanOrEqual(600_000);
  expect(packagesIn(made, /node_modules\/jsonata\//)).toEqual([]);
});

test('api is at most 600 KB, and neither a client of ours nor what only some workflows need is in it', () => {
  const made = bundle('api');
  expect(made.bytes).toBeGreaterThan(100_000);
  expect(made.bytes).toBeLessThanOrEqual(600_000);
  expect(packagesIn(made, /node_modules\/(@knocklabs|jose|ajv|jsonata|commander)\//)).toEqual([]);
});

test('statement is at most 600 KB, with clients of tables, queues and metrics', () => {
  const made = bundle('statement');
  expect(made.bytes).toBeGreaterThan(100_000);
  expect(made.bytes).toBeLessThanOrEqual(600_000);
  expect(packagesIn(made, /node_modules\/(@knocklabs|ajv|jsonata|commander)\//)).toEqual([]);
});

test('volume is at most 450 KB, with clients of tables and metrics, and none of queues', () => {
  const made = bundle('volume');
  expect(made.bytes).toBeGreaterThan(100_000);
  expect(made.bytes).toBeLessThanOrEqual(450_000);
  expect(packagesIn(made, /node_modules\/(@aws-sdk\/client-sqs|@knocklabs|ajv|jsonata|commander)\//)).toEqual([]);
});

// The page and all that it is made of: figures of docs/decisions/0087-the-page-of-a-source-is-a-function-of-its-own.md.
test('the page of a source is at most 530 KB, of which its own code is at most 45 KB, and no guide is in it', async () => {
  const made = bundle('sender-page');
  expect(made.bytes).toBeGreaterThan(100_000);
  expect(made.bytes).toBeLessThanOrEqual(530_000);
  const own = [...made.inputs].filter(([file]) => /^(functions\/sender-page|shared\/operations\/links)\//.test(file));
  const ownBytes = own.reduce((sum, [, bytes]) => sum + bytes, 0);
  expect(ownBytes).toBeGreaterThan(10_000);
  expect(ownBytes).toBeLessThanOrEqual(45_000);
  expect(
    packagesIn(made, /node_modules\/(@aws-sdk\/client-(sqs|secrets-manager)|@knocklabs|jose|ajv|jsonata|commander)\//),
  ).toEqual([]);
  for (const { guide } of await sourceGuides()) expect(made.text).not.toContain(guide.about.slice(0, 40));
});

test('notifier is at most 500 KB, with what reads rows and no client of queues or metrics', () => {
  const made = bundle('notifier');
  expect(made.bytes).toBeGreaterThan(100_000);
  expect(made.bytes).toBeLessThanOrEqual(500_000);
  expect(
    packagesIn(made, /node_modules\/(@aws-sdk\/client-(sqs|cloudwatch)|@knocklabs|ajv|jsonata|commander)\//),
  ).toEqual([]);
});

test('functions are deployed without the schemas of configuration files, which commits have checked', () => {
  const schemas = /shared\/core\/(configuration\/(schema|verification|targets\/.+)|mappings\/schema)\.ts$/;
  for (const [name, made] of all) expect({ name, schemas: packagesIn(made, schemas) }).toEqual({ name, schemas: [] });
});

describe('of the SDK, a bundle', () => {
  const clientsIn = (made: Made) => packagesIn(made, /@aws-sdk\/client-[^/]+\/package\.json$/);
  const sizes = () => [...all].map(([name, made]) => ({ name, made }));

  test('has each client’s version, which requests name, and nothing else of its package.json', () => {
    for (const { made } of sizes()) {
      expect(clientsIn(made).length).toBeGreaterThan(0);
      for (const file of clientsIn(made)) {
        expect(made.text).toContain(JSON.parse(readFileSync(join(root, file), 'utf8')).version);
        expect({ file, isSmall: (made.inputs.get(file) ?? 0) < 100 }).toEqual({ file, isSmall: true });
      }
    }
  });

  test('has no ways of signing in, event streams or caches of endpoints', () => {
    const left = /@aws-sdk\/(credential-provider-(?!env\/)|endpoint-cache)|submodules\/event-streams\//;
    for (const { name, made } of sizes()) expect({ name, left: packagesIn(made, left) }).toEqual({ name, left: [] });
  });

  test('has no client that needs the parts that are left out', () => {
    const clients = new Set(sizes().flatMap(({ made }) => clientsIn(made)));
    expect(clients.size).toBe(6);
    for (const file of clients) {
      const code = join(root, file, '../dist-es');
      const texts = readdirSync(code, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.js') && !name.includes('.browser.'))
        .map((name) => readFileSync(join(code, name), 'utf8'));
      expect(texts.length).toBeGreaterThan(10);
      expect(texts.filter((text) => /eventStreamSerde|getEndpointDiscovery\w*Plugin/i.test(text))).toEqual([]);
    }
  });
});

describe('beside the bundle', () => {
  test.each(Object.entries(workflowTriggerExtras))(
    'Node finds %s by its name, with the names that are taken from it',
    (name, exported) => {
      const file = join(bundle('workflow-trigger').folder, 'import.mjs');
      const program = `const { ${exported} } = await import('${name}'); console.log(typeof new ${exported}({ apiKey: 'k' }));`;
      writeFileSync(file, program);
      expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe('object\n');
    },
  );

  test('the OpenAPI document is made by a file that the API imports, and nothing that makes one is in a bundle', async () => {
    const { document } = await import(join(bundle('api').folder, 'openapi-document.mjs'));
    expect(document).toMatchObject({ openapi: '3.1.0', components: { schemas: { User: { type: 'object' } } } });
    expect(bundle('api').text).toContain('openapi-document.mjs');
    for (const [name, { text }] of all)
      expect({ name, has: text.includes('functions make no JSON schemas') }).toEqual({ name, has: true });
  });

  test('the program that runs expressions runs by itself, with the expression language in it', async () => {
    const program = fork(join(bundle('processor').folder, 'expression-process.mjs'), [], {
      env: {},
      serialization: 'advanced',
    });
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
