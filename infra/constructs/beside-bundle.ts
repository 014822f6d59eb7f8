import { basename } from 'node:path';
import type { BundlingOptions } from 'aws-cdk-lib/aws-lambda-nodejs';

/** What a function imports only when it needs it: modules as its code spells them, and the names it takes from each. */
export type LoadedWhenUsed = Readonly<Record<string, readonly string[]>>;

/** What a function starts as a process of its own: files of this repository that run by themselves. */
export type StartedWhenUsed = readonly string[];

/**
 * Leaves modules out of a function's bundle and makes of each a file beside it, which Node finds by the module's name
 * when an `import()` asks for it. (esbuild's splitting is out of reach: NodejsFunction wants a single file.) Of each
 * program it makes a file beside the bundle, with all that the program imports in it: `x/name.ts` becomes `name.mjs`.
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
