import { basename } from 'node:path';
import type { BundlingOptions } from 'aws-cdk-lib/aws-lambda-nodejs';

/**
 * Modules that a function imports only when needed, as its code spells them, with the names that it
 * imports from each.
 */
export type LoadedWhenUsed = Readonly<Record<string, readonly string[]>>;

/** Files of this repository that a function starts as separate processes. */
export type StartedWhenUsed = readonly string[];

/**
 * Leaves modules out of a function's bundle and puts each into a file beside it, which Node finds
 * by the module's name at its `import()`. (esbuild's splitting is impossible: NodejsFunction wants
 * a single file.) Each program becomes a file beside the bundle with all its imports: `x/name.ts`
 * becomes `name.mjs`.
 *
 * @param root of this repository, with a slash at its end
 */
export function besideBundle(
  root: string,
  modules: LoadedWhenUsed,
  programs: StartedWhenUsed = [],
): Pick<BundlingOptions, 'externalModules' | 'commandHooks'> {
  const entries = Object.entries(modules);
  if (entries.length === 0 && programs.length === 0) return {};
  const esbuild = `"${root}node_modules/.bin/esbuild"`;
  const options = '--bundle --minify --platform=node --target=node24 --log-level=warning';
  return {
    externalModules: entries.map(([name]) => name),
    commandHooks: {
      beforeBundling: () => [],
      beforeInstall: () => [],
      afterBundling: (_inputDir, outputDir) => [
        ...entries.map(([name, exported]) => {
          const file = name.endsWith('.js') ? name : `${name}/index.js`;
          // Never run: it is from such a line that Node learns which names a CommonJS file exports.
          const names = `--footer:js="0&&(module.exports={${exported.join(',')}});"`;
          // CommonJS, which needs no package.json to say what it is.
          return `${esbuild} ${name} ${options} --format=cjs ${names} --outfile="${outputDir}/node_modules/${file}"`;
        }),
        ...programs.map((program) => {
          const file = `${basename(program, '.ts')}.mjs`;
          return `${esbuild} "${root}${program}" ${options} --format=esm --outfile="${outputDir}/${file}"`;
        }),
      ],
    },
  };
}
