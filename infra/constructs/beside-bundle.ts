import type { BundlingOptions } from 'aws-cdk-lib/aws-lambda-nodejs';

/**
 * Leaves packages out of a function's bundle and makes of each a file beside it, which Node finds by the package's name
 * when an `import()` asks for it. (esbuild's splitting is out of reach: NodejsFunction wants a single file.)
 *
 * @param root of this repository, with a slash at its end
 */
export function besideBundle(
  root: string,
  packages: readonly string[],
): Pick<BundlingOptions, 'externalModules' | 'commandHooks'> {
  if (packages.length === 0) return {};
  // CommonJS, which needs no package.json to say what it is.
  const options = '--bundle --minify --platform=node --target=node24 --format=cjs --log-level=warning';
  return {
    externalModules: [...packages],
    commandHooks: {
      beforeBundling: () => [],
      beforeInstall: () => [],
      afterBundling: (_inputDir, outputDir) =>
        packages.map(
          (name) =>
            `"${root}node_modules/.bin/esbuild" ${name} ${options} --outfile="${outputDir}/node_modules/${name}/index.js"`,
        ),
    },
  };
}
