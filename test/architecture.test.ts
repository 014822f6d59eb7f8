import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { actions } from '../shared/core/actions/index.ts';
import { sourceKinds } from '../shared/core/sources/index.ts';

const root = join(import.meta.dirname, '..');
const filesUnder = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name));
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');
/** Without comments, which may say whom a rule serves. */
const codeOf = (file: string) => textOf(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

/** Files of this repository that a file imports, types included. */
function importsOf(file: string): { file: string; typeOnly: boolean }[] {
  return [
    ...textOf(file).matchAll(/^(?:import|export)(\s+type)?\s[^'"]*?from '(\.[^']+)'|import\('(\.[^']+)'\)/gm),
  ].map((match) => ({
    file: relative(root, resolve(root, dirname(file), match[2] ?? match[3] ?? '')),
    typeOnly: match[1] !== undefined,
  }));
}

/**
 * The layers of the product, lowest first. A file imports its own layer and those before it. docs/architecture.md, "Layers".
 * `mayName`: layers of which it may name types, and nothing else: core says what it needs of a port.
 */
const layers: { folder: string; below: string[]; mayName?: string[] }[] = [
  { folder: 'shared/core', below: [], mayName: ['shared/ports'] },
  { folder: 'shared/ports', below: ['shared/core'] },
  { folder: 'shared/adapters', below: ['shared/core', 'shared/ports'] },
  { folder: 'shared/lambda', below: ['shared/core', 'shared/ports'] },
  { folder: 'shared/operations', below: ['shared/core', 'shared/ports', 'shared/adapters'] },
  { folder: 'functions', below: ['shared/core', 'shared/ports', 'shared/adapters', 'shared/lambda'] },
  // A skin of the operations, as the CLI is: it answers people and their programs, not events.
  {
    folder: 'functions/api',
    below: ['shared/core', 'shared/ports', 'shared/adapters', 'shared/lambda', 'shared/operations'],
  },
  // Another one: it tells people of alarms, with what an operation finds out.
  {
    folder: 'functions/notifier',
    below: ['shared/core', 'shared/ports', 'shared/adapters', 'shared/lambda', 'shared/operations'],
  },
  // And another: it makes once a day what a person makes with a command.
  {
    folder: 'functions/statement',
    below: ['shared/core', 'shared/ports', 'shared/adapters', 'shared/lambda', 'shared/operations'],
  },
  // One more: it compares once an hour what `doctor` compares when it is asked.
  {
    folder: 'functions/volume',
    below: ['shared/core', 'shared/ports', 'shared/adapters', 'shared/lambda', 'shared/operations'],
  },
  // And one more: it shows a source to the person at its sender.
  {
    folder: 'functions/sender-page',
    below: ['shared/core', 'shared/ports', 'shared/adapters', 'shared/lambda', 'shared/operations'],
  },
  { folder: 'infra/constructs', below: ['shared', 'infra/environments.ts'] },
  // Calculates with what a template says, so that it knows of no construct and no running stack.
  { folder: 'infra/cost', below: ['shared', 'infra/local/template.ts'] },
  // Its program synthesizes; what calculates is as pure as the bill that it uses.
  {
    folder: 'infra/scale',
    below: ['shared', 'infra/cost', 'infra/environments.ts', 'infra/local/template.ts', 'infra/local/synthesize.ts'],
  },
  // A preflight reads the template that a deploy would send.
  {
    folder: 'infra/cli',
    below: [
      'shared',
      'infra/environments.ts',
      'infra/author.ts',
      'infra/is-alive.ts',
      'infra/local/template.ts',
      'infra/local/synthesize.ts',
      'infra/console/server.ts',
      'infra/console/session-key.ts',
      'infra/console/page-files.ts',
    ],
  },
  // A skin beside the CLI, with whose words it explains errors. Commands and the local runtime start it.
  { folder: 'infra/console', below: ['shared', 'infra/cli/errors.ts', 'infra/is-alive.ts'] },
  // Runs in browsers: of the server it knows types, and of the product only what needs no other file at run time.
  { folder: 'infra/console/web', below: ['shared/operations/words/times.ts'], mayName: ['infra/console', 'shared'] },
  {
    folder: 'infra/local',
    below: [
      'shared',
      'infra/environments.ts',
      'infra/app.ts',
      'infra/author.ts',
      'infra/console/server.ts',
      'infra/console/session-key.ts',
      'infra/console/page-files.ts',
    ],
  },
];

/** The folders of core, lowest first: each imports only itself and those before it. */
const coreLayers = [
  'json',
  'ids',
  'events',
  'logs',
  'directory',
  'mappings',
  'configuration',
  'signatures',
  'sources',
  'live',
  'ingest',
  'plan',
  'targets',
  'runs',
  'actions',
  'destinations',
  'executions',
  'rehearsal',
];

/** Groups of files of which each leads to each other one (strongly connected components, by Tarjan). */
function circlesOf(graph: Map<string, string[]>): string[][] {
  const circles: string[][] = [];
  const orderOf = new Map<string, number>();
  const lowOf = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string) => {
    const order = orderOf.size;
    orderOf.set(file, order);
    let low = order;
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!graph.has(next)) continue;
      if (!orderOf.has(next)) visit(next);
      // A file that was left behind leads to no file that is still open.
      if (stack.includes(next)) low = Math.min(low, lowOf.get(next) ?? orderOf.get(next) ?? low);
    }
    lowOf.set(file, low);
    if (low !== order) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const file of graph.keys()) if (!orderOf.has(file)) visit(file);
  return circles;
}

describe('imports point one way', () => {
  test.each(layers)('$folder', ({ folder, below, mayName = [] }) => {
    const inner = layers.filter((layer) => layer.folder.startsWith(`${folder}/`));
    const files = filesUnder(folder).filter((file) => !inner.some((layer) => file.startsWith(`${layer.folder}/`)));
    expect(files.length).toBeGreaterThan(0);
    const isIn = (file: string, names: string[]) => names.some((name) => file === name || file.startsWith(`${name}/`));
    const strays = files.flatMap((file) =>
      importsOf(file)
        .filter((imported) => !(imported.typeOnly && isIn(imported.file, mayName)))
        .filter((imported) => /\.tsx?$/.test(imported.file) && !isIn(imported.file, [folder, ...below]))
        .map((imported) => `${file} imports ${imported.file}`),
    );
    expect(strays).toEqual([]);
  });

  test('every folder of core has its place among the layers', () => {
    const folders = readdirSync(join(root, 'shared/core'), { withFileTypes: true }).filter((one) => one.isDirectory());
    expect(folders.map(({ name }) => name).sort()).toEqual(coreLayers.toSorted());
  });

  test.each(coreLayers)('core/%s', (layer) => {
    // Files beside the folders (errors, text) are below all of them.
    const levelOf = (file: string) =>
      file.split('/').length === 3 ? -1 : coreLayers.indexOf(file.split('/')[2] ?? '');
    const strays = filesUnder(`shared/core/${layer}`).flatMap((file) =>
      importsOf(file)
        .filter((imported) => imported.file.startsWith('shared/core/'))
        .filter((imported) => levelOf(imported.file) > levelOf(file))
        .map((imported) => `${file} imports ${imported.file}`),
    );
    expect(strays).toEqual([]);
  });

  test('no files import each other in a circle, types included', () => {
    const graph = new Map(
      ['shared', 'functions', 'infra']
        .flatMap(filesUnder)
        .map((file) => [file, importsOf(file).map((one) => one.file)]),
    );
    expect(circlesOf(graph)).toEqual([]);
  });

  test('operations print nothing, ask nothing, and read neither flags nor variables', () => {
    const telltale = /process\.(env|argv|std(in|out|err)|exitCode)|console\.|from '(commander|@inquirer|node:readline)/;
    expect(filesUnder('shared/operations').filter((file) => telltale.test(textOf(file)))).toEqual([]);
  });

  test('what runs per event holds nothing of what changes the configuration', () => {
    const perEvent = ['shared/core', 'shared/ports', 'shared/adapters', 'shared/lambda', 'functions']
      .flatMap(filesUnder)
      .filter((file) => !/^functions\/(api|notifier|sender-page|statement|volume)\//.test(file));
    const strays = perEvent.filter((file) =>
      importsOf(file).some((imported) => imported.file.startsWith('shared/operations/')),
    );
    expect(strays).toEqual([]);
  });

  test('a route that leads to an operation which writes files notes that, for a run that watches them', () => {
    const seen = new Map<string, boolean>();
    const writes = (file: string): boolean => {
      const known = seen.get(file);
      if (known !== undefined) return known;
      seen.set(file, false);
      const next = importsOf(file).filter((one) => !one.typeOnly && one.file.startsWith('shared/operations/'));
      const found = textOf(file).includes('writeFileSync') || next.some((one) => writes(one.file));
      seen.set(file, found);
      return found;
    };
    const routes = filesUnder('infra/console/routes').filter((file) => !file.endsWith('/index.ts'));
    const writing = routes.filter(writes);
    expect(writing.length).toBeGreaterThan(3);
    expect(writing.filter((file) => !/\.post\([^;]*?writesFiles,/.test(codeOf(file)))).toEqual([]);
  });

  test('a function imports no other function', () => {
    const functionOf = (file: string) => file.split('/')[1];
    const strays = filesUnder('functions').flatMap((file) =>
      importsOf(file).filter(
        ({ file: imported }) => imported.startsWith('functions/') && functionOf(imported) !== functionOf(file),
      ),
    );
    expect(strays).toEqual([]);
  });
});

describe('core is pure', () => {
  test.each([
    ['AWS', /@aws-sdk|aws-lambda|@middy/],
    ['environment variables', /process\.env/],
    ['a clock', /Date\.now|new Date\(\)|performance\./],
    ['randomness', /Math\.random|randomBytes|randomUUID/],
    ['the network', /node:(https?|net|dns|tls)'|\bfetch\(/],
    ['the file system', /node:fs/],
    ['timers', /setTimeout|setInterval/],
  ])('it knows no %s', (_name, pattern) => {
    expect(filesUnder('shared/core').filter((file) => pattern.test(textOf(file)))).toEqual([]);
  });
});

describe('a listing names what its folder holds', () => {
  const idsIn = (folder: string, not: string[]) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile() && !not.includes(entry.name))
      .map((entry) => entry.name.replace('.ts', ''))
      .sort();

  test('of actions', () => {
    const listed = actions.map(({ id }) => id.replaceAll('_', '-')).sort();
    const files = idsIn('shared/core/actions', ['action.ts', 'guide.ts', 'index.ts', 'invocation-id.ts']);
    expect(files.filter((name) => !name.endsWith('.guide'))).toEqual(listed);
  });

  test('of actions, and no other file tests for an id of theirs', () => {
    const isDefinition = (file: string) =>
      /^shared\/core\/actions\/([a-z-]+|.*\.guide)\.ts$/.test(file) || file === 'shared/core/mappings/known-actions.ts';
    // Mappings that kinds of sources begin with name their actions.
    const isGuide = (file: string) => file.startsWith('shared/core/sources/');
    const families = [...new Set(actions.map(({ id }) => id.split('_')[0]))];
    const ids = actions.map(({ id }) => id).join('|');
    const tested = new RegExp(`(['"\`])(${ids}|(${families.join('|')})_)\\1`);
    const strays = ['shared', 'infra', 'functions'].flatMap(filesUnder).flatMap((file) => {
      if (isDefinition(file) || isGuide(file)) return [];
      // A run that was cancelled says by what: the reason has the action's name.
      const code = codeOf(file).replaceAll(/'workflows_cancel'/g, file.startsWith('shared/core/runs/') ? '' : '$&');
      return code.split('\n').flatMap((line) => (tested.test(line) ? [`${file}: ${line.trim()}`] : []));
    });
    expect(strays).toEqual([]);
  });

  test('of sources', () => {
    const ids = idsIn('shared/core/sources', ['guide.ts', 'source.ts', 'index.ts', 'normalize.ts']);
    expect(ids.filter((id) => !id.endsWith('.guide'))).toEqual(sourceKinds.map(({ id }) => id).sort());
  });
});

describe('guides are for people', () => {
  const isGuide = (file: string) => /(^|[./])guide\.ts$/.test(file);

  test('no function, adapter or part of core imports one, neither a value nor a type', () => {
    const strays = [...filesUnder('shared'), ...filesUnder('functions')]
      .filter((file) => !isGuide(file) && !file.startsWith('shared/operations/'))
      .flatMap((file) =>
        importsOf(file).flatMap((imported) => (isGuide(imported.file) ? [`${file}: ${imported.file}`] : [])),
      );
    expect(strays).toEqual([]);
  });

  test('and a guide imports, besides guides, types alone', () => {
    const guides = ['shared/core/sources', 'shared/core/actions'].flatMap(filesUnder).filter(isGuide);
    const strays = guides.flatMap((file) =>
      importsOf(file)
        .filter((imported) => !imported.typeOnly && !isGuide(imported.file))
        .map((imported) => `${file}: ${imported.file}`),
    );
    expect([guides.length > sourceKinds.length, strays]).toEqual([true, []]);
  });
});

describe('no sender is special', () => {
  test('handlers, adapters and the engine name no vendor', () => {
    const engine = [
      ...filesUnder('functions'),
      ...filesUnder('shared/adapters'),
      ...filesUnder('shared/lambda'),
      ...filesUnder('shared/core/plan'),
    ];
    // The kind `http` is called after a protocol, which handlers may well name.
    const ids = sourceKinds.map(({ id }) => id).filter((id) => id !== 'http');
    const vendors = new RegExp(ids.join('|'), 'i');
    expect(engine.filter((file) => vendors.test(codeOf(file)))).toEqual([]);
  });
});

test('npx signalbox can be run: what its package.json names as a command is a program', () => {
  const { bin } = JSON.parse(textOf('infra/cli/bin/package.json')) as { bin: Record<string, string> };
  expect(Object.keys(bin)).toEqual(['signalbox']);
  for (const name of Object.values(bin)) {
    const file = `infra/cli/bin/${name}`;
    expect(textOf(file).startsWith('#!/usr/bin/env node\n')).toBe(true);
    accessSync(join(root, file), constants.X_OK);
  }
});

describe('product code', () => {
  test('logs through the logger: nothing in functions or shared prints by itself', () => {
    const printing = [...filesUnder('functions'), ...filesUnder('shared')].filter((file) =>
      /console\.(log|error|warn|info)/.test(textOf(file)),
    );
    expect(printing).toEqual([]);
  });

  test('switches no types off', () => {
    const all = ['functions', 'infra', 'shared', 'test']
      .flatMap(filesUnder)
      .filter((file) => file !== 'test/architecture.test.ts');
    expect(
      all.filter((file) => /\bas any[;,)\].]|\bas any$|@ts-(ignore|nocheck|expect-error)/.test(textOf(file))),
    ).toEqual([]);
  });
});

// Without them the SDK waits as long as a service hangs, and Lambda's own end leaves no trace of why.
test('every client of AWS is made with time limits', () => {
  const made = ['shared', 'functions', 'infra/cli']
    .flatMap(filesUnder)
    .flatMap((file) =>
      [...codeOf(file).matchAll(/new (?!Knock)\w+Client\([^)]*\)/g)].map(([text]) => ({ file, text })),
    );
  expect(made.length).toBeGreaterThanOrEqual(7);
  for (const { file, text } of made)
    expect({ file, text, limits: /callLimits|patientCalls|awsTargetDefaults/.test(text) }).toMatchObject({
      limits: true,
    });
});
