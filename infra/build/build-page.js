// Plain JavaScript, as build.js is: npm's `prepare` runs it before anything is built.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildOrExplain, isFreshBy, outputFolder, root, writeStamps, writeWhole } from './build.js';

/** Bundles the console's page into `dist/page/`: parts that are loaded when a page of it is opened, each named by its content. */

const folder = join(outputFolder, 'page');
const stampFile = join(folder, 'page.stamp.json');
const entry = 'infra/console/web/main.tsx';
const editor = 'infra/console/web/mappings/editor.tsx';
const template = 'infra/console/web/index.html';

let building;

/** Builds the page when it is missing or older than its sources; answers its folder. */
export async function ensurePageBuilt() {
  if (!isFreshBy(stampFile)) {
    // A process that starts several consoles builds once.
    building ??= buildPage().finally(() => {
      building = undefined;
    });
    await building;
  }
  return folder;
}

async function buildPage() {
  const startedAtMs = Date.now();
  const { outputFiles, metafile } = await buildOrExplain({
    entryPoints: { main: entry },
    outdir: folder,
    splitting: true,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  mkdirSync(folder, { recursive: true });
  for (const { path, contents } of outputFiles) writeWhole(path, contents);
  const first = filesOf(metafile, entry);
  writeWhole(join(folder, 'first.json'), JSON.stringify(first));
  writeWhole(
    join(folder, 'editor.json'),
    JSON.stringify(filesOf(metafile, editor).filter((name) => !first.includes(name))),
  );
  writeWhole(join(folder, 'index.html'), pageOf(first));
  removeOld(new Set(outputFiles.map(({ path }) => basename(path))));
  writeStamps(stampFile, [...Object.keys(metafile.inputs), template, 'infra/build/build-page.js'], startedAtMs);
}

/** What a browser loads for an entry: its part, its style, and what these import at once. */
function filesOf({ outputs }, source) {
  const names = Object.keys(outputs);
  const main = names.find((name) => outputs[name].entryPoint === source);
  const files = new Set();
  const add = (name) => {
    if (files.has(name)) return;
    files.add(name);
    for (const { path, kind } of outputs[name].imports) if (kind === 'import-statement') add(path);
  };
  add(main);
  if (outputs[main].cssBundle) files.add(outputs[main].cssBundle);
  return [...files].map((name) => relative(folder, join(root, name)));
}

function pageOf(first) {
  const tags = first.map((name, i) => {
    if (name.endsWith('.css')) return `<link rel="stylesheet" href="/assets/${name}">`;
    return i === 0
      ? `<script type="module" src="/assets/${name}"></script>`
      : `<link rel="modulepreload" href="/assets/${name}">`;
  });
  return readFileSync(join(root, template), 'utf8').replace('<!-- parts -->', tags.join('\n    '));
}

export async function firstLoad() {
  await ensurePageBuilt();
  return sizesOf([...namesIn('first.json'), 'index.html']);
}

export async function editorLoad() {
  await ensurePageBuilt();
  return sizesOf(namesIn('editor.json'));
}

const namesIn = (list) => JSON.parse(readFileSync(join(folder, list), 'utf8'));
const sizesOf = (files) => files.map((file) => ({ file, bytes: gzipSync(readFileSync(join(folder, file))).length }));

/** Parts of earlier builds, once no open page is likely to load more of them. */
function removeOld(current) {
  const dayMs = 86_400_000;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (/-[A-Z0-9]{8}\.(js|css)$/.test(name) && !current.has(name) && Date.now() - statSync(path).mtimeMs > dayMs)
      rmSync(path, { force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await ensurePageBuilt();
