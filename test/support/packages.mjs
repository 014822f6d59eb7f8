import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildOrExplain, isFreshBy, root, writeStamps, writeWhole } from '../../infra/build/build.js';

/**
 * Packages of hundreds of modules, each made one file for jest. Jest loads every module anew for every test file, and the
 * AWS SDK alone took a second of processor time each. Parts that packages share are shared here too.
 */
const packages = [
  '@aws-lambda-powertools/logger',
  '@aws-sdk/client-cloudformation',
  '@aws-sdk/client-cloudwatch',
  '@aws-sdk/client-cloudwatch-logs',
  '@aws-sdk/client-dynamodb',
  '@aws-sdk/client-eventbridge',
  '@aws-sdk/client-lambda',
  '@aws-sdk/client-secrets-manager',
  '@aws-sdk/client-sfn',
  '@aws-sdk/client-sqs',
  '@aws-sdk/client-ssm',
  '@aws-sdk/client-sts',
  '@aws-sdk/lib-dynamodb',
  '@aws-sdk/util-dynamodb',
  '@knocklabs/mgmt',
  '@knocklabs/node',
  '@middy/core',
  'zod',
];

const folder = join(root, 'dist/packages');
const nameOf = (entry) => entry.replace(/^@/, '').replaceAll('/', '.');

/** For jest's `moduleNameMapper`. */
export const packagesAsFiles = Object.fromEntries(
  packages.map((entry) => [`^${entry}$`, join(folder, `${nameOf(entry)}.js`)]),
);

/** Builds them when the lock file or this file has changed. */
export async function ensurePackages() {
  const stampFile = join(folder, 'stamp.json');
  if (isFreshBy(stampFile)) return;
  const startedAtMs = Date.now();
  const { outputFiles } = await buildOrExplain({
    entryPoints: Object.fromEntries(packages.map((entry) => [nameOf(entry), entry])),
    outdir: folder,
    splitting: true,
    platform: 'node',
    // Tests name commands by their classes.
    keepNames: true,
    target: 'node20',
    mainFields: ['module', 'main'],
    banner: { js: "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);" },
  });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { path, contents } of outputFiles) writeWhole(path, contents);
  writeStamps(stampFile, ['test/support/packages.mjs'], startedAtMs);
}
