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
const pagesFolder = 'infra/console/web/pages/';
const editor = 'infra/console/web/mappings/editor.tsx';
const template = 'infra/console/web/index.html';

/**
 * Chromium compiles such a file on another thread while it comes in, and not function by function when the page wants to be
 * drawn. Most of the main file is React, which is used at once; with more files the page would wait for that thread.
 * https://v8.dev/blog/explicit-compile-hints
 */
const compiledWhole = (script) => Buffer.concat([Buffer.from('//# allFunctionsCalledOnLoad\n'), script]);

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
  const first = filesOf(metafile, entry);
  for (const { path, contents } of outputFiles)
    writeWhole(path, basename(path) === first[0] ? compiledWhole(contents) : contents);
  const later = (source) => filesOf(metafile, source).filter((name) => !first.includes(name));
  const pages = Object.values(metafile.outputs).flatMap(({ entryPoint = '' }) =>
    entryPoint.startsWith(pagesFolder) ? [[basename(entryPoint, '.tsx'), later(entryPoint)]] : [],
  );
  writeWhole(
    join(folder, 'parts.json'),
    JSON.stringify({ first, editor: later(editor), pages: Object.fromEntries(pages.sort()) }),
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
  const styles = first.filter((name) => name.endsWith('.css'));
  const [main, ...others] = first.filter((name) => !name.endsWith('.css'));
  const tags = [
    // Nothing is painted before it is here.
    ...styles.map((name) => `<link rel="stylesheet" href="/assets/${name}">`),
    `<script type="module" src="/assets/${main}"></script>`,
    ...others.map((name) => `<link rel="modulepreload" href="/assets/${name}">`),
  ];
  return readFileSync(join(root, template), 'utf8').replace('<!-- parts -->', tags.join('\n    '));
}

/** What a browser loads before it shows something. */
export async function firstLoad() {
  return sizesOf([...(await pageParts()).first, 'index.html']);
}

/** What it loads more when the mapping editor is opened. */
export async function editorLoad() {
  return sizesOf((await pageParts()).editor);
}

/** What it loads more when a page is opened, by the page's file. Pages share parts, which are loaded once. */
export async function pageLoads() {
  const { pages } = await pageParts();
  return Object.fromEntries(Object.entries(pages).map(([page, files]) => [page, sizesOf(files)]));
}

export async function pageParts() {
  await ensurePageBuilt();
  return JSON.parse(readFileSync(join(folder, 'parts.json'), 'utf8'));
}

/** In bytes, as they are sent and as they are. */
function sizesOf(files) {
  return files.map((file) => {
    const content = readFileSync(join(folder, file));
    return { file, bytes: gzipSync(content).length, rawBytes: content.length };
  });
}

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
