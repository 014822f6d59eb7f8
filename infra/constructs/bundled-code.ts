import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { FunctionBundle } from '../build/bundle-function.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A function's code, bundled when the app is synthesized: once per app, however many stacks have it. */
export function bundledCode(bundle: FunctionBundle): Code {
  const program = [`${root}infra/build/bundle-function.js`];
  return Code.fromAsset(root, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // CDK asks for an image in case `tryBundle` answers false, and tells bundles apart by the command.
      image: DockerImage.fromRegistry('unused'),
      command: [JSON.stringify(bundle)],
      local: {
        tryBundle(folder) {
          const { status, stderr, error } = spawnSync(process.execPath, [...program, folder, JSON.stringify(bundle)], {
            encoding: 'utf8',
          });
          if (status !== 0) throw error ?? new Error(stderr.trim());
          return true;
        },
      },
    },
  });
}
