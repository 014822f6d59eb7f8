// node infra/build/bundle-function.js FOLDER BUNDLE: writes into FOLDER what is deployed of one function. BUNDLE is JSON.
//
// A program, since CDK cannot wait for a promise, and esbuild takes plugins only where it answers with one.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownPartOf } from './own-source-map.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  logLevel: 'warning',
  write: false,
};

/** How the main file of a function is bundled. */
export const handlerOptions = {
  ...common,
  format: 'esm',
  mainFields: ['module', 'main'],
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  // Some dependencies are CommonJS inside and load Node's modules with `require`.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
};

/** Parts of the SDK that functions never use, with what stands in for each. Each file says why it may. */
const standIns = {
  '@aws-sdk/credential-provider-node': './shared/lambda/environment-credentials.ts',
  '@aws-sdk/endpoint-cache': './shared/lambda/no-endpoint-cache.ts',
  '@smithy/core/event-streams': './shared/lambda/no-event-streams.ts',
};

/** A client of the SDK takes its version from its package.json, and would bring all of that file along. */
const versionsOfClients = {
  name: 'versions of clients',
  setup(build) {
    build.onLoad({ filter: /node_modules[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]package\.json$/ }, ({ path }) => {
      const { version } = JSON.parse(readFileSync(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/**
 * Every schema of zod can describe itself as JSON Schema. No function asks for that, except what is
 * bundled beside one.
 */
const noJsonSchemas = {
  name: 'no JSON schemas',
  setup(build) {
    const files = /node_modules[\\/]zod[\\/]v4[\\/]core[\\/](to-json-schema|json-schema-processors)\.js$/;
    build.onLoad({ filter: files }, ({ path }) => {
      const names = [...readFileSync(path, 'utf8').matchAll(/^export (?:const|function) (\w+)/gm)].map(
        ([, name]) => name,
      );
      const none = 'const none=()=>()=>{throw new Error("functions make no JSON schemas")};';
      return { contents: `${none}export{${names.map((name) => `none as ${name}`).join(',')}};`, loader: 'js' };
    });
  },
};

/**
 * Errors of the SDK that are more to a function than their name, message and status. The claim that
 * won comes with its refusal, a replica's conflict is sent again by the client, and the name of a
 * missing queue is another in the answer.
 */
const errorsWithClasses = new Set([
  'ConditionalCheckFailedException',
  'ReplicatedWriteConflictException',
  'QueueDoesNotExist',
]);

/**
 * A client has a class and a schema for each error of each of its operations, a tenth of it that no
 * function looks at: they tell errors apart by name. An error without a class becomes the one of its
 * service, with its name. And what the schemas call `[_e]` is written out as `"error"`: of a name
 * that is computed esbuild cannot know that leaving it out is harmless.
 */
const fewSchemas = {
  name: 'few schemas',
  setup(build) {
    const files = /node_modules[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/;
    build.onLoad({ filter: files }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const names = new Map(
        [...text.matchAll(/^const (_\w+) = ("[^"]*");$/gm)].map(([, name, value]) => [name, value]),
      );
      const contents = text
        .replace(/\[(_\w+)\]:/g, (computed, name) => (names.has(name) ? `${names.get(name)}:` : computed))
        .replace(/^n0_registry\.registerError\(\w+\$, (\w+)\);$/gm, (line, name) =>
          errorsWithClasses.has(name) ? line : '',
        );
      return { contents, loader: 'js' };
    });
  },
};

/** What leaves out of a function's main file what functions never use. */
export const savings = [versionsOfClients, noJsonSchemas, fewSchemas];

export async function bundleFunction({ entry, loadedWhenUsed, startedWhenUsed }, folder) {
  const { build } = await import('esbuild');
  const modules = Object.entries(loadedWhenUsed);
  const [handler, ...beside] = await Promise.all([
    build({
      ...handlerOptions,
      entryPoints: [entry],
      outfile: join(folder, 'index.mjs'),
      external: modules.map(([name]) => name),
      alias: standIns,
      plugins: savings,
    }),
    ...modules.map(([name, exported]) =>
      build({
        ...common,
        entryPoints: [name],
        // CommonJS, which needs no package.json to say what it is.
        format: 'cjs',
        outfile: join(folder, 'node_modules', name.endsWith('.js') ? name : `${name}/index.js`),
        // Never run: it is from such a line that Node learns which names a CommonJS file exports.
        footer: { js: `0&&(module.exports={${exported.join(',')}});` },
      }),
    ),
    ...startedWhenUsed.map((program) =>
      build({
        ...common,
        entryPoints: [program],
        format: 'esm',
        mainFields: handlerOptions.mainFields,
        banner: handlerOptions.banner,
        outfile: join(folder, `${basename(program, '.ts')}.mjs`),
      }),
    ),
  ]);
  for (const { path, text } of [handler, ...beside].flatMap(({ outputFiles }) => outputFiles)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, path.endsWith('.map') ? JSON.stringify(ownPartOf(JSON.parse(text))) : text);
  }
  return handler.metafile;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, bundle] = process.argv.slice(2);
  try {
    await bundleFunction(JSON.parse(bundle), folder);
  } catch (error) {
    // esbuild has written where a source does not compile.
    if (!Array.isArray(error.errors)) throw error;
    process.exitCode = 1;
  }
}
