// Plain JavaScript on purpose: it runs before anything is built, on any Node that package.json's `engines` allows.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Bundles what people run into `dist/`, with source maps, so that every Node from `engines` on runs it: no Node strips types
 * before 22.18. npm's `prepare` builds `product`; everything is built again when it is started and a source has changed.
 */

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const outputFolder = join(root, 'dist');

/** Each is one build with chunks of its own. A file that is started, or given to a Worker, is an entry. */
const groups = {
  product: {
    entries: [
      'infra/cli/main.ts',
      'infra/local/main.ts',
      'infra/local/function-worker.ts',
      'infra/local/tables-server.ts',
      'infra/synth.ts',
      'shared/adapters/expression-process.ts',
    ],
    // The CLI starts three times as fast from a few chunks as from the 800 files of its packages. These stay packages: they
    // carry native code or WebAssembly, are too large, or are needed only to build.
    options: { external: ['aws-cdk-lib', 'constructs', 'dynalite', 'classic-level', 'esbuild', 'node-sqlite3-wasm'] },
  },
  tools: {
    entries: [
      'infra/cli/configuration/write-schemas.ts',
      'infra/scale/main.ts',
      'test/bench/main.ts',
      'test/bench/warehouse.ts',
      'test/cost/main.ts',
      'test/support/cli-server.ts',
      'test/support/expression-program.ts',
      'test/support/openapi-answers.ts',
      'test/infra/service-spec.ts',
      'test/infra/synthesis.ts',
      'test/docs/write-pages.ts',
      'test/faults/main.ts',
      'test/faults/worker.ts',
      'test/local/fixtures/start-process.ts',
      'test/local/fixtures/take-directory.ts',
      'test/rollback/main.ts',
      'test/runtime/install.ts',
      'test/screenshots/main.ts',
      'test/soak/main.ts',
      'test/soak/runtime-process.ts',
    ],
    options: { packages: 'external' },
  },
};

/** Where the bundle of an entry lies, named by its path in the checkout: `infra/cli/main.ts`. */
export function builtFile(entry) {
  return join(outputFolder, `${nameOf(entry)}.js`);
}

function nameOf(entry) {
  return entry.replace(/\.ts$/, '').replaceAll('/', '.');
}

/** Builds the group that `entry` is in when it is missing or older than its sources; answers where the entry's bundle is. */
export async function ensureBuilt(entry) {
  const group = Object.keys(groups).find((name) => groups[name].entries.includes(entry));
  if (group === undefined) throw new Error(`${entry} is not an entry of infra/build/build.js`);
  if (!isFresh(group)) await buildGroup(group);
  return builtFile(entry);
}

/** Builds all groups that are missing or older than their sources. */
export async function ensureAllBuilt() {
  for (const group of Object.keys(groups)) if (!isFresh(group)) await buildGroup(group);
}

// What decides over every bundle besides its own sources: this file, and the versions of packages.
const alwaysInputs = ['infra/build/build.js', 'package-lock.json', 'package.json'];

/** Whether no source has changed since the last build. Some 300 `stat` calls: about 2 ms. */
function isFresh(group) {
  return isFreshBy(stampFile(group));
}

/** The same for what another file of this folder builds. */
export function isFreshBy(stampFile) {
  try {
    const stamps = JSON.parse(readFileSync(stampFile, 'utf8'));
    return Object.entries(stamps).every(([path, stamp]) => stampOf(path) === stamp);
  } catch {
    return false;
  }
}

const stampFile = (group) => join(outputFolder, `${group}.stamp.json`);

function stampOf(path) {
  const { mtimeMs, size } = statSync(join(root, path));
  return `${mtimeMs} ${size}`;
}

/** @throws Error with esbuild's messages, as `file:line:column`, when a source does not compile */
async function buildGroup(group) {
  // Taken before the build: a file that changes while it runs makes the result old.
  const startedAtMs = Date.now();
  const { entries, options } = groups[group];
  const result = await bundle({
    entryPoints: Object.fromEntries(entries.map((entry) => [nameOf(entry), entry])),
    splitting: true,
    chunkNames: '[name]-[hash]',
    minify: group === 'product',
    ...options,
  });
  mkdirSync(outputFolder, { recursive: true });
  for (const { path, contents } of result.outputFiles) writeWhole(path, contents);
  removeOld(new Set(result.outputFiles.map(({ path }) => path)));
  writeStamps(stampFile(group), Object.keys(result.metafile.inputs), startedAtMs);
}

/** Records of what files a build was made that began at `startedAtMs`. */
export function writeStamps(stampFile, inputs, startedAtMs) {
  const own = inputs.filter((path) => !path.includes('node_modules/') && !path.includes(':'));
  const stamps = [...alwaysInputs, ...own].map((path) => [path, stampIfOlder(path, startedAtMs)]);
  writeWhole(stampFile, JSON.stringify(Object.fromEntries(stamps)));
}

/**
 * Bundles `entry` as it would be if the files in `changed` (by path in the checkout) had these texts, into a file of its own.
 * Answers that file, which the caller removes.
 */
export async function buildChanged(entry, changed) {
  const name = `${nameOf(entry)}.changed-${++changes}-${process.pid}`;
  const { outputFiles, metafile } = await bundle({
    entryPoints: { [name]: entry },
    packages: 'external',
    sourcemap: 'inline',
    plugins: [placesOfSources(changed), sqliteOfOurs, filesByUrl],
  });
  const unused = [...changed.keys()].filter((path) => metafile.inputs[path] === undefined);
  if (unused.length > 0) throw new Error(`${entry} never loads ${unused.join(', ')}, which is to be changed`);
  mkdirSync(outputFolder, { recursive: true });
  const [{ path, contents }] = outputFiles;
  writeWhole(path, contents);
  return path;
}
let changes = 0;

/** esbuild's result, not written yet. */
function bundle(options) {
  return buildOrExplain({
    outdir: outputFolder,
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    sourcemap: true,
    sourcesContent: false,
    banner: { js: banner },
    inject: [join(root, 'infra/build/old-node.js'), join(root, 'infra/build/built-at.js')],
    define: { 'import.meta.url': 'importMetaUrl', 'import.meta.dirname': 'importMetaDirname' },
    plugins: [placesOfSources(new Map()), sqliteOfOurs],
    ...options,
  });
}

/**
 * Bundles modules; nothing is written.
 * @throws Error with esbuild's messages, as `file:line:column`, when a source does not compile
 */
export async function buildOrExplain(options) {
  const { build, formatMessages } = await import('esbuild');
  try {
    return await build({
      absWorkingDir: root,
      write: false,
      metafile: true,
      bundle: true,
      format: 'esm',
      logLevel: 'silent',
      ...options,
    });
  } catch (error) {
    if (!Array.isArray(error.errors)) throw error;
    const messages = await formatMessages(error.errors, { kind: 'error', color: process.stderr.isTTY === true });
    throw new Error(`the sources do not compile:\n${messages.join('').trim()}`);
  }
}

function stampIfOlder(path, timeMs) {
  return statSync(join(root, path)).mtimeMs < timeMs ? stampOf(path) : 'changed while it was built';
}

/** Another process may be reading it, or building the same. */
export function writeWhole(path, contents) {
  const aside = `${path}.${process.pid}.new`;
  writeFileSync(aside, contents);
  renameSync(aside, path);
}

/** Chunks of earlier builds, once no process that was started from them is likely to load more of them. */
function removeOld(current) {
  const dayMs = 86_400_000;
  for (const name of readdirSync(outputFolder)) {
    const path = join(outputFolder, name);
    if (!/-[A-Z0-9]{8}\.js(\.map)?$/.test(name) || current.has(path)) continue;
    if (Date.now() - statSync(path).mtimeMs > dayMs) rmSync(path, { force: true });
  }
}

// CommonJS packages ask for Node's modules by `require`; packages that ask where they are get the chunk's place.
const banner = [
  "import{createRequire as makeRequire}from'node:module';",
  'const require=makeRequire(import.meta.url),builtAt=import.meta.url;',
].join('');

/** `import.meta.url` and `.dirname` of our sources stay what they are in the source, wherever the checkout is moved to. */
const placesOfSources = (changed) => ({
  name: 'places of sources',
  setup(build) {
    build.onLoad({ filter: /\.[jt]s$/ }, ({ path }) => {
      if (path.includes(`${sep}node_modules${sep}`)) return undefined;
      const place = relative(root, path).replaceAll(sep, '/');
      const contents = changed.get(place) ?? readFileSync(path, 'utf8');
      if (!changed.has(place) && !contents.includes('import.meta.')) return undefined;
      // On the first line, so that every line keeps its number.
      const places = [
        `const importMetaUrl = new URL(${JSON.stringify(`../${place}`)}, builtAt).href;`,
        `const importMetaDirname = require('node:url').fileURLToPath(new URL(${JSON.stringify(`../${dirname(place)}`)}, builtAt));`,
      ];
      return { contents: `${places.join(' ')} ${contents}`, loader: path.endsWith('.ts') ? 'ts' : 'js' };
    });
  },
});

/** Mutants name modules by URL. */
const filesByUrl = {
  name: 'files by URL',
  setup(build) {
    build.onResolve({ filter: /^file:\/\// }, ({ path }) => ({ path: fileURLToPath(path) }));
  },
};

/** fauxqs asks for node:sqlite, which Node has from 22.13 on. So it is bundled even where packages are left out. */
const sqliteOfOurs = {
  name: 'sqlite of ours',
  setup(build) {
    build.onResolve({ filter: /^fauxqs$/ }, () => ({ path: join(root, 'node_modules/fauxqs/dist/app.js') }));
    build.onResolve({ filter: /^node:sqlite$/ }, () => ({ path: join(root, 'infra/local/sqlite.ts') }));
  },
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildGroup('product');
